import { decodeError } from './decode-error.ts';
import { eventSize, eventType, HEADER_BYTES } from './event-header.ts';
import { EVENT } from './event-types.ts';

/** One event of a sequence: header and body, no checksum. One record for all of them: written over by each. */
export interface NestedEvent {
  /** Valid until the next event is asked for. */
  buffer: Buffer;
  start: number;
  end: number;
}

/**
 * The events that stand one after the other in `pieces`, without checksums, `sizeBytes` in all. Takes a piece when it
 * is asked for an event that is not whole yet. `name`: what they are a part of, for errors. Throws BINLOG_DECODE.
 */
export function* eventsIn(
  pieces: Iterable<Uint8Array>,
  sizeBytes: number,
  name: string,
): Generator<NestedEvent, void, undefined> {
  const event: NestedEvent = { buffer: NOTHING, start: 0, end: 0 };
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let neededBytes = HEADER_BYTES;
  let left = sizeBytes;
  for (const piece of pieces) {
    held.push(piece);
    heldBytes += piece.length;
    if (heldBytes < neededBytes) continue;
    event.buffer =
      held.length > 1 ? Buffer.concat(held, heldBytes) : Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    let at = 0;
    for (;;) {
      const rest = heldBytes - at;
      neededBytes = rest < HEADER_BYTES ? HEADER_BYTES : nestedSize(name, event.buffer, at, left);
      if (rest < neededBytes) break;
      event.start = at;
      at += neededBytes;
      left -= neededBytes;
      event.end = at;
      yield event;
    }
    heldBytes -= at;
    held = heldBytes === 0 ? [] : [event.buffer.subarray(at)];
  }
  if (left !== 0 || heldBytes !== 0) throw decodeError(name, `events of ${sizeBytes} bytes in all`, sizeBytes - left);
}

/** Size of the event whose header begins at `at`. */
function nestedSize(name: string, b: Buffer, at: number, left: number): number {
  const size = eventSize(b, at);
  if (size < HEADER_BYTES || size > left) throw decodeError(name, `an event of ${HEADER_BYTES} to ${left} bytes`, at);
  if (eventType(b, at) === EVENT.TRANSACTION_PAYLOAD) throw decodeError(name, 'no payload inside a payload', at);
  return size;
}

const NOTHING = Buffer.alloc(0);
