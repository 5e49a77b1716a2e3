import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { systemClock } from '../../../src/base/clock.ts';
import { createFileCheckpointStore } from '../../../src/checkpoint/file.ts';
import { describeCheckpointStore } from './store-contract.ts';

describeCheckpointStore('file', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  return {
    open: () =>
      createFileCheckpointStore(
        { folder: join(parent, 'own') },
        { logger: pino({ level: 'silent' }), clock: systemClock },
      ),
    remove: () => rm(parent, { recursive: true }),
  };
});
