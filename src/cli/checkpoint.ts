import { systemClock } from '../base/clock.ts';
import { RelayError } from '../base/errors.ts';
import { createLogger } from '../base/log.ts';
import { createFileCheckpointStore } from '../checkpoint/file.ts';
import type { Command } from './command.ts';
import { print } from './print.ts';
import { readConfig } from './read-config.ts';
import { createStore } from './store.ts';

export const checkpointCommand: Command = {
  name: 'checkpoint',
  help: `Shows the stored checkpoint. Changes nothing; the relay may be running.

Usage: binlog-relay checkpoint show [--config FILE] [--path FOLDER]

  --config FILE    the configuration that names the place (default: config/relay.yaml)
  --path FOLDER    the folder itself, without a configuration

Examples:
  binlog-relay checkpoint show --path /var/lib/binlog-relay
  binlog-relay checkpoint show | jq -r .gtidSet
`,
  options: { config: { type: 'string' }, path: { type: 'string' } },
  words: 1,
  run: async (args) => {
    if (args.words[0] !== 'show') {
      throw new RelayError(
        'USAGE',
        args.words[0] === undefined ? 'it needs a word: show' : `there is no checkpoint ${args.words[0]}`,
        {
          remedy: 'binlog-relay checkpoint show',
        },
      );
    }
    const surroundings = { clock: systemClock, logger: createLogger({ level: 'warn', format: 'auto' }) };
    const folder = args.text('path');
    const store =
      folder === undefined
        ? createStore(readConfig(args), surroundings)
        : createFileCheckpointStore({ folder }, surroundings);
    const checkpoint = await store.load();
    if (checkpoint === undefined) {
      throw new RelayError('CHECKPOINT_MISSING', `there is no checkpoint in ${store.location}`);
    }
    print(`${JSON.stringify(checkpoint, null, 2)}\n`);
    return 0;
  },
};
