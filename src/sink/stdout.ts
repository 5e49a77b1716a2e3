import type { Writable } from 'node:stream';
import { RelayError } from '../base/errors.ts';
import { plainLaneNames } from './plain-lanes.ts';
import type { OutboundMessage, Sink, SinkInfo } from './sink.ts';

/**
 * Writes one line for each message to `stream`, which stays open: it is the process's. A message is acknowledged when
 * the stream says that it was written, which for a pipe means that the kernel has it, not that its reader does.
 */
export function createStdoutSink(stream: Writable): Sink {
  return new StreamSink(stream);
}

const NEWLINE = Buffer.from('\n');

class StreamSink implements Sink {
  readonly #stream: Writable;
  readonly #pending = new Set<(error: RelayError) => void>();
  #ended: RelayError | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  open(): Promise<SinkInfo> {
    // Stays after close: a late EPIPE without a listener would end the process.
    this.#stream.on('error', (error) => {
      this.#end(broken(error));
    });
    return Promise.resolve({ destination: 'stdout', queues: 1, laneNames: plainLaneNames });
  }

  send(message: OutboundMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      this.#pending.add(reject);
      this.#stream.write(Buffer.concat([message.body, NEWLINE]), (error) => {
        this.#pending.delete(reject);
        if (error) reject(broken(error));
        else resolve();
      });
    });
  }

  close(): Promise<void> {
    this.#end(new RelayError('SINK_CLOSED', 'stdout is not open for messages any more.'));
    return Promise.resolve();
  }

  #end(error: RelayError): void {
    this.#ended ??= error;
    for (const reject of this.#pending) reject(error);
    this.#pending.clear();
  }
}

function broken(error: Error): RelayError {
  return new RelayError('SINK_CLOSED', `stdout takes no more: ${error.message}`, { cause: error });
}
