import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { CheckpointStore } from '../checkpoint/checkpoint.ts';
import { createFileCheckpointStore } from '../checkpoint/file.ts';
import { createMysqlCheckpointStore } from '../checkpoint/mysql.ts';
import { createMysqlxCheckpointStore } from '../checkpoint/mysqlx.ts';
import type { Config } from '../config/config.ts';

/**
 * The configured store of checkpoints. Beside wire.ts, so that whoever only shows a checkpoint does not load the source
 * and the sinks.
 */
export function createStore(
  { checkpoint }: Config,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): CheckpointStore {
  switch (checkpoint.type) {
    case 'file':
      return createFileCheckpointStore({ folder: checkpoint.path }, { clock, logger });
    case 'mysql':
      return createMysqlCheckpointStore(checkpoint, { clock, logger });
    case 'mysqlx':
      return createMysqlxCheckpointStore(checkpoint, { clock, logger });
  }
}
