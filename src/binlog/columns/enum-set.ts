import { RelayError } from '../../base/errors.ts';
import type { Column, ColumnCodec, WriteText } from '../binlog.ts';
import { i32le, u8 } from './bytes.ts';
import { writeBytes } from './digits.ts';
import { escaped } from './json-escape.ts';
import { labelTexts } from './label-text.ts';
import { malformedValue } from './malformed.ts';

const COMMA = 0x2c;

/**
 * ENUM: the 1-based number of the label in one byte or two, little-endian; 0 is the empty text that MySQL stores for a wrong value.
 * Throws BINLOG_UNSUPPORTED when the table map brought no labels, or one that is no text of the column's charset.
 */
export function enumCodec(column: Column): ColumnCodec {
  const { plain, json } = labelsOf(column);
  const hasTwoBytes = column.meta === 2;
  const write =
    (labels: readonly Uint8Array[]): WriteText =>
    (out, o, b, p) => {
      const number = hasTwoBytes ? u8(b, p) | (u8(b, p + 1) << 8) : u8(b, p);
      if (number === 0) return o;
      const label = labels[number - 1];
      if (label === undefined) throw malformedValue(column.name, `the number of one of ${labels.length} labels`);
      return writeBytes(out, o, label);
    };
  return {
    text: write(plain),
    json: write(json),
    maxBytes: json.reduce((most, label) => Math.max(most, label.length), 0),
  };
}

/**
 * SET: one bit per label, the first label's the lowest, in 1, 2, 3, 4 or 8 bytes, little-endian; the text joins the labels by commas.
 * Throws BINLOG_UNSUPPORTED when the table map brought no labels, or one that is no text of the column's charset.
 */
export function setCodec(column: Column): ColumnCodec {
  const { plain, json } = labelsOf(column);
  const bytes = column.meta;
  const write =
    (labels: readonly Uint8Array[]): WriteText =>
    (out, start, b, p) => {
      let o = start;
      for (let i = 0; i < 8 * bytes; i += 32) {
        // Bits above the value belong to what stands behind it.
        const width = Math.min(32, 8 * bytes - i);
        let bits = (i32le(b, p + (i >> 3)) & (0xffffffff >>> (32 - width))) >>> 0;
        while (bits !== 0) {
          const low = 31 - Math.clz32(bits & -bits);
          bits = (bits & (bits - 1)) >>> 0;
          const label = labels[i + low];
          if (label === undefined) throw malformedValue(column.name, `bits for ${labels.length} labels`);
          if (o > start) {
            out[o] = COMMA;
            o += 1;
          }
          o = writeBytes(out, o, label);
        }
      }
      return o;
    };
  const maxBytes = json.reduce((sum, label) => sum + label.length + 1, 0);
  return { text: write(plain), json: write(json), maxBytes };
}

function labelsOf(column: Column): { readonly plain: readonly Uint8Array[]; readonly json: readonly Uint8Array[] } {
  const { name } = column;
  const texts = labelTexts(column).map(
    (text) =>
      text ??
      refuse(
        name,
        'a label of its ENUM or SET is no text of its charset',
        'ALTER TABLE ... MODIFY it with labels that are',
      ),
  );
  if (texts.length === 0)
    refuse(
      name,
      'the table map does not bring the labels of its ENUM or SET',
      'SET PERSIST binlog_row_metadata = FULL',
    );
  return { plain: texts.map((text) => new Uint8Array(Buffer.from(text))), json: texts.map(escaped) };
}

function refuse(column: string, what: string, remedy: string): never {
  throw new RelayError('BINLOG_UNSUPPORTED', `column ${column}: ${what}`, {
    details: { column },
    remedy: `${remedy}; then start from a position behind it.`,
  });
}
