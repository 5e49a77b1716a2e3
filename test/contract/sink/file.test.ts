import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { systemClock } from '../../../src/base/clock.ts';
import { createFileSink } from '../../../src/sink/file.ts';
import { describeSinkContract } from './sink-contract.ts';

describeSinkContract('file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'file-sink-'));
  const path = join(folder, 'changes.jsonl');
  return {
    sink: createFileSink({ path }, { clock: systemClock, logger: pino({ level: 'silent' }) }),
    received: async () => (await readFile(path, 'utf8')).trimEnd().split('\n'),
    dispose: () => rm(folder, { recursive: true }),
  };
});
