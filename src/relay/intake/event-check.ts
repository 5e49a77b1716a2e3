import { RelayError } from '../../base/errors.ts';
import { CHECKSUM_BYTES, endsInChecksum, verifyChecksum } from '../../binlog/wire/checksum.ts';
import { checkFrame, eventSize, HEADER_BYTES } from '../../binlog/wire/event-header.ts';
import { EVENT } from '../../binlog/wire/event-types.ts';
import { readFormatDescription } from '../../binlog/events/format-description.ts';

/**
 * Checks the events of a session, and knows what its FORMAT_DESCRIPTION says of those after it: whether they end in a
 * checksum, and who wrote them.
 */
export class EventCheck {
  /** Version of the server that wrote the events: 80036. */
  writerVersion = 0;
  /** Undefined until the session's first event. */
  #hasChecksum: boolean | undefined;
  /** The session's first FORMAT_DESCRIPTION was read. */
  #isFormatKnown = false;

  /** A new session begins. */
  restart(): void {
    this.#hasChecksum = undefined;
    this.#isFormatKnown = false;
  }

  /** See checkFrame; but of an event that was damaged on the way it says BINLOG_CHECKSUM. */
  frame(b: Buffer, start: number, end: number): void {
    if (end - start >= HEADER_BYTES && eventSize(b, start) !== end - start) this.#verify(b, start, end);
    checkFrame(b, start, end);
  }

  /** Where the body ends. Throws BINLOG_CHECKSUM. */
  bodyEnd(type: number, b: Buffer, start: number, end: number): number {
    if (type === EVENT.FORMAT_DESCRIPTION) this.#learnFormat(b, start, end);
    // Before the session's first FORMAT_DESCRIPTION comes one artificial ROTATE, and nothing says whether it has a
    // checksum: it shows.
    this.#hasChecksum ??= endsInChecksum(b, start, end);
    if (!this.#hasChecksum) return end;
    verifyChecksum(b, start, end);
    return end - CHECKSUM_BYTES;
  }

  /** The same for an event that may be damaged: undefined when it is. */
  soundBodyEnd(b: Buffer, start: number, end: number): number | undefined {
    if (this.#hasChecksum !== true) return end;
    return endsInChecksum(b, start, end) ? end - CHECKSUM_BYTES : undefined;
  }

  #learnFormat(b: Buffer, start: number, end: number): void {
    // It ends in a CRC32 even when it says that the events after it do not. (Not the first of a session: the dump
    // thread changes that one, and makes its CRC32 anew only where the others have one.)
    if (this.#isFormatKnown) this.#verify(b, start, end);
    const { checksum, versionNumber } = readFormatDescription(b, start, end);
    if (!this.#isFormatKnown && checksum !== 'off' && this.#hasChecksum === false) {
      throw new RelayError(
        'BINLOG_CHECKSUM',
        'the ROTATE event before the first FORMAT_DESCRIPTION came with a wrong CRC32',
      );
    }
    this.#isFormatKnown = true;
    this.#hasChecksum = checksum === 'crc32';
    this.writerVersion = versionNumber;
  }

  #verify(b: Buffer, start: number, end: number): void {
    if (this.#hasChecksum === true) verifyChecksum(b, start, end);
  }
}
