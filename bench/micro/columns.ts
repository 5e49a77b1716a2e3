/** Decoding: a value of each column family from its bytes to the inside of a JSON string. */
import type { Column } from '../../src/binlog/binlog.ts';
import { TYPE } from '../../src/binlog/wire/column-types.ts';
import { columnCodec } from '../../src/binlog/rows/columns.ts';
import { repeated, type MicroCase } from './micro-case.ts';
import { DATETIME_3, DECIMAL_12_2, sampleColumn } from './sample-orders.ts';

const UTF8MB4 = 255;
const LATIN1 = 8;
const GBK = 28;
const BINARY = 63;

interface Sample {
  readonly name: string;
  readonly type: number;
  readonly value: Buffer;
  readonly rest?: Partial<Column>;
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const double = Buffer.alloc(8);
double.writeDoubleLE(1234.5678);
const float = Buffer.alloc(4);
float.writeFloatLE(99.9);

const SAMPLES: readonly Sample[] = [
  { name: 'tinyint', type: TYPE.TINY, value: hex('07') },
  { name: 'int', type: TYPE.LONG, value: hex('40e20100') },
  { name: 'bigint', type: TYPE.LONGLONG, value: hex('15cd5b0700000000') },
  { name: 'bigint above 2^53', type: TYPE.LONGLONG, value: hex('ffffffffffffff7f') },
  { name: 'decimal(12,2)', type: TYPE.NEWDECIMAL, value: DECIMAL_12_2, rest: { meta: (12 << 8) | 2 } },
  { name: 'float', type: TYPE.FLOAT, value: float, rest: { meta: 4 } },
  { name: 'double', type: TYPE.DOUBLE, value: double, rest: { meta: 8 } },
  { name: 'date', type: TYPE.DATE, value: hex('77d50f') },
  { name: 'time(3)', type: TYPE.TIME2, value: hex('80c8b904d2'), rest: { meta: 3 } },
  { name: 'datetime(3)', type: TYPE.DATETIME2, value: DATETIME_3, rest: { meta: 3 } },
  { name: 'timestamp(3)', type: TYPE.TIMESTAMP2, value: hex('6923a1b704d2'), rest: { meta: 3 } },
  { name: 'bit(20)', type: TYPE.BIT, value: hex('0a5a5a'), rest: { meta: 20 } },
  text('varchar, 24 ASCII', 'SO2026112300000000010042', UTF8MB4),
  text('varchar, 24 bytes Chinese', '请尽快发货谢谢您', UTF8MB4),
  text('varchar, 200 ASCII', 'please deliver soon '.repeat(10), UTF8MB4),
  text('varchar latin1, 24', 'SO2026112300000000010042', LATIN1),
  { name: 'varchar gbk, 8', type: TYPE.VARCHAR, value: hex('c7ebbea1bfec4142'), rest: { meta: 60, collation: GBK } },
  { name: 'blob, 200', type: TYPE.BLOB, value: Buffer.alloc(200, 0xa7), rest: { meta: 2, collation: BINARY } },
  {
    name: 'enum',
    type: TYPE.ENUM,
    value: hex('02'),
    rest: { meta: 1, collation: UTF8MB4, labels: [Buffer.from('new'), Buffer.from('paid')] },
  },
];

function text(name: string, value: string, collation: number): Sample {
  return { name, type: TYPE.VARCHAR, value: Buffer.from(value), rest: { meta: 1020, collation } };
}

const CALLS = 1000;
/** Values stand in the middle of an event, at changing places. */
const PLACES = 16;

export const cases: readonly MicroCase[] = SAMPLES.map(({ name, type, value, rest }) => {
  const { json } = columnCodec(sampleColumn(0, 'c', type, rest));
  const image = Buffer.concat(Array.from({ length: PLACES }, () => value));
  const out = Buffer.alloc(4096);
  return repeated(name, CALLS, (i) => {
    const p = (i % PLACES) * value.length;
    json(out, 0, image, p, p + value.length);
  });
});
