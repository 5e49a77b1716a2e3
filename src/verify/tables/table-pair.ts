/** A table of the source beside its copy: which columns are compared, and by which key rows are found. Pure. */
import { ADDRESS_BYTES, type KeyColumn, type KeyForm } from '../../mysql/key-range.ts';
import { quoted } from '../../mysql/quoted.ts';
import { comparedColumn, type ComparedColumn } from './column-forms.ts';
import { oneName, type DescribedColumn, type DescribedTable } from './described-table.ts';

/** One side of the pair, as statements need it. */
export interface Side {
  readonly table: string;
  /** Empty without a key. */
  readonly key: readonly KeyColumn[];
  /** The index that rows are read by, as SQL; empty where the server is to choose. */
  readonly index: string;
  /** Holds for the rows that count; empty: all do. */
  readonly counted: string;
  /** 32 digits for each row; NULL if the server could not compute it. */
  readonly rowHash: string;
}

export interface TablePair {
  /** `shop.orders`, in the source. */
  readonly name: string;
  readonly database: string;
  readonly table: string;
  readonly source: Side;
  readonly target: Side;
  readonly hasKey: boolean;
  /** The target has the keys in the order of the source: a range is the same set on both sides. */
  readonly isInOneOrder: boolean;
  readonly columns: readonly ComparedColumn[];
  /** Columns of the source that the target does not have. */
  readonly missing: readonly string[];
  /** Columns whose types have no common form. */
  readonly incomparable: readonly string[];
  readonly estimatedRows: number;
}

/** `softDelete`: column of the target that is NULL but in rows that are deleted, where it has one. */
export function tablePair(source: DescribedTable, target: DescribedTable, softDelete?: string): TablePair {
  const byName = new Map(target.columns.map((column) => [column.name.toLowerCase(), column]));
  const columns: ComparedColumn[] = [];
  const missing: string[] = [];
  const incomparable: string[] = [];
  for (const column of source.columns) {
    const other = byName.get(column.name.toLowerCase());
    const compared = other && comparedColumn(column, other, source.flavour === target.flavour);
    if (compared !== undefined) columns.push(compared);
    else (other === undefined ? missing : incomparable).push(column.name);
  }
  const [key] = source.keys;
  const keyColumns = key?.columns ?? [];
  const targetColumns = keyColumns.map(({ name }) => byName.get(name.toLowerCase()));
  const known = targetColumns.filter((column) => column !== undefined);
  const hasKey = key !== undefined && known.length === keyColumns.length;
  const mark = softDelete === undefined ? undefined : byName.get(softDelete.toLowerCase());
  const targetIndex = target.keys.find(({ columns: parts }) => namesOf(parts) === namesOf(known))?.name;
  return {
    name: `${source.database}.${source.table}`,
    database: source.database,
    table: source.table,
    source: {
      table: source.sql,
      key: hasKey ? keyColumns.map((column, i) => keyColumn(column, known[i])) : [],
      index: hasKey ? ` FORCE INDEX (${quoted(key.name)})` : '',
      counted: '',
      rowHash: rowHash(columns.map(({ source: form }) => form)),
    },
    target: {
      table: target.sql,
      key: hasKey ? known.map((column, i) => keyColumn(column, keyColumns[i])) : [],
      index: hasKey && targetIndex !== undefined ? ` FORCE INDEX (${quoted(targetIndex)})` : '',
      counted: mark === undefined ? '' : `${quoted(mark.name)} IS NULL`,
      rowHash: rowHash(columns.map(({ target: form }) => form)),
    },
    hasKey,
    isInOneOrder:
      hasKey && keyColumns.every((column, i) => oneName(column.collation) === oneName(known[i]?.collation ?? '')),
    columns,
    missing,
    incomparable,
    estimatedRows: source.estimatedRows,
  };
}

/** MySQL has MD5 no more from 9.6 on. */
const rowHash = (forms: readonly string[]): string =>
  `LEFT(SHA2(CONCAT(${["''", ...forms].join(", ',', ")}), 256), 32)`;

const namesOf = (columns: readonly DescribedColumn[]): string =>
  columns.map(({ name }) => name.toLowerCase()).join('\n');

/** As the key of the other side has it too. */
function keyColumn(column: DescribedColumn, other: DescribedColumn | undefined): KeyColumn {
  const form = keyForm(column);
  const isInUtf8 = form.kind === 'text' && oneName(form.charset) !== oneName(other?.charset ?? '');
  return { name: column.name, form: isInUtf8 ? { ...form, isInUtf8 } : form };
}

function keyForm({ dataType, charset, collation }: DescribedColumn): KeyForm {
  if (/int$|^decimal$|^year$/.test(dataType)) return { kind: 'number' };
  if (dataType === 'float' || dataType === 'double') return { kind: 'float' };
  if (/^(date|time|datetime|timestamp)$/.test(dataType)) return { kind: 'time' };
  if (dataType === 'bit') return { kind: 'bit' };
  if (dataType === 'enum' || dataType === 'set') return { kind: 'index' };
  if (dataType in ADDRESS_BYTES) return { kind: 'address', type: dataType };
  return charset === '' ? { kind: 'bytes' } : { kind: 'text', charset, collation };
}
