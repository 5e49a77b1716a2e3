/**
 * Row image to JSON by generated code, with nothing around it: no previous values, no change ids, no checks. It knows
 * the column types of the loads only. It stands alone, so that it stays the same while the product changes.
 */
import { packedAt, packedBytes } from './packed.ts';
import { datetime3, decimal12, long, longlong, text, tiny } from './values.ts';

export interface Place {
  p: number;
  o: number;
}

/** Writes the image at `at.p` of `b` to `out` from `at.o`; moves both. */
export type WriteRow = (b: Buffer, at: Place, out: Buffer) => void;

interface FloorColumn {
  readonly name: string;
  readonly type: number;
  readonly meta: number;
}

const TYPE = { tiny: 1, long: 3, longlong: 8, varchar: 15, datetime: 18, decimal: 246 } as const;
const HEADER_BYTES = 19;
const COLUMN_NAMES = 4;

/** Compiles the writer of the table that the TABLE_MAP event describes; `end` is before its checksum. */
export function writerOf(b: Buffer, start: number, end: number): WriteRow {
  const columns = columnsOf(b, start, end);
  const body = columns.map((column, i) => {
    const isNull = `b[n+${i >> 3}]&${1 << (i & 7)}`;
    const name = `${i === 0 ? '{' : ','}${JSON.stringify(column.name)}:`;
    return `if(${isNull}){${constant(`${name}null`)}}else{${constant(`${name}"`)}${write(column)}out[o++]=34;}`;
  });
  const source = `return function(b,at,out){const n=at.p;let p=n+${(columns.length + 7) >> 3},o=at.o;
${body.join('\n')}
out[o++]=125;at.p=p;at.o=o;}`;
  const make = new Function('tiny', 'long', 'longlong', 'decimal12', 'datetime3', 'text', source) as (
    ...writers: unknown[]
  ) => WriteRow;
  return make(tiny, long, longlong, decimal12, datetime3, text);
}

const constant = (value: string): string => {
  const bytes = [...Buffer.from(value)];
  return `${bytes.map((byte, i) => `out[o+${i}]=${byte};`).join('')}o+=${bytes.length};`;
};

function write({ name, type, meta }: FloorColumn): string {
  switch (type) {
    case TYPE.tiny:
      return 'o=tiny(out,o,b,p);p+=1;';
    case TYPE.long:
      return 'o=long(out,o,b,p);p+=4;';
    case TYPE.longlong:
      return 'o=longlong(out,o,b,p);p+=8;';
    case TYPE.datetime:
      if (meta === 3) return 'o=datetime3(out,o,b,p);p+=7;';
      break;
    case TYPE.decimal:
      if (meta === ((12 << 8) | 2)) return 'o=decimal12(out,o,b,p);p+=6;';
      break;
    case TYPE.varchar:
      return meta > 255
        ? '{const l=b[p]|b[p+1]<<8;p+=2;o=text(out,o,b,p,p+l);p+=l;}'
        : '{const l=b[p];p+=1;o=text(out,o,b,p,p+l);p+=l;}';
  }
  throw new Error(`the floor does not know type ${type} of column ${name}`);
}

/** Table_map_event in libs/mysql/binlog/event/rows_event.h; the names are ASCII. */
function columnsOf(b: Buffer, start: number, end: number): FloorColumn[] {
  let p = start + HEADER_BYTES + 8;
  p += b.readUInt8(p) + 2;
  p += b.readUInt8(p) + 2;
  const count = packedAt(b, p);
  p += packedBytes(b, p);
  const types = b.subarray(p, p + count);
  p += count;
  p += packedBytes(b, p);
  const metas: number[] = [];
  for (const type of types) {
    const size = { [TYPE.varchar]: 2, [TYPE.decimal]: 2, [TYPE.datetime]: 1 }[type] ?? 0;
    metas.push(type === TYPE.decimal ? b.readUInt16BE(p) : size === 2 ? b.readUInt16LE(p) : size && b.readUInt8(p));
    p += size;
  }
  p += (count + 7) >> 3;
  while (b.readUInt8(p) !== COLUMN_NAMES && p < end) p += 1 + packedBytes(b, p + 1) + packedAt(b, p + 1);
  p += 1 + packedBytes(b, p + 1);
  return metas.map((meta, i) => {
    const length = b.readUInt8(p);
    const name = b.toString('latin1', p + 1, p + 1 + length);
    p += 1 + length;
    return { name, type: types[i] ?? 0, meta };
  });
}
