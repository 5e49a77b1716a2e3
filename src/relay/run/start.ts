import { RelayError } from '../../base/errors.ts';
import type { Checkpoint, Taken } from '../../checkpoint/checkpoint.ts';
import type { Sink, SinkInfo } from '../../sink/sink.ts';
import type { Prepared } from '../../source/source.ts';
import type { Attempts } from './attempts.ts';
import { endpointsOf, FIRST_FORMAT, lockedPlace, requireSameIdentity } from './identity.ts';
import type { Proven } from './proven.ts';
import type { RelayOptions } from './relay-options.ts';
import { isAborted } from '../../base/retry.ts';
import { CopyList } from '../copies/copy-list.ts';
import { StandingBy } from './standing-by.ts';
import type { StatusBoard } from './status.ts';

/** What a run begins with. */
export interface Start {
  readonly sink: SinkInfo;
  /** The lane of statements, when they have a sink of their own. */
  readonly ddlLane: string | undefined;
  readonly prepared: Prepared;
  /** The one that the run has stored before its first send. */
  readonly checkpoint: Checkpoint;
  /** The term of the lock in which that was done. */
  readonly lockTerm: number | undefined;
}

/**
 * Everything up to the first event: sink, checkpoint, source, and the raised epoch stored. Undefined when `ended` came
 * first.
 */
export async function start(
  options: RelayOptions,
  status: StatusBoard,
  attempts: Attempts,
  proven: Proven,
  ended: AbortSignal,
): Promise<Start | undefined> {
  const {
    sink,
    source,
    store,
    lanes,
    ordering,
    acceptNewLanes,
    acceptNewEndpoint,
    acceptNewFormat,
    clock,
    logger,
    random,
  } = options;
  // Only looked at: whether an earlier run has published there decides what is waited for.
  const earlier = await attempts.untilItWorks('checkpoint', () => store.load().then((stored) => ({ stored })));
  if (earlier === undefined) return undefined;
  // A full disk must not keep a run that was restarted from waiting until it is mended.
  if (earlier.stored !== undefined) proven.add('checkpoint');
  if (sink.destination !== undefined && earlier.stored?.destination === sink.destination) proven.add('sink');
  const opened = await attempts.untilItWorks('sink', () => sink.open());
  if (opened === undefined) return undefined;
  const ddlLane = await openDdlSink(options, attempts);
  if (isAborted(ended)) return undefined;
  status.sinkOpened(opened.destination);

  // Before the lock is held another relay may still be moving the checkpoint.
  const hasWaited = await lock(options, opened, status, attempts);
  if (hasWaited === undefined) return undefined;
  const { lockTerm } = source;
  // The broker may have moved meanwhile, and the topic have other queues.
  const info = hasWaited ? await attempts.untilItWorks('sink', () => renewed(sink, opened)) : opened;
  if (info === undefined) return undefined;
  const { destination, queues } = info;
  const identity = {
    destination,
    ...endpointsOf(info),
    queues,
    lanes: info.laneNames(lanes),
    ordering,
    // Versions that know no other would not read a checkpoint that names it.
    ...(options.format.name !== FIRST_FORMAT && { messageFormat: options.format.name }),
  };
  const taken = await attempts.untilItWorks('checkpoint', () => store.take());
  if (taken === undefined) return undefined;
  const { stored, epoch } = taken;
  if (hasWaited && stored === undefined) throw notShared(store.location);
  if (stored !== undefined) {
    const accepted = { newLanes: acceptNewLanes, newEndpoint: acceptNewEndpoint, newFormat: acceptNewFormat };
    requireSameIdentity(stored, identity, accepted, store.location);
    proven.add('sink');
  }
  const prepared = await attempts
    .untilItWorks('source', () => source.prepare(stored))
    .catch(async (thrown: unknown) => {
      await refuseServer(options, taken);
      throw thrown;
    });
  if (prepared === undefined) return undefined;
  for (const warning of prepared.warnings) logger.warn({ warning }, 'look at this before you trust the copy');

  const storedAt = new Date(clock.now()).toISOString();
  const { rolledBack } = source;
  const checkpoint: Checkpoint = {
    ...identity,
    ...prepared.start,
    serverUuid: prepared.serverUuid,
    stream: stored?.stream ?? newStream(random),
    epoch,
    storedAt,
    ...(stored?.notices !== undefined && { notices: stored.notices }),
    ...(stored?.rolledBack !== undefined && { rolledBack: stored.rolledBack }),
    ...(rolledBack !== undefined && { rolledBack: { serverUuid: rolledBack, at: storedAt } }),
    ...copiesOf(options, stored),
  };
  const isSaved = await attempts.untilItWorks('checkpoint', () => store.save(checkpoint).then(() => true));
  if (isSaved === undefined) return undefined;
  proven.add('checkpoint');
  status.checkpointStored(checkpoint);
  status.started();
  const { stream } = checkpoint;
  logger.info(
    {
      ...prepared.start,
      stream,
      epoch,
      checkpoint: store.location,
      destination,
      endpoint: checkpoint.endpoint,
      queues,
    },
    'starting',
  );
  return { sink: info, ddlLane, prepared, checkpoint, lockTerm };
}

