/**
 * PREVIOUS_GTIDS: everything the server had executed before this file. Source: Gtid_set::encode in sql/rpl_gtid_set.cc
 *
 *   header 8 | per source: uuid 16 | tag, only in the tagged format | number of intervals 8 | per interval: first 8 | behind the last 8
 *   header, plain format:  number of sources as u64, whose highest byte is 0
 *   header, tagged format: 1 | number of sources 6 | 1
 *   tag: its length as a varint, then its characters; length 0 for the sources without one
 */
import { Cursor } from '../cursor.ts';
import { HEADER_BYTES } from '../event-header.ts';
import { GtidSet } from '../gtid-set.ts';
import { sourceText } from '../gtid-source.ts';

const FORMAT = { PLAIN: 0, TAGGED: 1 } as const;
const TAG_MAX_BYTES = 32;
const GNO_END = (1n << 63n) - 1n;

/** `end`: behind the body, without the checksum. Throws BINLOG_DECODE. */
export function readPreviousGtids(b: Buffer, start: number, end: number): GtidSet {
  const cursor = new Cursor('PREVIOUS_GTIDS', b, start, start + HEADER_BYTES, end);
  const header = cursor.view(8, 'the number of sources');
  const format = header.readUInt8(7);
  if (format > FORMAT.TAGGED) cursor.fail('format 0 or 1 of a GTID set');
  const tagged = format === FORMAT.TAGGED;
  const sources = header.readUIntLE(tagged ? 1 : 0, 6);
  const set = new GtidSet();
  for (let i = 0; i < sources; i++) {
    const uuid = cursor.view(16, 'the uuid of a source');
    const tag = tagged ? readTag(cursor) : '';
    const source = sourceText(uuid, 0, tag);
    const intervals = cursor.safe64('the number of intervals');
    for (let k = 0; k < intervals; k++) {
      const first = cursor.u64('the start of an interval');
      const behind = cursor.u64('the end of an interval');
      if (first < 1n || behind <= first || behind > GNO_END) cursor.fail('an interval that is not empty');
      set.addRange(source, first, behind - 1n);
    }
  }
  if (cursor.left > 0) cursor.fail('the end of the event');
  return set;
}

function readTag(cursor: Cursor): string {
  const size = cursor.safeVarint('the length of a tag');
  if (size > TAG_MAX_BYTES) cursor.fail(`a tag of at most ${TAG_MAX_BYTES} characters`);
  const tag = cursor.latin1(size, 'a tag');
  if (tag !== '' && !/^[a-z_][a-z0-9_]*$/.test(tag)) cursor.fail('a tag of lower-case letters, digits and _');
  return tag;
}
