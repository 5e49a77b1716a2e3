/**
 * Which number columns are unsigned. The server writes one bit per number column, but which columns count has changed:
 * 8.0.12 leaves YEAR out, 8.0.29 and later count it (has_signedess_information_type in sql/field_common_properties.h).
 * Of the versions between, the bits themselves must tell: they fill their last byte with zeros, and a YEAR that counts
 * is unsigned.
 */
import { RelayError } from '../../base/errors.ts';
import { TYPE } from '../wire/column-types.ts';
import { decodeError } from '../wire/decode-error.ts';

const NUMBERS = new Set<number>([
  TYPE.DECIMAL,
  TYPE.TINY,
  TYPE.SHORT,
  TYPE.LONG,
  TYPE.FLOAT,
  TYPE.DOUBLE,
  TYPE.LONGLONG,
  TYPE.INT24,
  TYPE.NEWDECIMAL,
]);
const LAST_WITHOUT_YEAR = 80_012;
const FIRST_WITH_YEAR = 80_029;

/**
 * For each column whether it is unsigned; false for all that are no numbers, YEAR among them. `writerVersion`: see
 * FormatDescription.versionNumber. Throws BINLOG_DECODE, or BINLOG_UNSUPPORTED when the bits can be read in two ways.
 */
export function unsignedColumns(
  types: readonly number[],
  bits: Buffer | undefined,
  writerVersion: number,
): readonly boolean[] {
  const own = bits ?? Buffer.alloc(0);
  if (!types.includes(TYPE.YEAR)) return read(types, own, false) ?? misfit();
  if (writerVersion >= FIRST_WITH_YEAR) return read(types, own, true) ?? misfit();
  if (writerVersion > 0 && writerVersion <= LAST_WITHOUT_YEAR) return read(types, own, false) ?? misfit();
  const counted = isYearUnsigned(types, own) ? read(types, own, true) : undefined;
  const left = read(types, own, false);
  if (counted === undefined || left === undefined) return counted ?? left ?? misfit();
  throw new RelayError(
    'BINLOG_UNSUPPORTED',
    `TABLE_MAP: it cannot be told which columns after a YEAR are unsigned, as MySQL wrote it before ${FIRST_WITH_YEAR}`,
    { remedy: 'Upgrade the MySQL server to 8.0.29 or later, or exclude the table.', details: { writerVersion } },
  );
}

/** Undefined when the bits do not fit these columns. */
function read(types: readonly number[], bits: Buffer, countsYear: boolean): boolean[] | undefined {
  let n = 0;
  const unsigned = types.map((type) => {
    if (type === TYPE.YEAR && countsYear) n++;
    return NUMBERS.has(type) && bitAt(bits, n++);
  });
  if (bits.length !== (n + 7) >> 3) return undefined;
  for (let i = n; i < bits.length * 8; i++) if (bitAt(bits, i)) return undefined;
  return unsigned;
}

function isYearUnsigned(types: readonly number[], bits: Buffer): boolean {
  const numbers = types.filter((type) => type === TYPE.YEAR || NUMBERS.has(type));
  return numbers.every((type, n) => type !== TYPE.YEAR || bitAt(bits, n));
}

/** The n-th bit, high bit of the first byte first. */
function bitAt(bits: Buffer, n: number): boolean {
  return (((bits[n >> 3] ?? 0) << (n & 7)) & 0x80) !== 0;
}

function misfit(): never {
  throw decodeError('TABLE_MAP', 'one signedness bit per number column', 0);
}
