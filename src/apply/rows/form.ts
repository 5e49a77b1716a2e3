/**
 * How the text of a value becomes SQL, by the type of its column. Texts stand in double quotes: what JSON escapes is
 * then nearly what MySQL does.
 */

export interface Form {
  /** Digits, as they are; otherwise the text of a string, escaped. */
  readonly isBare: boolean;
  readonly before: string;
  readonly after: string;
}

const BARE: Form = { isBare: true, before: '', after: '' };
const TEXT: Form = { isBare: false, before: '"', after: '"' };
const within = (before: string, after: string): Form => ({
  isBare: false,
  before: `${before}"`,
  after: `"${after}`,
});
const BASE64 = within('FROM_BASE64(', ')');

const INTEGER = /^(tiny|small|medium|big)?int\b/;
const BINARY = /^((var)?binary|(tiny|medium|long)?blob|vector|geom\w*|(multi)?(point|linestring|polygon))\b/;
/** Types of MariaDB that the binlog has as BINARY. */
const OF_BYTES = new Set(['uuid', 'inet6', 'inet4']);

export const isBinary = (type: string): boolean => BINARY.test(type);

/** To store. `type`: as the message has it; `targetType`: name of the column's type in the target. */
export function valueForm(type: string, targetType: string): Form {
  if (INTEGER.test(type) || /^(decimal|bit|year)\b/.test(type)) return BARE;
  return isBinary(type) ? bytesForm(targetType) : TEXT;
}

/** To compare a column of a key with. A DECIMAL or an integer that is compared with a text may become a DOUBLE. */
export function keyForm(type: string, targetType: string): Form {
  if (INTEGER.test(type) || /^(decimal|bit)\b/.test(type)) return BARE;
  // A FLOAT is not equal to the DOUBLE that its text is.
  if (type.startsWith('float')) return within('CAST(', ' AS FLOAT)');
  if (type.startsWith('double')) return within('CAST(', ' AS DOUBLE)');
  return isBinary(type) ? bytesForm(targetType) : TEXT;
}

function bytesForm(targetType: string): Form {
  return OF_BYTES.has(targetType) ? within('CAST(FROM_BASE64(', `) AS ${targetType.toUpperCase()})`) : BASE64;
}

/**
 * A condition that holds for exactly this value, byte by byte, and for NULL: for rows of tables without a key.
 * `value`: SQL of the value as `keyForm` writes it, or `NULL`.
 */
export function sameAs(column: string, type: string, value: string): string {
  if (/^(enum|set|(var)?char|(tiny|medium|long)?text|json)\b/.test(type)) {
    return `CAST(CONVERT(${column} USING utf8mb4) AS BINARY) <=> CAST(${value} AS BINARY)`;
  }
  if (/^(geom|(multi)?(point|linestring|polygon)|vector)/.test(type)) return `HEX(${column}) <=> HEX(${value})`;
  return `${column} <=> ${value}`;
}
