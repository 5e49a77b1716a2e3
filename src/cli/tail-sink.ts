import type { Writable } from 'node:stream';
import { RelayError } from '../base/errors.ts';
import type { OutboundMessage, Sink } from '../sink/sink.ts';

type Row = Readonly<Record<string, string | null>>;

/** What this sink reads of a message; see docs/message-format.md. */
interface Body {
  readonly database: string;
  readonly table: string;
  readonly type: string;
  readonly pkNames: readonly string[] | null;
  readonly data: readonly Row[];
  readonly old: readonly Row[] | null;
}

/** Shows messages in a terminal: one line a change, or with `asJson` one message a line. */
export function createTailSink(out: Writable, asJson: boolean): Sink {
  const write = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      out.write(text, (error) => {
        if (error === undefined || error === null) resolve();
        else
          reject(
            new RelayError('SINK_CLOSED', 'the terminal, or what the output goes to, was closed', { cause: error }),
          );
      });
    });
  // A closed pipe is told to the write as well; without a listener here it would end the process.
  out.on('error', () => undefined);
  return {
    open: () =>
      Promise.resolve({
        destination: 'the terminal',
        queues: 1,
        laneNames: (count) => Array.from({ length: count }, (_, i) => `lane-${i}`),
      }),
    send: ({ body }: OutboundMessage) =>
      write(asJson ? `${body.toString()}\n` : describe(JSON.parse(body.toString()) as Body)),
    close: () => Promise.resolve(),
  };
}

function describe({ database, table, type, pkNames, data, old }: Body): string {
  return data
    .map((row, i) => {
      const key = (pkNames ?? []).map((name) => `${name}=${show(row[name])}`).join(' ');
      const before = old?.[i];
      const columns = Object.entries(row).filter(([name]) =>
        before === undefined ? !pkNames?.includes(name) : name in before,
      );
      const values = columns.map(([name, value]) =>
        before === undefined ? `${name}=${show(value)}` : `${name}: ${show(before[name])} -> ${show(value)}`,
      );
      return `${type.padEnd(6)} ${database}.${table} ${key}  ${values.join(', ')}\n`;
    })
    .join('');
}

const MAX_SHOWN = 60;

function show(value: string | null | undefined): string {
  if (value === null || value === undefined) return 'NULL';
  return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);
}
