import { isInUtf8, ownExpressions, type HexKey, type KeyColumn } from '../../mysql/key-range.ts';
import { selectColumns } from '../tables/queries.ts';
import type { Asked, Difference, DifferenceKind, Row } from '../verify.ts';
import type { TableOptions } from './table-options.ts';

type Described = Pick<TableOptions, 'pair' | 'ends' | 'showsValues'>;

/** The row as a person is told of it. It may have changed since: then with less. */
export async function describeDifference(
  { pair, ends, showsValues }: Described,
  key: HexKey,
  kind: DifferenceKind,
): Promise<Difference> {
  const { columns } = pair;
  const source = await ends.source();
  const target = await ends.target();
  const hashes = (forms: readonly string[]): readonly string[] => forms.map((form) => `SHA2(CONCAT(${form}), 256)`);
  const [one] = await source.query(selectColumns(pair.source, key, hashes(columns.map((column) => column.source))));
  const [other] = await target.query(selectColumns(pair.target, key, hashes(columns.map((column) => column.target))));
  const different = columns.filter((_column, i) => one?.[`c${i}`] !== other?.[`c${i}`]);
  const changed = kind === 'changed' ? different : [];
  const shown = shownKey(pair.source.key, key);
  const difference = {
    kind,
    key: await ownKey(source, pair.source.key, key),
    shown,
    columns: changed.map(({ name }) => name),
  };
  if (!showsValues) return difference;
  const wanted = kind === 'changed' ? changed : columns;
  const shownOf = async (
    asked: typeof source,
    side: typeof pair.source,
    forms: readonly string[],
  ): Promise<Row | undefined> =>
    forms.length === 0 ? undefined : (await asked.query(selectColumns(side, key, forms)))[0];
  const before = await shownOf(
    source,
    pair.source,
    wanted.map(({ shownInSource }) => shownInSource),
  );
  const after = await shownOf(
    target,
    pair.target,
    wanted.map(({ shownInTarget }) => shownInTarget),
  );
  return {
    ...difference,
    values: Object.fromEntries(
      wanted.map(({ name }, i) => [name, [before?.[`c${i}`] ?? null, after?.[`c${i}`] ?? null] as const]),
    ),
  };
}

/** With the bytes of the source, as the relay is asked for it. */
async function ownKey(source: Asked, columns: readonly KeyColumn[], key: HexKey): Promise<HexKey> {
  if (!columns.some(isInUtf8)) return key;
  const [row] = await source.query(
    `SELECT ${ownExpressions(columns, key)
      .map((sql, i) => `${sql} AS c${i}`)
      .join(', ')}`,
  );
  return key.map((hex, i) => row?.[`c${i}`] ?? hex);
}

/** `id=17`; bytes that are no text in hexadecimal. */
export function shownKey(columns: readonly KeyColumn[], key: HexKey): string {
  return columns
    .map(({ name, form }, i) => {
      const hex = key[i] ?? '';
      const bytes = Buffer.from(hex, 'hex');
      const isUnicode = form.kind === 'text' && (form.isInUtf8 === true || /^(utf8|ascii)/.test(form.charset));
      if (
        form.kind === 'bytes' ||
        form.kind === 'address' ||
        form.kind === 'bit' ||
        (form.kind === 'text' && !isUnicode)
      ) {
        // Of any charset letters and digits of ASCII are shown, all else stays what it is.
        return /^(?:[2-7][0-9A-F])*$/i.test(hex) && form.kind === 'text'
          ? `${name}=${JSON.stringify(bytes.toString('latin1'))}`
          : `${name}=x'${hex}'`;
      }
      return form.kind === 'text' ? `${name}=${JSON.stringify(bytes.toString())}` : `${name}=${bytes.toString()}`;
    })
    .join(', ');
}
