import { RelayError } from '../../base/errors.ts';
import type { Checkpoint, CheckpointIdentity } from '../../checkpoint/checkpoint.ts';
import type { FormatName } from '../../format/format.ts';
import type { SinkInfo } from '../../sink/sink.ts';

/** What an operator has said to be right, by an option of `run`. */
export interface AcceptedDifferences {
  readonly newLanes: boolean;
  readonly newEndpoint?: boolean | undefined;
  readonly newFormat?: boolean | undefined;
}

/**
 * Refuses a checkpoint that was made for something else. Another destination would miss everything before it; other
 * queues, lanes or ordering move rows to other queues, so that a reader could see an old change of a row after a new
 * one, and readers of one format cannot read another: only when they have drained the topic is that safe.
 */
export function requireSameIdentity(
  stored: Checkpoint,
  now: CheckpointIdentity,
  accepted: AcceptedDifferences,
  location: string,
): void {
  if (stored.destination !== now.destination) {
    throw new RelayError(
      'CHECKPOINT_FOREIGN',
      `the checkpoint in ${location} was made for ${stored.destination}, the sink is ${now.destination}`,
      {
        remedy:
          'Give this sink a checkpoint.path of its own (with mysql and mysqlx: checkpoint.name). Its position would skip everything that the new destination has never received.',
      },
    );
  }
  // Older versions did not store it: then it is accepted once, and stored from now on.
  const isOtherEndpoint =
    stored.endpoint !== undefined && now.endpoint !== undefined && !haveOneInCommon(stored.endpoint, now.endpoint);
  if (isOtherEndpoint && accepted.newEndpoint !== true) {
    throw new RelayError(
      'CHECKPOINT_FOREIGN',
      `the checkpoint in ${location} was made for ${stored.destination} at ${stored.endpoint}, the sink is at ${now.endpoint}`,
      {
        remedy:
          'If the same cluster has another address now, start once with --accept-new-endpoint. Otherwise give this sink a checkpoint.path of its own (with mysql and mysqlx: checkpoint.name): the position of this one would skip everything that the other cluster has never received.',
      },
    );
  }
  const [formatBefore, formatNow] = [stored, now].map(({ messageFormat = FIRST_FORMAT }) => messageFormat);
  if (formatBefore !== formatNow && accepted.newFormat !== true) {
    throw new RelayError(
      'CHECKPOINT_FOREIGN',
      `the checkpoint in ${location} was made for messages in ${formatBefore}, publish.format is ${formatNow}`,
      {
        remedy:
          'Readers of the one cannot read the other. Give the new format a topic and a checkpoint.path of its own (with mysql and mysqlx: checkpoint.name); or let all readers drain the topic, make them ready for the new format, and start once with --accept-new-format.',
      },
    );
  }
  const differences = [
    difference('queues', stored.queues, now.queues),
    difference('lanes', stored.lanes.join(' '), now.lanes.join(' ')),
    difference('ordering', stored.ordering, now.ordering),
  ].filter((text) => text !== undefined);
  if (differences.length === 0 || accepted.newLanes) return;
  throw new RelayError(
    'CHECKPOINT_FOREIGN',
    `the checkpoint in ${location} was made for other lanes: ${differences.join('; ')}`,
    {
      remedy:
        'Rows would move to other queues, and a reader could see an old change after a new one. Let all readers drain the topic, then start once with --accept-new-lanes.',
    },
  );
}

/**
 * All proxies of a list are of one cluster: two lists that share one speak of the same. So a list can change step by
 * step.
 */
function haveOneInCommon(stored: string, now: string): boolean {
  const before = stored.split(SEPARATOR);
  return now.split(SEPARATOR).some((endpoint) => before.includes(endpoint));
}

const SEPARATOR = ',';

/** The endpoints of a sink, as the checkpoint has them. */
export function endpointsOf({ endpoints }: Pick<SinkInfo, 'endpoints'>): Pick<CheckpointIdentity, 'endpoint'> {
  return endpoints === undefined ? {} : { endpoint: endpoints.join(SEPARATOR) };
}

/** That of a checkpoint that names none. */
export const FIRST_FORMAT: FormatName = 'canal-json';

function difference(name: string, stored: string | number, now: string | number): string | undefined {
  return stored === now ? undefined : `${name} ${stored} before, ${now} now`;
}

/**
 * What the lock in the order database is on: a destination, and the place of the checkpoint. Of a list the first
 * endpoint counts, so that a relay whose list has become longer still meets the one that runs with the shorter one.
 */
export function lockedPlace(
  { destination, endpoint }: Pick<CheckpointIdentity, 'destination' | 'endpoint'>,
  location: string,
): string {
  return [destination, ...(endpoint?.split(SEPARATOR).slice(0, 1) ?? []), location].join(' ');
}
