import { Writable } from 'node:stream';
import { createStdoutSink } from '../../../src/sink/stdout.ts';
import { describeSinkContract } from './sink-contract.ts';

describeSinkContract('stdout', () => {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      setImmediate(done);
    },
  });
  return Promise.resolve({
    sink: createStdoutSink(stream),
    received: () => Promise.resolve(Buffer.concat(chunks).toString().trimEnd().split('\n')),
    dispose: () => Promise.resolve(),
  });
});
