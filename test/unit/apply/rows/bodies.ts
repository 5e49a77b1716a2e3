/** Bodies of messages as the relay writes them, of rows given by hand. */
import type { ColumnPlan, TablePlan } from '../../../../src/apply/rows/table-plan.ts';
import { keyForm, valueForm } from '../../../../src/apply/rows/form.ts';

export type Values = readonly (readonly [string, string | null])[];

export interface BodyParts {
  readonly kind?: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly key?: readonly string[] | null;
  readonly types: Readonly<Record<string, string>>;
  readonly data: readonly Values[];
  readonly old?: readonly Values[];
  readonly head?: Readonly<Record<string, unknown>>;
  readonly invalidText?: readonly object[];
}

const objectOf = (values: Values): string =>
  `{${values.map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`).join()}}`;

export function body({ kind = 'INSERT', key = ['id'], types, data, old, head = {}, invalidText }: BodyParts): Buffer {
  const changes = data.map((_, i) => `"23#${i}"`);
  const extra = Object.entries(head).map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return Buffer.from(
    `{"type":"${kind}","database":"shop","table":"orders","pkNames":${JSON.stringify(key)},"isDdl":false,"sql":"",` +
      `"mysqlType":${JSON.stringify(types)},"sqlType":{},"source":"uuid"${extra.join('')},` +
      `"data":[${data.map(objectOf).join()}],"old":${old === undefined ? 'null' : `[${old.map(objectOf).join()}]`},` +
      `"changes":[${changes.join()}]${invalidText === undefined ? '' : `,"invalidText":${JSON.stringify(invalidText)}`},` +
      `"gtid":"uuid:23","es":1795427500000,"ts":1795427500012,"id":9}`,
  );
}

export function planOf(
  types: Readonly<Record<string, string>>,
  key: readonly string[] | undefined,
  changes: Partial<TablePlan> = {},
): TablePlan {
  const columns = new Map(
    Object.entries(types).map(([name, type]): [string, ColumnPlan] => [
      name,
      {
        name,
        sql: `\`${name}\``,
        type,
        isGenerated: false,
        value: valueForm(type, ''),
        key: keyForm(type, ''),
      },
    ]),
  );
  return {
    name: 'copy.orders',
    sql: '`copy`.`orders`',
    columns,
    key: key?.flatMap((name) => columns.get(name) ?? []),
    softDelete: undefined,
    keptOnUpdate: [],
    enums: [],
    floats: [],
    comparesOneByOne: false,
    ...changes,
  };
}
