import { RelayError } from '../../base/errors.ts';
import { CHECKSUM_BYTES, endsInChecksum, verifyChecksum } from '../../binlog/wire/checksum.ts';
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
}
