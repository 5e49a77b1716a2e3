import { asRelayError, RelayError } from '../../base/errors.ts';
import { placeOf, type TopicMessage } from '../../topic/topic.ts';
import { tableOf } from './envelope.ts';

/** The error with the message that it is of: its place, and its table. Never a value of a row. */
export function placed(thrown: unknown, message: TopicMessage): RelayError {
  const error = asRelayError(thrown);
  if ('offset' in error.details) return error;
  const place = placeOf(message);
  const text = error.message.startsWith(place) ? error.message : `${place}${whatIs(message)}: ${error.message}`;
  return new RelayError(error.code, text, {
    details: { ...error.details, lane: message.lane, queue: message.queue, offset: String(message.offset) },
    remedy: error.remedy,
    cause: error.cause ?? error,
  });
}

/** What the message is, for whoever reads it: its kind alone calls all that is without rows a CREATE. */
function whatIs(message: TopicMessage): string {
  const { properties, tag } = message;
  const { database, table } = tableOf(message);
  const mark = properties.get('copyMark');
  if (mark !== undefined) return `, ${mark} of the copy of ${database}.${table}`;
  if (tag === 'progress') return ', progress';
  return table === '' ? '' : `, ${properties.get('kind') ?? ''} of ${database}.${table}`;
}
