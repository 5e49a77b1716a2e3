/**
 * The labels of ENUM and SET columns as the server stores them. information_schema and SHOW CREATE TABLE give them in
 * the three-byte UTF-8 of names, with a question mark for what that has no room for, and codes of one character that
 * are several in the column's charset would come back as one. So the server is made to put the number of each label
 * into a place of the column's own type, and to show the bytes that it finds there.
 */
import { RelayError } from '../../base/errors.ts';
import { textOf, type Asked, type Row } from '../rows.ts';
import type { ServerVersion } from '../server-version.ts';
import { quoted, quotedTable } from '../../mysql/quoted.ts';

interface Place {
  readonly database: string;
  readonly name: string;
}

interface LabelColumn {
  /** As SQL takes it. */
  readonly name: string;
  readonly isSet: boolean;
  readonly charset: string;
  /** As the server prints them, in UTF-8. */
  readonly printed: readonly Buffer[];
}

/** ASCII in them is other bytes, or other characters. */
const NOT_ASCII = new Set(['ucs2', 'utf16', 'utf16le', 'utf32', 'swe7']);
/** A label in COLUMN_TYPE; by hexadecimal digits MySQL prints binary ones that are no text. */
const LABEL = /x'([0-9a-f]*)'|'((?:''|\\.|[^'\\])*)'/gis;
/** As append_unescaped of sql/sql_show.cc prints them. */
const ESCAPED: Readonly<Record<string, string>> = { '\\0': '\0', '\\n': '\n', '\\r': '\r', '\\\\': '\\', "''": "'" };
/** An ENUM has at most 65,535 labels. */
const MOST_STEPS = 70_000;

/** For each of `rows`, which askColumns gave, its labels in the column's charset; none for all other types. */
export async function labelBytes(
  asked: Asked,
  version: ServerVersion,
  place: Place,
  rows: readonly Row[],
): Promise<readonly (readonly Buffer[])[]> {
  const labels: (readonly Buffer[])[] = [];
  for (const row of rows) {
    const type = textOf(row, 'data_type');
    if (type !== 'enum' && type !== 'set') {
      labels.push([]);
      continue;
    }
    const column: LabelColumn = {
      name: textOf(row, 'col'),
      isSet: type === 'set',
      charset: row['charset'] ?? 'binary',
      printed: printedLabels(textOf(row, 'column_type')),
    };
    labels.push(isPlain(column) ? column.printed : await askLabels(asked, version, place, column));
  }
  return labels;
}

function printedLabels(columnType: string): readonly Buffer[] {
  return Array.from(columnType.matchAll(LABEL), ([, hex, text = '']) =>
    hex === undefined
      ? Buffer.from(text.replace(/\\.|''/gs, (escape) => ESCAPED[escape] ?? escape.slice(1)))
      : Buffer.from(hex, 'hex'),
  );
}

const isPlain = ({ charset, printed }: LabelColumn): boolean =>
  !NOT_ASCII.has(charset) && printed.every((label) => label.every((byte) => byte < 0x80) && !isLossy(label));

const isLossy = (label: Buffer): boolean => label.includes('?');

async function askLabels(
  asked: Asked,
  version: ServerVersion,
  place: Place,
  column: LabelColumn,
): Promise<readonly Buffer[]> {
  if (version.flavour === 'mariadb') return askVariable(asked, place, column);
  return (await askRecursion(asked, place, column)) ?? convert(asked, place, column);
}

/** By a variable of the column's type: its recursion keeps a SET in one byte. */
async function askVariable(asked: Asked, place: Place, column: LabelColumn): Promise<readonly Buffer[]> {
  await asked.query(
    `BEGIN NOT ATOMIC
       DECLARE label TYPE OF ${quotedTable(place.database, place.name)}.${quoted(column.name)};
       DECLARE n INT DEFAULT 0;
       SET @binlog_relay_labels = '';
       WHILE n < ${column.printed.length} DO
         SET label = ${numberAfter(column)};
         SET @binlog_relay_labels = CONCAT(@binlog_relay_labels, HEX(label), ','), n = n + 1;
       END WHILE;
     END`,
  );
  const [row] = await asked.query('SELECT @binlog_relay_labels AS labels');
  return textOf(row, 'labels')
    .split(',')
    .slice(0, -1)
    .map((hex) => Buffer.from(hex, 'hex'));
}

/**
 * A recursion has the column types of its first part. Early versions (8.0.12 among them) take VARCHAR for ENUM there:
 * undefined. One number more than there are labels tells, as it has none.
 */
async function askRecursion(asked: Asked, place: Place, column: LabelColumn): Promise<readonly Buffer[] | undefined> {
  const rows = await asked.query(
    `WITH RECURSIVE labels (n, label) AS (
       SELECT 0, t.${quoted(column.name)} FROM (SELECT 1) one LEFT JOIN ${quotedTable(place.database, place.name)} t ON FALSE
       UNION ALL SELECT n + 1, ${numberAfter(column)} FROM labels WHERE n <= ${column.printed.length})
     SELECT /*+ SET_VAR(cte_max_recursion_depth = ${MOST_STEPS}) */ HEX(label) AS bytes FROM labels WHERE n > 0 ORDER BY n`,
  );
  const labels = rows.map((row) => Buffer.from(row['bytes'] ?? '', 'hex'));
  return labels.pop()?.length === 0 ? labels : undefined;
}

/** The number that stands for the label after the n-th. */
const numberAfter = ({ isSet }: LabelColumn): string => (isSet ? '1 << n' : 'n + 1');

async function convert(
  asked: Asked,
  place: Place,
  { name, charset, printed }: LabelColumn,
): Promise<readonly Buffer[]> {
  if (printed.some(isLossy)) {
    throw new RelayError(
      'BINLOG_UNSUPPORTED',
      `${place.database}.${place.name}: this MySQL version does not tell the labels of ${name} exactly`,
      {
        details: { database: place.database, table: place.name, column: name },
        remedy: 'Upgrade the MySQL server to the newest 8.0 or later, or exclude the table.',
      },
    );
  }
  const labels = printed.map((label) => `HEX(CONVERT(_utf8mb4 x'${label.toString('hex')}' USING ${charset}))`);
  const [row] = await asked.query(`SELECT CONCAT_WS(',', ${labels.join(', ')}) AS labels`);
  return textOf(row, 'labels')
    .split(',')
    .map((hex) => Buffer.from(hex, 'hex'));
}
