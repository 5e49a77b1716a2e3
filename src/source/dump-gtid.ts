import { gtidSetBytes } from '../binlog/gtids/gtid-set-bytes.ts';
import { GtidSet } from '../binlog/gtids/gtid-set.ts';

const COM_BINLOG_DUMP_GTID = 0x1e;
/** The length and the number of a packet; mysql2 has it written when it sends. */
const HEADER_BYTES = 4;
const FIRST_OFFSET = 4n;

/** What mysql2 sends: see its lib/packets/packet.js. */
export interface OutPacket {
  readonly buffer: Buffer;
  length(): number;
  writeHeader(sequenceId: number): void;
}

/**
 * The command for what `gtidSet` lacks: the server finds the file by itself. Source: com_binlog_dump_gtid in
 * sql/rpl_source.cc. Made here, because zongji takes seconds for a set of thousands of intervals, and the relay would
 * stand still for them.
 */
export function dumpGtidPacket(serverId: number, gtidSet: string): OutPacket {
  const set = gtidSetBytes(GtidSet.parse(gtidSet));
  const head = Buffer.alloc(HEADER_BYTES + 23);
  let o = head.writeUInt8(COM_BINLOG_DUMP_GTID, HEADER_BYTES);
  o = head.writeUInt16LE(0, o); // flags
  o = head.writeUInt32LE(serverId, o);
  o = head.writeUInt32LE(0, o); // length of the file's name
  o = head.writeBigUInt64LE(FIRST_OFFSET, o);
  head.writeUInt32LE(set.length, o);
  const buffer = Buffer.concat([head, set]);
  return {
    buffer,
    length: () => buffer.length,
    writeHeader: (sequenceId) => {
      buffer.writeUIntLE(buffer.length - HEADER_BYTES, 0, 3);
      buffer.writeUInt8(sequenceId, 3);
    },
  };
}
