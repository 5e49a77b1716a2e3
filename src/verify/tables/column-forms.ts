/** How a column is compared: an expression for either side whose texts are equal exactly if the values are. Pure. */
import { ADDRESS_BYTES } from '../../mysql/key-range.ts';
import { floatText } from '../../mysql/float-text.ts';
import { quoted } from '../../mysql/quoted.ts';
import { oneName, type DescribedColumn } from './described-table.ts';

export interface ComparedColumn {
  /** In the source. */
  readonly name: string;
  /** Never NULL; NULL is told from all values. One after the other, with a comma between, they are unambiguous. */
  readonly source: string;
  readonly target: string;
  /** As a person reads the value. */
  readonly shownInSource: string;
  readonly shownInTarget: string;
}

type Family = 'number' | 'float' | 'bit' | 'time' | 'text' | 'json' | 'bytes';

/** Longer values are hashed before they come into the hash of their row, which must fit into a packet. */
const SHORT_OCTETS = 64;

/**
 * Undefined where the two have no common form: see docs/verify.md. `isOneFlavour`: both servers are MySQL, or both are
 * MariaDB.
 */
export function comparedColumn(
  source: DescribedColumn,
  target: DescribedColumn,
  isOneFlavour: boolean,
): ComparedColumn | undefined {
  const forms = formsOf(source, target, isOneFlavour);
  if (forms === undefined) return undefined;
  const mayBeNull = source.isNullable || target.isNullable;
  const [sourceForm, targetForm] = forms;
  const marked = (column: DescribedColumn, form: string): string =>
    mayBeNull ? `IF(${quoted(column.name)} IS NULL, 'N', ${form})` : form;
  return {
    name: source.name,
    source: marked(source, sourceForm),
    target: marked(target, targetForm),
    shownInSource: shown(source),
    shownInTarget: shown(target),
  };
}

function formsOf(
  source: DescribedColumn,
  target: DescribedColumn,
  isOneFlavour: boolean,
): readonly [string, string] | undefined {
  const [one, other] = [familyOf(source), familyOf(target)];
  const both = (form: (column: DescribedColumn, name: string) => string): readonly [string, string] => [
    form(source, quoted(source.name)),
    form(target, quoted(target.name)),
  ];
  // The document that its text makes: numbers and times of a kind of their own are not told from plain ones, which is
  // all that a copy can have.
  if (one === 'json' && other === 'json')
    return both((_column, name) => `SHA2(CAST(CAST(${jsonText(name)} AS JSON) AS CHAR), 256)`);
  if (one === 'json' && other === 'text')
    return [`SHA2(${jsonText(quoted(source.name))}, 256)`, hashIn('utf8mb4', target)];
  if (one !== other) return undefined;
  const octets = Math.max(source.octets, target.octets);
  const isShort = octets > 0 && octets <= SHORT_OCTETS;
  switch (one) {
    case 'number': {
      const isFilled = [source, target].some(({ type }) => type.includes('zerofill'));
      return both((_column, name) => (isFilled ? `(${name} + 0)` : name));
    }
    case 'float':
      // MariaDB has no -0.
      return both((_column, name) => (isOneFlavour ? floatText(name) : `IF(${name} = 0, '0', ${floatText(name)})`));
    case 'bit':
      return both((_column, name) => `CAST(${name} AS UNSIGNED)`);
    case 'time':
      return both((_column, name) => name);
    case 'text': {
      const charset = oneName(source.charset) === oneName(target.charset) ? undefined : 'utf8mb4';
      if (!isShort) return [hashIn(charset, source), hashIn(charset, target)];
      return both((column) => lengthAndBytes(inCharset(charset, column)));
    }
    case 'bytes':
      return both((column, name) => {
        const address = ADDRESS_BYTES[column.dataType];
        if (address !== undefined) return lengthAndBytes(`CAST(${name} AS BINARY(${address}))`);
        return isShort ? lengthAndBytes(name) : `SHA2(${name}, 256)`;
      });
    default:
      return undefined;
  }
}

/**
 * NULL where it is longer than a packet: MySQL then gives an empty text, which no document has. 8.0.12 does not escape
 * the line feeds that it puts into the base64 of bytes.
 */
const jsonText = (name: string): string => `REPLACE(NULLIF(CAST(${name} AS CHAR), ''), '\\n', '\\\\n')`;

const lengthAndBytes = (value: string): string => `CONCAT(LENGTH(${value}), ':', CAST(${value} AS BINARY))`;

const hashIn = (charset: string | undefined, column: DescribedColumn): string =>
  `SHA2(${inCharset(charset, column)}, 256)`;

function inCharset(charset: string | undefined, { name, charset: own }: DescribedColumn): string {
  return charset === undefined || own === charset ? quoted(name) : `CONVERT(${quoted(name)} USING ${charset})`;
}

function familyOf({ dataType, charset }: DescribedColumn): Family {
  if (/int$|^decimal$|^year$/.test(dataType)) return 'number';
  if (dataType === 'float' || dataType === 'double') return 'float';
  if (/^(date|time|datetime|timestamp)$/.test(dataType)) return 'time';
  if (dataType === 'bit' || dataType === 'json') return dataType;
  return /char$|text$|^enum$|^set$/.test(dataType) && charset !== '' ? 'text' : 'bytes';
}

function shown(column: DescribedColumn): string {
  const name = quoted(column.name);
  switch (familyOf(column)) {
    case 'float':
      return `${name} * 1e0`;
    case 'bit':
      return `CAST(${name} AS UNSIGNED)`;
    case 'json':
      return jsonText(name);
    case 'text':
      return `CONVERT(${name} USING utf8mb4)`;
    case 'bytes':
      return column.dataType in ADDRESS_BYTES ? name : `CONCAT("x'", LEFT(HEX(${name}), 512), "'")`;
    default:
      return name;
  }
}
