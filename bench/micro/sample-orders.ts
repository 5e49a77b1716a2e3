import type { Column } from '../../src/binlog/binlog.ts';
import { TYPE } from '../../src/binlog/wire/column-types.ts';
import { columnCodec, valueSize } from '../../src/binlog/rows/columns.ts';
import type { RowColumn } from '../../src/binlog/rows/row-compiler.ts';

const UTF8MB4 = 255;

/** A column of `type`, nullable, signed; the rest as given. */
export function sampleColumn(index: number, name: string, type: number, rest: Partial<Column> = {}): Column {
  const plain = { meta: 0, nullable: true, unsigned: false, collation: 0, labels: [], subtype: 0 };
  return { index, name, type, ...plain, ...rest };
}

const COLUMNS: readonly Column[] = [
  sampleColumn(0, 'id', TYPE.LONGLONG),
  sampleColumn(1, 'order_no', TYPE.VARCHAR, { meta: 128, collation: UTF8MB4 }),
  sampleColumn(2, 'user_id', TYPE.LONG),
  sampleColumn(3, 'amount', TYPE.NEWDECIMAL, { meta: (12 << 8) | 2 }),
  sampleColumn(4, 'status', TYPE.TINY),
  sampleColumn(5, 'created_at', TYPE.DATETIME2, { meta: 3 }),
  sampleColumn(6, 'updated_at', TYPE.DATETIME2, { meta: 3 }),
  sampleColumn(7, 'remark', TYPE.VARCHAR, { meta: 1020, collation: UTF8MB4 }),
];

/** The table of the loads A and B. */
export const ORDER_COLUMNS: readonly RowColumn[] = COLUMNS.map((column) => ({
  column,
  size: valueSize(column),
  codec: columnCodec(column),
}));

export const DATETIME_3 = Buffer.from('99b8ae9a8c09c4', 'hex');
export const DECIMAL_12_2 = Buffer.from('80000030393f', 'hex');

/** The image of one of its rows. */
export function orderImage(id: number, remark: string): Buffer {
  const text = Buffer.from(remark);
  const number = Buffer.from('SO2026112300000000010042');
  const fixed = Buffer.alloc(8);
  fixed.writeBigInt64LE(BigInt(id));
  const user = Buffer.alloc(4);
  user.writeInt32LE(id % 10_000_000);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(text.length);
  return Buffer.concat([
    ...[Buffer.of(0), fixed, Buffer.of(number.length), number, user],
    ...[DECIMAL_12_2, Buffer.of(id % 5), DATETIME_3, DATETIME_3, length, text],
  ]);
}
