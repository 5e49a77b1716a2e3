/** Keys as a table would hold them, from what somebody wrote. */
import { RelayError } from '../../base/errors.ts';
import type { Column, KeyPart } from '../../binlog/binlog.ts';
import { collationOf } from '../../binlog/charsets/collations.ts';
import { TYPE } from '../../binlog/wire/column-types.ts';
import { serverErrorNumber } from '../mysql-errors.ts';
import { textOf, type Asked, type Row } from '../rows.ts';
import type { KeyBytes, KeyValue, WrittenKey } from '../source.ts';
import type { KeyCharset, TableDefinition } from './definition.ts';
import { fitted, isCharText, type Fitted } from './key-value.ts';

/** One statement asks of so many texts, and of so many bytes of them. */
const MAX_TEXTS = 200;
const MAX_BYTES = 128 << 10;
const ER_INVALID_CHARACTER_STRING = 1300;

interface Place {
  readonly name: string;
  readonly column: Column;
  readonly value: KeyValue;
  readonly charset: KeyCharset | undefined;
}

/** See TableReader. Asks the server for what texts are in the charset of their column. */
export async function heldKeys(
  asked: Asked,
  definition: TableDefinition,
  keys: readonly WrittenKey[],
): Promise<readonly KeyBytes[]> {
  const places = keys.map((key) => placesOf(definition, key));
  const texts = places.flat().filter(({ column }) => isCharText(column));
  const ofTexts = new Map<Place, Fitted>();
  for (const batch of batches(texts)) await askTexts(asked, batch, ofTexts);
  return places.map((key) =>
    key.map((place) => {
      const held = ofTexts.get(place) ?? fitted(place.column, place.value);
      if ('bytes' in held) return held.bytes;
      throw invalid(`${place.name}: what is asked for the column ${place.column.name} ${held.problem}`);
    }),
  );
}

function placesOf({ table, keyCharsets }: TableDefinition, { name, values, isBound }: WrittenKey): readonly Place[] {
  const { primaryKey } = table;
  if (values.length !== primaryKey.length && (!isBound || values.length > primaryKey.length || values.length === 0)) {
    const columns = primaryKey.map(({ column }) => column.name).join(', ');
    throw invalid(
      `${name} has ${values.length} ${values.length === 1 ? 'part' : 'parts'}, the key of ${table.database}.${table.name} ${primaryKey.length}: ${columns}`,
    );
  }
  return values.flatMap((value, i) => {
    const part: KeyPart | undefined = primaryKey[i];
    return part === undefined ? [] : [{ name: `${name}[${i}]`, column: part.column, value, charset: keyCharsets[i] }];
  });
}

function* batches(places: readonly Place[]): Generator<readonly Place[]> {
  let batch: Place[] = [];
  let sizeBytes = 0;
  for (const place of places) {
    if (batch.length >= MAX_TEXTS || (batch.length > 0 && sizeBytes + place.value.bytes.length > MAX_BYTES)) {
      yield batch;
      batch = [];
      sizeBytes = 0;
    }
    batch.push(place);
    sizeBytes += place.value.bytes.length;
  }
  if (batch.length > 0) yield batch;
}

async function askTexts(asked: Asked, batch: readonly Place[], into: Map<Place, Fitted>): Promise<void> {
  const columns = batch.map((place, i) => {
    const value = expressionOf(place);
    return `HEX(${value}) AS b${i}, HEX(CONVERT(${value} USING utf8mb4)) AS u${i}, CHAR_LENGTH(${value}) AS n${i}`;
  });
  let row: Row | undefined;
  try {
    [row] = await asked.query(`SELECT ${columns.join(', ')}`);
  } catch (error) {
    // One of them has bytes that are none of its charset.
    if (serverErrorNumber(error) !== ER_INVALID_CHARACTER_STRING) throw error;
    const [first, ...more] = batch;
    if (first === undefined) return;
    if (more.length === 0) {
      into.set(first, NO_TEXT);
      return;
    }
    const half = batch.length >> 1;
    await askTexts(asked, batch.slice(0, half), into);
    await askTexts(asked, batch.slice(half), into);
    return;
  }
  for (const [i, place] of batch.entries()) into.set(place, textIn(row, i, place));
}

function expressionOf({ value: { form, bytes }, charset }: Place): string {
  const hex = `x'${bytes.toString('hex')}'`;
  if (charset === undefined) return hex;
  return form === 'bytes' ? `_${charset.charset} ${hex}` : `CONVERT(_utf8mb4 ${hex} USING ${charset.charset})`;
}

const NO_TEXT: Fitted = { problem: 'has characters, or bytes, that its charset does not have' };

function textIn(row: Row | undefined, i: number, { column, value, charset }: Place): Fitted {
  const hex = row?.[`b${i}`] ?? undefined;
  // What the charset does not have would have become `?`.
  const back = row?.[value.form === 'bytes' ? `b${i}` : `u${i}`]?.toLowerCase();
  if (hex === undefined || back !== value.bytes.toString('hex')) return NO_TEXT;
  const bytes = Buffer.from(hex, 'hex');
  const spaces = column.type === TYPE.STRING ? spacesAtEnd(bytes, charset?.charset ?? '') : { bytes: 0, chars: 0 };
  const limit = maxChars(column);
  const chars = Number(textOf(row, `n${i}`)) - spaces.chars;
  if (limit !== undefined && chars > limit) return { problem: `has ${chars} characters, the column ${limit}` };
  return { bytes: bytes.subarray(0, bytes.length - spaces.bytes) };
}

/** A CHAR holds none. */
function spacesAtEnd(bytes: Buffer, charset: string): { readonly bytes: number; readonly chars: number } {
  const space = SPACES[charset] ?? ONE_BYTE_SPACE;
  let end = bytes.length;
  while (end >= space.length && bytes.subarray(end - space.length, end).equals(space)) end -= space.length;
  return { bytes: bytes.length - end, chars: (bytes.length - end) / space.length };
}

const ONE_BYTE_SPACE = Buffer.from(' ');
const SPACES: Readonly<Record<string, Buffer>> = {
  ucs2: Buffer.from('0020', 'hex'),
  utf16: Buffer.from('0020', 'hex'),
  utf16le: Buffer.from('2000', 'hex'),
  utf32: Buffer.from('00000020', 'hex'),
};

/** Undefined for TEXT, of which a key has the beginning only, and under a collation that is not known. */
function maxChars({ type, meta, collation }: Column): number | undefined {
  const maxBytes = collationOf(collation)?.maxBytes;
  const isSized = type === TYPE.STRING || type === TYPE.VARCHAR || type === TYPE.VAR_STRING;
  return isSized && maxBytes !== undefined ? Math.floor(meta / maxBytes) : undefined;
}

const invalid = (message: string): RelayError => new RelayError('COPY_KEY_INVALID', message);
