import { exactText, type ColumnKind } from './column-kind.ts';
import type { Random } from './random.ts';

/** Zero and partial dates are values under an empty sql_mode. */
const DATES = [
  '0000-00-00', '2026-00-00', '2026-05-00', '0000-01-01', '0001-01-01', '0099-12-31', '1000-01-01', '1582-10-10', '1969-12-31', '1970-01-01', '2000-02-29', '2024-02-29', '2038-01-19', '9999-12-31',
]; // prettier-ignore
const two = (n: number): string => String(n).padStart(2, '0');

function dateText(r: Random): string {
  if (r.chance(0.3)) return r.pick(DATES);
  return `${String(r.int(1, 9999)).padStart(4, '0')}-${two(r.int(1, 12))}-${two(r.int(1, 28))}`;
}

function fractionText(r: Random, digits: number): string {
  if (digits === 0 || r.chance(0.2)) return '';
  const text = r.chance(0.3)
    ? r.pick(['000001', '100000', '999999', '000100'])
    : String(r.int(0, 999_999)).padStart(6, '0');
  return `.${text.slice(0, digits)}`;
}

const clockText = (r: Random, hour: number, digits: number): string =>
  `${two(hour)}:${two(r.int(0, 59))}:${two(r.pick([0, 59, r.int(0, 59)]))}${fractionText(r, digits)}`;

const temporal = (sql: string, rowBytes: number, text: (r: Random) => string): ColumnKind => ({
  sql,
  rowBytes,
  keyPart: '',
  exact: exactText,
  value: (r) => `'${text(r)}'`,
});

export const dateKind = (): ColumnKind => temporal('DATE', 3, dateText);

export function timeKind(random: Random): ColumnKind {
  const digits = random.int(0, 6);
  const smallest = digits === 0 ? '-00:00:01' : `-00:00:00.${'1'.padStart(digits, '0')}`;
  const edges = ['00:00:00', '838:59:59', '-838:59:59', '-00:00:00', '100:00:00', '-100:00:01', smallest, '-01:00:00'];
  return temporal(`TIME(${digits})`, 6, (r) =>
    r.chance(0.3) ? r.pick(edges) : `${r.chance(0.5) ? '-' : ''}${clockText(r, r.int(0, 837), digits)}`,
  );
}

export function datetimeKind(random: Random): ColumnKind {
  const digits = random.int(0, 6);
  return temporal(`DATETIME(${digits})`, 8, (r) =>
    r.chance(0.1) ? '0000-00-00 00:00:00' : `${dateText(r)} ${clockText(r, r.int(0, 23), digits)}`,
  );
}

const LAST_TIMESTAMP = 2 ** 31 - 1;

export function timestampKind(random: Random): ColumnKind {
  const digits = random.int(0, 6);
  return temporal(`TIMESTAMP(${digits})`, 7, (r) => {
    if (r.chance(0.1)) return '0000-00-00 00:00:00';
    const seconds = r.chance(0.2) ? r.pick([1, 2, LAST_TIMESTAMP - 1, 951_827_696]) : r.int(1, LAST_TIMESTAMP - 1);
    return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')}${fractionText(r, digits)}`;
  });
}

export const yearKind = (): ColumnKind => ({
  sql: 'YEAR',
  rowBytes: 1,
  keyPart: '',
  exact: exactText,
  // A four-digit text: the number 0 is the year 2000.
  value: (r) => `'${r.chance(0.2) ? '0000' : String(r.pick([1901, 1969, 1970, 2000, 2155, r.int(1901, 2155)]))}'`,
});
