import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { SinkInfo } from '../sink/sink.ts';
import type { Prepared } from '../source/source.ts';
import type { Attempts } from './attempts.ts';
import { requireSameIdentity } from './identity.ts';
import type { RelayOptions } from './relay-options.ts';
import { isAborted } from './retry.ts';
import type { StatusBoard } from './status.ts';

/** What a run begins with. */
export interface Start {
  readonly sink: SinkInfo;
  /** The lane of statements, when they have a sink of their own. */
  readonly ddlLane: string | undefined;
  readonly prepared: Prepared;
  /** The one that the run has stored before its first send. */
  readonly checkpoint: Checkpoint;
}

/** Everything up to the first event: sink, checkpoint, source, and the raised epoch stored. Undefined when `ended` came first. */
export async function start(
  options: RelayOptions,
  status: StatusBoard,
  attempts: Attempts,
  ended: AbortSignal,
): Promise<Start | undefined> {
  const { sink, source, store, lanes, ordering, acceptNewLanes, clock, logger, random } = options;
  const info = await attempts.untilItWorks('sink', () => sink.open());
  if (info === undefined) return undefined;
  const ddlLane = await openDdlSink(options, attempts);
  if (isAborted(ended)) return undefined;
  status.sink = { ok: true, reason: `ready: ${info.destination}` };
  const identity = { destination: info.destination, queues: info.queues, lanes: info.laneNames(lanes), ordering };

  // Before the lock is held another relay may still be moving the checkpoint.
  const lockName = `${info.destination} ${store.location}`;
  const isLocked = await attempts.untilItWorks('source', () => source.lock(lockName).then(() => true));
  if (isLocked === undefined) return undefined;
  const loaded = await attempts.untilItWorks('checkpoint', () => store.load().then((stored) => ({ stored })));
  if (loaded === undefined) return undefined;
  const { stored } = loaded;
  if (stored !== undefined) requireSameIdentity(stored, identity, acceptNewLanes, store.location);
  const prepared = await attempts.untilItWorks('source', () => source.prepare(stored));
  if (prepared === undefined) return undefined;
  for (const warning of prepared.warnings) logger.warn({ warning }, 'look at this before you trust the copy');

  const checkpoint: Checkpoint = {
    ...identity,
    ...prepared.start,
    serverUuid: prepared.serverUuid,
    stream: stored?.stream ?? newStream(random),
    epoch: (stored?.epoch ?? 0) + 1,
    storedAt: new Date(clock.now()).toISOString(),
    ...(stored?.notices !== undefined && { notices: stored.notices }),
  };
  const isSaved = await attempts.untilItWorks('checkpoint', () => store.save(checkpoint).then(() => true));
  if (isSaved === undefined) return undefined;
  status.checkpointStored(checkpoint);
  const { stream, epoch, destination, queues } = checkpoint;
  logger.info({ ...prepared.start, stream, epoch, checkpoint: store.location, destination, queues }, 'starting');
  return { sink: info, ddlLane, prepared, checkpoint };
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
