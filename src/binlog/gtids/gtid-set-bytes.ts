import type { GtidSet } from './gtid-set.ts';

const UUID_BYTES = 16;
const UUID_CHARACTERS = 36;
const INTERVAL_BYTES = 16;
/** Format 1 of the first eight bytes: in the lowest byte, and once more in the highest. */
const TAGGED = (1n << 56n) | 1n;

/**
 * A GTID set as COM_BINLOG_DUMP_GTID takes it, little-endian. Source: Gtid_set::encode and encode_nsids_format in
 * sql/rpl_gtid_set.cc
 *
 *   set = sources (8 bytes) *source    source = uuid (16) [ tag ] intervals (8) *interval    interval = first (8) last + 1 (8)
 *   tag = twice its length (1) characters; only where some source has a tag, which servers before 8.3 do not know
 */
export function gtidSetBytes(set: GtidSet): Buffer {
  const entries = set.entries().map(([source, intervals]) => ({
    uuid: source.slice(0, UUID_CHARACTERS).replaceAll('-', ''),
    tag: source.slice(UUID_CHARACTERS + 1),
    intervals,
  }));
  const isTagged = entries.some(({ tag }) => tag !== '');
  const size = entries.reduce(
    (sum, { tag, intervals }) =>
      sum + UUID_BYTES + (isTagged ? 1 + tag.length : 0) + 8 + intervals.length * INTERVAL_BYTES,
    8,
  );
  const b = Buffer.alloc(size);
  const count = BigInt(entries.length);
  let o = b.writeBigUInt64LE(isTagged ? TAGGED | (count << 8n) : count);
  for (const { uuid, tag, intervals } of entries) {
    o += b.write(uuid, o, 'hex');
    if (isTagged) {
      o = b.writeUInt8(tag.length * 2, o);
      o += b.write(tag, o, 'latin1');
    }
    o = b.writeBigUInt64LE(BigInt(intervals.length), o);
    for (const { first, last } of intervals) {
      o = b.writeBigUInt64LE(first, o);
      o = b.writeBigUInt64LE(last + 1n, o);
    }
  }
  return b;
}
