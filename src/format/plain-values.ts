/**
 * Values as readers of Debezium and Maxwell expect them: numbers as JSON numbers, everything else as text. Made of the
 * codec that a column has, so that every form of an image is written alike.
 */
import type { ColumnCodec, WriteText } from '../binlog/binlog.ts';
import { writeBase64 } from '../binlog/bytes/base64.ts';
import { u8 } from '../binlog/bytes/bytes.ts';
import { writeAscii } from '../binlog/bytes/digits.ts';
import { malformedValue } from '../binlog/bytes/malformed.ts';
import type { RowColumn } from '../binlog/rows/row-compiler.ts';
import { TYPE } from '../binlog/wire/column-types.ts';

/** What a BIT becomes: its number; or, as Debezium has it, `true` and `false`, and for more bits their bytes. */
export type BitForm = 'number' | 'debezium';

export function plainValue(each: RowColumn, bits: BitForm): RowColumn {
  const { column, codec } = each;
  if (codec === undefined) return each;
  switch (column.type) {
    case TYPE.TINY:
    case TYPE.SHORT:
    case TYPE.INT24:
    case TYPE.LONG:
    case TYPE.LONGLONG:
      return { ...each, isBare: true };
    case TYPE.FLOAT:
    case TYPE.DOUBLE:
      return { ...each, codec: floating(codec), isBare: true };
    case TYPE.YEAR:
      return { ...each, codec: year(codec), isBare: true };
    case TYPE.BIT:
      if (bits === 'number') return { ...each, isBare: true };
      if (column.meta === 1) return { ...each, codec: boolean(codec), isBare: true };
      return { ...each, codec: littleEndian(column.name, column.meta) };
    default:
      return each;
  }
}

const plain = (json: WriteText, maxBytes: number): ColumnCodec => ({ text: json, json, maxBytes });

/** `-0` is an integer to JSON, which has no negative zero among them. */
function floating({ json, maxBytes }: ColumnCodec): ColumnCodec {
  return plain((out, o, b, p, e) => {
    const end = json(out, o, b, p, e);
    if (end - o !== 2) return end;
    json(SCRATCH, 0, b, p, e);
    return SCRATCH[0] === MINUS && SCRATCH[1] === ZERO ? writeAscii(out, end, '.0') : end;
  }, maxBytes + 2);
}

/** The year 0000 is 0: numbers begin with no zero. */
function year({ json, maxBytes }: ColumnCodec): ColumnCodec {
  return plain((out, o, b, p, e) => {
    json(SCRATCH, 0, b, p, e);
    return SCRATCH[0] === ZERO ? writeAscii(out, o, '0') : json(out, o, b, p, e);
  }, maxBytes);
}

function boolean({ json }: ColumnCodec): ColumnCodec {
  return plain((out, o, b, p, e) => {
    json(SCRATCH, 0, b, p, e);
    return writeAscii(out, o, SCRATCH[0] === ZERO ? 'false' : 'true');
  }, 'false'.length);
}

/** BIT(bits) in base64, its bytes in the other order: the lowest first. */
function littleEndian(column: string, bits: number): ColumnCodec {
  const bytes = (bits + 7) >> 3;
  return plain(
    (out, o, b, p, e) => {
      if (e - p !== bytes || e > b.length) throw malformedValue(column, `${bytes} bytes`);
      for (let i = 0; i < bytes; i += 1) SCRATCH[i] = u8(b, e - 1 - i);
      return writeBase64(out, o, SCRATCH, 0, bytes, bytes);
    },
    Math.ceil(bytes / 3) * 4,
  );
}

/** More than any of these values takes; what lies beyond is lost, and not looked at. */
const SCRATCH = new Uint8Array(8);
const MINUS = 0x2d;
const ZERO = 0x30;
