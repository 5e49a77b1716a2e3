import { RelayError } from '../../base/errors.ts';
import type { Column, ColumnCodec, WriteText } from '../binlog.ts';
import { TYPE } from '../wire/column-types.ts';
import { i32le, u8 } from '../bytes/bytes.ts';
import { writeBytes } from '../bytes/digits.ts';
import { escaped } from '../bytes/json-escape.ts';
import { invalidTextWriter, type InvalidText } from './invalid-text.ts';
import { labelTexts } from './label-text.ts';
import { malformedValue } from '../bytes/malformed.ts';

const COMMA = 0x2c;

/**
 * ENUM: the 1-based number of the label in one byte or two, little-endian; 0 is the empty text that MySQL stores for a
 * wrong value. Where a label is empty itself, 0 has no text of its own: `invalidText` says what is written.
 * Throws BINLOG_UNSUPPORTED when the table map brought no labels, or one that is no text of the column's charset.
 */
export function enumCodec(column: Column, invalidText: InvalidText = 'fail'): ColumnCodec {
  const { plain, json, emptyLabel } = labelsOf(column);
  const zero = emptyLabel < 0 ? undefined : withoutText(column, invalidText);
  const hasTwoBytes = column.meta === 2;
  const write =
    (labels: readonly Uint8Array[]): WriteText =>
    (out, o, b, p) => {
      const number = hasTwoBytes ? u8(b, p) | (u8(b, p + 1) << 8) : u8(b, p);
      if (number === 0) return zero === undefined ? o : zero(out, o, b, p, p + column.meta);
      const label = labels[number - 1];
      if (label === undefined) throw malformedValue(column.name, `the number of one of ${labels.length} labels`);
      return writeBytes(out, o, label);
    };
  return {
    text: write(plain),
    json: write(json),
    maxBytes: json.reduce((most, label) => Math.max(most, label.length), zero === undefined ? 0 : MAX_BASE64),
  };
}

/**
 * SET: one bit per label, the first label's the lowest, in 1, 2, 3, 4 or 8 bytes, little-endian; the text joins the
 * labels by commas. A value that holds the empty label has no text of its own: `invalidText` says what is written.
 * Throws BINLOG_UNSUPPORTED when the table map brought no labels, or one that is no text of the column's charset.
 */
export function setCodec(column: Column, invalidText: InvalidText = 'fail'): ColumnCodec {
  const { plain, json, emptyLabel } = labelsOf(column);
  const bytes = column.meta;
  const odd = emptyLabel < 0 ? undefined : withoutText(column, invalidText);
  const write =
    (labels: readonly Uint8Array[]): WriteText =>
    (out, start, b, p) => {
      if (odd !== undefined && ((u8(b, p + (emptyLabel >> 3)) >> (emptyLabel & 7)) & 1) === 1)
        return odd(out, start, b, p, p + bytes);
      let o = start;
      for (let i = 0; i < 8 * bytes; i += 32) {
        // Bits above the value belong to what stands after it.
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
  const maxBytes = json.reduce((sum, label) => sum + label.length + 1, odd === undefined ? 0 : MAX_BASE64);
  return { text: write(plain), json: write(json), maxBytes };
}

interface Labels {
  readonly plain: readonly Uint8Array[];
  readonly json: readonly Uint8Array[];
  /** Its place, from 0; -1 when none is empty. */
  readonly emptyLabel: number;
}

function labelsOf(column: Column): Labels {
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
  return {
    plain: texts.map((text) => new Uint8Array(Buffer.from(text))),
    json: texts.map(escaped),
    emptyLabel: texts.indexOf(''),
  };
}

/** Writes a value whose text is that of another value of the column, too. */
function withoutText({ name, type }: Column, invalidText: InvalidText): WriteText {
  const what = type === TYPE.ENUM ? 'an ENUM of index 0, and a label that is empty' : 'a SET with its empty label';
  return invalidTextWriter(
    invalidText,
    name,
    () =>
      new RelayError('BINLOG_UNSUPPORTED', `column ${name} holds ${what}: another value of it has the same text`, {
        details: { column: name },
        remedy:
          'Store another value instead, and pass the transaction (run --skip); or publish the number of such a value: publish.invalidText: base64; or leave the column out: tables.excludeColumns.',
      }),
  );
}

/** Of the eight bytes of the largest SET. */
const MAX_BASE64 = 12;

function refuse(column: string, what: string, remedy: string): never {
  throw new RelayError('BINLOG_UNSUPPORTED', `column ${column}: ${what}`, {
    details: { column },
    remedy: `${remedy}; then start from a position after it.`,
  });
}