/** Whether another relay had it before; undefined when the run ended first. */
async function lock(
  { source, store, standsBy = false, logger }: RelayOptions,
  place: SinkInfo,
  status: StatusBoard,
  attempts: Attempts,
): Promise<boolean | undefined> {
  const standing = new StandingBy(status, logger);
  const onHolder = (holder: string): void => standing.waitsFor(holder);
  const name = lockedPlace({ destination: place.destination, ...endpointsOf(place) }, store.location);
  return attempts.untilItWorks('source', async () => {
    await source.lock(name, standsBy ? onHolder : undefined);
    standing.takesOver();
    return standing.hasWaited;
  });
}

/** Whoever was active has stored a checkpoint before it sent anything. */
const notShared = (location: string): RelayError =>
  new RelayError(
    'CHECKPOINT_MISSING',
    `another relay of this configuration was active, and there is no checkpoint in ${location}`,
    {
      remedy:
        'It stores elsewhere: this relay would begin anew, and what was committed since the other one ended would be missing. See that all relays of ha: standby reach the same place, by an address that is the same server for all. If the other one has ended before it could begin, start this one again.',
    },
  );

const renewed = (sink: Sink, opened: SinkInfo): Promise<SinkInfo> => sink.renew?.() ?? Promise.resolve(opened);

/**
 * A server that was seen rolled back looks right again when it has written as much as it lost: the checkpoint must
 * remember it.
 */
async function refuseServer(
  { source: { rolledBack: serverUuid }, store, clock }: RelayOptions,
  { stored, epoch }: Taken,
): Promise<void> {
  if (serverUuid === undefined || stored === undefined || stored.rolledBack?.serverUuid === serverUuid) return;
  const at = new Date(clock.now()).toISOString();
  await store.save({ ...stored, epoch, storedAt: at, rolledBack: { serverUuid, at } });
}

/** Those of the runs before; of the first run a copy of everything that is published, if that is wanted. */
function copiesOf({ copies, clock }: RelayOptions, stored: Checkpoint | undefined): Pick<Checkpoint, 'copies'> {
  if (stored?.copies !== undefined) return { copies: stored.copies };
  if (stored !== undefined || copies?.atFirstStart !== true) return {};
  const list = new CopyList(undefined, () => clock.now());
  list.add(['*.*'], { isExact: copies.isExact });
  const first = list.stored();
  return first === undefined ? {} : { copies: first };
}

async function openDdlSink({ ddlSink }: RelayOptions, attempts: Attempts): Promise<string | undefined> {
  if (ddlSink === undefined) return undefined;
  const info = await attempts.untilItWorks('sink', () => ddlSink.open());
  return info?.laneNames(1)[0];
}

/** Eight hexadecimal digits. */
const newStream = (random: () => number): string =>
  Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
