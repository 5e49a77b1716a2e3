/**
 * Tells a message that its broker holds in part from a whole one and from one of another program, as
 * docs/message-format.md says under "Torn messages". Pure.
 *
 * A broker copies a message into a mapped file. Killed in the middle of that, it leaves zeros from the end of a page
 * on; when it starts again it checks the body, which comes first, and not the properties after it. Then a property is
 * lost, or it has a NUL, which no message that was sent has.
 */
import { RelayError } from '../base/errors.ts';
import { placeOf, type TopicMessage } from './topic.ts';

/** On every message of a relay. */
const REQUIRED = ['format', 'schema', 'table', 'kind', 'rows', 'first', 'last', 'stream', 'epoch', 'sequence'];
/** Names those that only some messages have; relays of 0.2 do not send it. */
const OPTIONAL = 'optional';
const NONE = '-';
const NUL = '\0';

/**
 * What a torn message lacks, in words; undefined for a whole one, and for one whose body no relay has written: readers
 * find out what that is.
 */
export function tornBecause(message: TopicMessage): string | undefined {
  const lack = lackOf(message);
  return lack !== undefined && isBodyOfRelay(message.body) ? lack : undefined;
}

/** As `placeOf`; the lane as far as it is there. */
export function placeOfTorn(message: TopicMessage): string {
  return placeOf({ ...message, lane: message.lane.split(NUL, 1)[0] ?? '' });
}

function lackOf({ lane, tag, keys, properties }: TopicMessage): string | undefined {
  if ([lane, tag, ...keys].some(hasNul)) return 'its message group, its tag or its keys are cut off';
  for (const [name, value] of properties) {
    if (hasNul(name) || hasNul(value)) return `its properties are cut off at ${name.split(NUL, 1)[0] ?? ''}`;
  }
  if (lane === '') return 'it has no message group';
  if (tag === '') return 'it has no tag';
  const optional = properties.get(OPTIONAL) ?? NONE;
  const due = optional === NONE ? REQUIRED : [...REQUIRED, ...optional.split(',')];
  const missing = due.find((name) => !properties.has(name));
  return missing === undefined ? undefined : `it has no property ${missing}`;
}

const hasNul = (text: string): boolean => text.includes(NUL);

/** Canal's form, with what the relay adds to it: Canal's own messages have neither `source` nor `changes`. */
function isBodyOfRelay(body: Buffer): boolean {
  let json: unknown;
  try {
    json = JSON.parse(body.toString());
  } catch {
    return false;
  }
  if (typeof json !== 'object' || json === null) return false;
  const { type, database, table, source, changes, gtid, es, ts, id } = json as Readonly<Record<string, unknown>>;
  return (
    [type, database, table, source, gtid].every((text) => typeof text === 'string') &&
    [es, ts, id].every((number) => Number.isSafeInteger(number)) &&
    Array.isArray(changes) &&
    changes.length > 0 &&
    changes.every((entry) => typeof entry === 'string')
  );
}

/** A broker leaves at most one each time that it is killed. */
const MOST_IN_A_ROW = 16;

/** Whether torn messages come as brokers leave them, or whether something takes the properties away. */
export class TornInRow {
  /** By queue: how many without a whole message between them, and the offset of the last. */
  readonly #rows = new Map<string, { readonly count: number; readonly offset: bigint }>();

  whole({ broker, queue }: TopicMessage): void {
    if (this.#rows.size > 0) this.#rows.delete(`${broker}/${queue}`);
  }

  /** Throws MESSAGE_UNREADABLE at the first one too many. `why`: see `tornBecause`. */
  torn(message: TopicMessage, why: string): void {
    const key = `${message.broker}/${message.queue}`;
    const known = this.#rows.get(key);
    // The same one may be delivered again.
    if (known !== undefined && message.offset <= known.offset) return;
    const count = (known?.count ?? 0) + 1;
    if (count > MOST_IN_A_ROW) {
      throw new RelayError(
        'MESSAGE_UNREADABLE',
        `${placeOfTorn(message)}: ${why}, as in the ${MOST_IN_A_ROW} messages of its queue before it: a broker that was killed leaves one such message.`,
        {
          remedy:
            'Something publishes bodies of the relay without its properties: let the relay alone publish to the topic, or have them kept.',
        },
      );
    }
    this.#rows.set(key, { count, offset: message.offset });
  }
}
