import { mysqlTypeOf } from '../binlog/rows/columns.ts';
import type { Column, Table } from '../binlog/binlog.ts';
import type { FormatName } from './format.ts';

/** What the table of Flink is to be like. */
export interface FlinkTableOptions {
  readonly excludes: (column: string) => boolean;
  /** Dates and times as texts, for tables that hold `0000-00-00` or `2026-11-00`, which Flink has no value for. */
  readonly zeroDates: boolean;
  /** Of the relay; one of Flink's has the same name. */
  readonly format: FormatName;
  /** See PublishPolicy. */
  readonly binary: 'base64' | 'latin1';
  readonly timeZone: string;
  readonly nameServer: string;
  readonly topic: string;
  readonly group: string;
}

/** A type of Flink SQL that holds every value of a column, and what a reader has to know of it. */
interface FlinkType {
  readonly type: string;
  readonly note?: string;
}

/** The digits that Flink's DECIMAL has at most. */
const MAX_DIGITS = 38;
const INTEGERS: Readonly<Record<string, string>> = {
  tinyint: 'TINYINT',
  'tinyint unsigned': 'SMALLINT',
  smallint: 'SMALLINT',
  'smallint unsigned': 'INT',
  mediumint: 'INT',
  'mediumint unsigned': 'INT',
  int: 'INT',
  'int unsigned': 'BIGINT',
  bigint: 'BIGINT',
  'bigint unsigned': 'DECIMAL(20, 0)',
  year: 'SMALLINT',
};
const TEXTS = /^(char|varchar|tinytext|text|mediumtext|longtext|enum|set|json)\b/;
const BYTES = /^(binary|varbinary|tinyblob|blob|mediumblob|longblob)\b/;
const SPATIAL = /^(geometry|point|linestring|polygon|multi\w+|geom\w*collection)\b/;

/**
 * CREATE TABLE for the connector of integrations/flink: the columns of `table` in types that every value of MySQL fits
 * into as this relay publishes it.
 */
export function flinkTable(table: Table, options: FlinkTableOptions): string {
  const { database, name, primaryKey } = table;
  const published = table.columns.filter((column) => !options.excludes(column.name));
  const key = primaryKey.map(({ column }) => column.name);
  const hasKey = key.length > 0 && key.every((part) => published.some((column) => column.name === part));
  const columns = published.map((column) => columnLine(column, hasKey && key.includes(column.name), options));
  const settings = [
    ['connector', 'binlog-relay'],
    ['name-server', options.nameServer],
    ['topic', options.topic],
    ['group', options.group],
    ['table', listItem(`${database}.${name}`)],
    ['format', options.format],
  ];
  return [
    `-- ${oneLine(`${database}.${name}`)}, as binlog-relay publishes it.`,
    ...(hasKey
      ? []
      : [
          '-- It has no primary key: rows that come again after a crash of the relay, or with a copy, are there twice.',
        ]),
    `CREATE TABLE ${quoted(name)} (`,
    ...columns.map(({ code, note }, i) => {
      const comma = i < columns.length - 1 || hasKey ? ',' : '';
      return `  ${code}${comma}${note === '' ? '' : ` -- ${oneLine(note)}`}`;
    }),
    ...(hasKey ? [`  PRIMARY KEY (${key.map(quoted).join(', ')}) NOT ENFORCED`] : []),
    ') WITH (',
    settings.map(([option = '', value = '']) => `  ${literal(option)} = ${literal(value)}`).join(',\n'),
    ');',
    '',
  ].join('\n');
}

function columnLine(column: Column, isKey: boolean, options: FlinkTableOptions): { code: string; note: string } {
  const declared = mysqlTypeOf(column);
  const { type, note } = flinkTypeOf(declared, options);
  return {
    code: `${quoted(column.name)} ${type}${isKey ? ' NOT NULL' : ''}`,
    note: note === undefined ? declared : `${declared}: ${note}`,
  };
}

/** Of a type as `mysqlType` has it. */
export function flinkTypeOf(
  declared: string,
  { zeroDates, binary, timeZone, format }: Pick<FlinkTableOptions, 'zeroDates' | 'binary' | 'timeZone' | 'format'>,
): FlinkType {
  const plain = declared.replace(/ zerofill$/, '');
  const integer = INTEGERS[plain.replace(/\(\d+\)/, '')];
  if (integer !== undefined) return { type: integer };

  const [, kind = '', first = '', second = '0'] = /^(\w+)(?:\((\d+)(?:,(\d+))?\))?/.exec(plain) ?? [];
  const digits = first === '' ? 0 : Number(first);
  const fraction = first === '' ? 0 : digits;
  switch (kind) {
    case 'decimal':
      return digits > MAX_DIGITS
        ? { type: 'STRING', note: `its text, since DECIMAL has ${MAX_DIGITS} digits in Flink` }
        : { type: `DECIMAL(${digits}, ${second})` };
    case 'float':
      return { type: 'FLOAT' };
    case 'double':
      return { type: 'DOUBLE' };
    case 'bit':
      if (format === 'debezium-json') {
        if (digits === 1) return { type: 'BOOLEAN' };
        return { type: 'BYTES', note: 'the lowest byte first' };
      }
      return { type: digits < 64 ? 'BIGINT' : 'DECIMAL(20, 0)', note: 'the number that the bits make' };
    case 'date':
      return zeroDates ? { type: 'STRING' } : { type: 'DATE' };
    case 'datetime':
      return zeroDates ? { type: 'STRING' } : { type: `TIMESTAMP(${fraction})` };
    case 'timestamp':
      return { type: zeroDates ? 'STRING' : `TIMESTAMP(${fraction})`, note: `in ${timeZone}` };
    case 'time':
      return { type: 'STRING', note: 'its text, since it goes from -838:59:59 to 838:59:59' };
  }
  if (TEXTS.test(plain)) return { type: 'STRING' };
  if (BYTES.test(plain) || SPATIAL.test(plain) || kind === 'vector') {
    if (binary === 'latin1') return { type: 'STRING', note: 'each byte as the character of its number' };
    if (SPATIAL.test(plain)) return { type: 'BYTES', note: 'the SRID in 4 bytes, little-endian, then WKB' };
    return kind === 'vector' ? { type: 'BYTES', note: '4 bytes a number, little-endian' } : { type: 'BYTES' };
  }
  return { type: 'STRING', note: 'its text: a type that is not known here' };
}

/** An item of an option that takes a list. */
const listItem = (text: string): string => (/[;'"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** What stands in a comment must not end it. */
const oneLine = (text: string): string => text.replace(/[\r\n\u2028\u2029]+/g, ' ');
