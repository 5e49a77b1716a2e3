import { systemClock } from '../base/clock.ts';
import { RelayError } from '../base/errors.ts';
import { createLogger } from '../base/log.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { createFileCheckpointStore } from '../checkpoint/file.ts';
import { exportCheckpoint } from './checkpoint-export.ts';
import type { Arguments, Command } from './command.ts';
import { print } from './print.ts';
import { readConfig } from './read-config.ts';
import { createStore } from './store.ts';

export const checkpointCommand: Command = {
  name: 'checkpoint',
  help: `Shows the stored checkpoint, carries it to another place, or moves it. To show or export it changes nothing; the relay may be running.
For import and set it must be stopped: otherwise they are refused.

Usage: binlog-relay checkpoint show [--config FILE | --path FOLDER]
       binlog-relay checkpoint export FILE [--config FILE | --path FOLDER]
       binlog-relay checkpoint import FILE [--force] [--config FILE]
       binlog-relay checkpoint set (--gtid-set SET | --file NAME --position N) [--force] [--config FILE]

  --config FILE     the configuration that names the place (default: config/relay.yaml)
  --path FOLDER     the folder itself, without a configuration
  --gtid-set SET    the relay goes on after these transactions
  --file NAME       it goes on in this binlog, at the boundary of a transaction
  --position N      bytes from the start of that binlog
  --force           also what the server cannot serve by now: the relay refuses to start there until it can;
                    and for a server that was seen rolled back, if you know that its transactions are the same

import and set log what was stored before. What a move leaves out is never published; what it goes back over is published again, in a new epoch.

Examples:
  binlog-relay checkpoint show --path /var/lib/binlog-relay
  binlog-relay checkpoint show | jq -r .gtidSet
  binlog-relay checkpoint export before.json
  binlog-relay checkpoint import before.json --config in-a-table.yaml
  binlog-relay checkpoint set --file binlog.000042 --position 4
`,
  options: {
    config: { type: 'string' },
    path: { type: 'string' },
    'gtid-set': { type: 'string' },
    file: { type: 'string' },
    position: { type: 'string' },
    force: { type: 'boolean' },
  },
  words: 2,
  run: async (args) => {
    const [word, file] = args.words;
    requireFitting(args, word, file);
    switch (word) {
      case 'show':
        print(`${JSON.stringify(await load(args), null, 2)}\n`);
        return 0;
      case 'export':
        await exportCheckpoint(await load(args), file ?? '');
        return 0;
      case 'import': {
        const { importCheckpoint } = await import('./checkpoint-change.ts');
        await importCheckpoint(readConfig(args), file ?? '', args.flag('force'));
        return 0;
      }
      default: {
        const { placeOf, setCheckpoint } = await import('./checkpoint-change.ts');
        await setCheckpoint(readConfig(args), placeOf(args), args.flag('force'));
        return 0;
      }
    }
  },
};

/** Which options a word takes, and whether it takes a file. */
const WORDS: ReadonlyMap<string, { readonly options: readonly string[]; readonly hasFile: boolean }> = new Map([
  ['show', { options: ['path'], hasFile: false }],
  ['export', { options: ['path'], hasFile: true }],
  ['import', { options: ['force'], hasFile: true }],
  ['set', { options: ['gtid-set', 'file', 'position', 'force'], hasFile: false }],
]);

function requireFitting(args: Arguments, word: string | undefined, file: string | undefined): asserts word is string {
  if (word === undefined) throw usage('it needs a word: show');
  const known = WORDS.get(word);
  if (known === undefined) throw usage(`there is no checkpoint ${word}`);
  if (known.hasFile && file === undefined) throw usage(`${word} needs a file`, `binlog-relay checkpoint ${word} FILE`);
  if (!known.hasFile && file !== undefined) throw usage(`${word} takes no ${file}`, 'binlog-relay checkpoint --help');
  const given = ['path', 'gtid-set', 'file', 'position'].filter((name) => args.text(name) !== undefined);
  if (args.flag('force')) given.push('force');
  const strange = given.find((name) => !known.options.includes(name));
  if (strange !== undefined) throw usage(`${word} takes no --${strange}`, 'binlog-relay checkpoint --help');
}

function usage(message: string, remedy = 'binlog-relay checkpoint show'): RelayError {
  return new RelayError('USAGE', message, { remedy });
}

async function load(args: Arguments): Promise<Checkpoint> {
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
  return checkpoint;
}
