import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createStdoutSink } from '../../../src/sink/stdout.ts';
import { settled } from '../../support/sink/manual-clock.ts';
import { message } from '../../support/sink/messages.ts';

type Done = (error?: Error | null) => void;
const stream = (write: (chunk: Buffer, done: Done) => void): Writable =>
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      write(chunk, done);
    },
  });

test('acknowledges when the stream has written, not before', async () => {
  let done: Done = () => undefined;
  const lines: string[] = [];
  const sink = createStdoutSink(
    stream((chunk, written) => {
      lines.push(chunk.toString());
      done = written;
    }),
  );
  await sink.open();
  let acknowledged = false;
  const sent = sink.send(message('lane-0', 1)).then(() => (acknowledged = true));
  await settled();
  expect([acknowledged, lines]).toEqual([false, ['{"lane":"lane-0","number":1}\n']]);
  done();
  await sent;
  expect(acknowledged).toBe(true);
});

test('says SINK_CLOSED when the reader has gone, now and from then on', async () => {
  const sink = createStdoutSink(
    stream((_, done) => {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    }),
  );
  await sink.open();
  const gone = { code: 'SINK_CLOSED', retryable: false };
  await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject(gone);
  await settled();
  await expect(sink.send(message('lane-0', 2))).rejects.toMatchObject(gone);
});

test('an error of the stream rejects everything that is out', async () => {
  const output = stream(() => undefined);
  const sink = createStdoutSink(output);
  await sink.open();
  const sends = [1, 2].map((number) =>
    expect(sink.send(message('lane-0', number))).rejects.toMatchObject({ code: 'SINK_CLOSED' }),
  );
  output.destroy(new Error('gone'));
  await Promise.all(sends);
});

test('close rejects what a stalled reader has not taken, and leaves the stream open', async () => {
  const output = stream(() => undefined);
  const sink = createStdoutSink(output);
  await sink.open();
  const sent = expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_CLOSED' });
  await sink.close();
  await sent;
  expect(output.writableEnded).toBe(false);
});
