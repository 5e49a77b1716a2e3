/** The checkpoint changed by hand, while its relay is stopped. */
import { systemClock } from '../base/clock.ts';
import { asRelayError, RelayError } from '../base/errors.ts';
import { createLogger } from '../base/log.ts';
import { systemRandom } from '../base/randomness.ts';
import type { Checkpoint, Taken } from '../checkpoint/checkpoint.ts';
import type { Config, StartSetting } from '../config/config.ts';
import { startPoint } from '../config/start-setting.ts';
import { lockedPlace } from '../relay/run/identity.ts';
import type { MysqlSource } from '../source/mysql-source.ts';
import { readExported } from './checkpoint-export.ts';
import type { Arguments } from './command.ts';
import { print } from './print.ts';
import { createStore } from './store.ts';
import { createSource } from './wire.ts';

/** The place in the binlog that `set` names. Throws USAGE. */
export function placeOf(args: Arguments): StartSetting {
  const [gtidSet, file, position] = [args.text('gtid-set'), args.text('file'), args.text('position')];
  const place = {
    ...(gtidSet !== undefined && { gtidSet }),
    ...(file !== undefined && { file }),
    ...(position !== undefined && { position }),
  };
  const parsed = startPoint.safeParse(place);
  if (parsed.success) return parsed.data;
  const said = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(' '));
  throw new RelayError('USAGE', `the place to set ${said.join('; ')}`, {
    remedy: 'binlog-relay checkpoint set --gtid-set SET, or --file NAME --position N',
  });
}

/** Goes on with the line of checkpoints that the file is of. */
export async function importCheckpoint(config: Config, file: string, isForced: boolean): Promise<void> {
  const read = await readExported(file);
  await change(config, isForced, read, async (source, { stored, epoch }, location) => {
    if (stored !== undefined && stored.stream !== read.stream) {
      throw new RelayError(
        'CHECKPOINT_FOREIGN',
        `${location} holds a checkpoint of stream ${stored.stream}, ${file} is of stream ${read.stream}`,
        {
          remedy:
            'Nothing was changed. Import it into a place that is empty: another checkpoint.path or checkpoint.name.',
        },
      );
    }
    const after = { ...withoutMark(read), epoch: Math.max(epoch, read.epoch + 1) };
    if (isForced) return after;
    const rolledBack = stored?.rolledBack ?? read.rolledBack;
    const marked = { ...after, ...(rolledBack !== undefined && { rolledBack }) };
    await served(() => source.checkStart(marked));
    return marked;
  });
}

/** The same checkpoint at another place of the binlog. */
export async function setCheckpoint(config: Config, place: StartSetting, isForced: boolean): Promise<void> {
  const at = { ...config, source: { ...config.source, start: place } };
  await change(at, isForced, undefined, async (source, { stored, epoch }, location) => {
    if (stored === undefined) throw missing(location);
    const looked = source.prepare(undefined).then(({ start, serverUuid }) => ({ ...start, serverUuid }));
    if (isForced) {
      const found = await looked.catch(() => unlooked(place, source.serverUuid ?? stored.serverUuid));
      return { ...withoutMark(stored), ...found, epoch };
    }
    const moved: Checkpoint = { ...stored, ...(await served(() => looked)), epoch };
    await served(() => source.checkStart(moved));
    return moved;
  });
}

type Change = (source: MysqlSource, taken: Taken, location: string) => Promise<Checkpoint>;

/** `incoming`: the checkpoint that is to be stored, where it is known before. */
async function change(
  config: Config,
  isForced: boolean,
  incoming: Checkpoint | undefined,
  make: Change,
): Promise<void> {
  const logger = createLogger({ level: 'warn', format: 'auto' });
  const store = createStore(config, { clock: systemClock, logger });
  const source = createSource(config, { clock: systemClock, random: systemRandom, logger });
  try {
    const named = (await store.load()) ?? incoming;
    if (named === undefined) throw missing(store.location);
    // A relay that is running holds it: whatever the place, it would only be fenced out.
    await source.lock(lockedPlace(named, store.location)).catch((thrown: unknown) => {
      const error = asRelayError(thrown);
      if (!isForced || error.code === 'SOURCE_LOCKED') throw error;
      logger.warn({ reason: error.message }, 'whether the relay is stopped cannot be seen: the source does not answer');
    });
    const taken = await store.take();
    const made = await make(source, taken, store.location);
    const after = { ...made, storedAt: new Date(systemClock.now()).toISOString() };
    logger.warn(
      { checkpoint: store.location, before: placeIn(taken.stored), after: placeIn(after) },
      'the checkpoint is changed by hand',
    );
    await store.save(after);
    print(`stored in ${store.location}\n`);
  } finally {
    await store.close();
    await source.close();
  }
}

/** For the log: all that is changed, and no key of a row, which copies may hold. */
function placeIn(checkpoint: Checkpoint | undefined): object | null {
  if (checkpoint === undefined) return null;
  const { stream, epoch, serverUuid, file, offset, gtidSet, destination, storedAt, rolledBack } = checkpoint;
  return { stream, epoch, serverUuid, file, offset, gtidSet, destination, storedAt, rolledBack };
}

/** As the operator says it, of a server that nobody asks: with GTIDs file and offset are of none. */
function unlooked(place: StartSetting, serverUuid: string): Partial<Checkpoint> {
  if (typeof place === 'string') return {};
  if ('gtidSet' in place) return { gtidSet: place.gtidSet, serverUuid: NO_SERVER };
  return { file: place.file, offset: place.position, gtidSet: undefined, serverUuid };
}

/** By force also the server is gone on from that was seen rolled back. */
function withoutMark(checkpoint: Checkpoint): Checkpoint {
  return Object.fromEntries(
    Object.entries(checkpoint).filter(([key]) => key !== 'rolledBack'),
  ) as unknown as Checkpoint;
}

const NO_SERVER = '00000000-0000-0000-0000-000000000000';

async function served<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (thrown) {
    const error = asRelayError(thrown);
    throw new RelayError(error.code, `nothing was changed: ${error.message}`, {
      remedy: `${error.remedy} With --force it is stored all the same.`,
      details: error.details,
      section: error.section,
      cause: error,
    });
  }
}

function missing(location: string): RelayError {
  return new RelayError('CHECKPOINT_MISSING', `there is no checkpoint in ${location}`, {
    remedy: 'Before the first run source.start says where it begins.',
  });
}
