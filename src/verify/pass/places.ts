/** Places in the life of the source, compared. */
import { domainOf, parseGtidList } from '../../binlog/gtids/mariadb-position.ts';
import type { FilePosition } from '../../binlog/binlog.ts';
import { GtidSet } from '../../binlog/gtids/gtid-set.ts';
import { isBefore, parsePosition } from '../../binlog/wire/binlog-file.ts';
import { RelayError } from '../../base/errors.ts';
import { textLiteral } from '../../mysql/text-literal.ts';
import type { Asked, Place, Row } from '../verify.ts';

/** Everything that the source has executed by now. */
export async function executed(source: Asked): Promise<Place> {
  const isMariadb = source.flavour === 'mariadb';
  const [row] = await source.query(
    isMariadb ? 'SELECT @@GLOBAL.gtid_binlog_pos AS gtids' : 'SELECT @@GLOBAL.gtid_executed AS gtids',
  );
  const gtidSet = (row?.['gtids'] ?? '').replaceAll(/\s/g, '');
  if (gtidSet !== '') return { gtidSet, position: '' };
  return { gtidSet: '', position: isMariadb ? '' : await binlogEnd(source) };
}

async function binlogEnd(source: Asked): Promise<string> {
  let rows: readonly Row[];
  try {
    rows = await source.query('SHOW BINARY LOG STATUS');
  } catch {
    // The words of versions before 8.2.
    rows = await source.query('SHOW MASTER STATUS');
  }
  const [row] = rows;
  return `${row?.['File'] ?? ''}:${row?.['Position'] ?? ''}`;
}

/** Whether `reached` holds everything that `wanted` holds. */
export function holds({ flavour }: Pick<Asked, 'flavour'>, reached: Place, wanted: Place): boolean {
  if (wanted.gtidSet === '') {
    // A server of MariaDB that has written nothing yet.
    return wanted.position === '' || (reached.position !== '' && !isBefore(placeOf(reached), placeOf(wanted)));
  }
  if (flavour === 'mariadb') return holdsList(reached.gtidSet, wanted.gtidSet);
  return GtidSet.parse(reached.gtidSet).contains(GtidSet.parse(wanted.gtidSet));
}

/** What is lacking, for a person; empty where it is not known. */
export async function lacking(source: Asked, reached: Place, wanted: Place): Promise<string> {
  if (wanted.gtidSet === '') return wanted.position;
  if (source.flavour === 'mariadb') return wanted.gtidSet;
  const [row] = await source.query(
    `SELECT GTID_SUBTRACT(${textLiteral(wanted.gtidSet)}, ${textLiteral(reached.gtidSet)}) AS lacking`,
  );
  return (row?.['lacking'] ?? '').replaceAll(/\s/g, '');
}

/** Of MariaDB: in each domain as far, or further. Exported for its test. */
export function holdsList(reached: string, wanted: string): boolean {
  const numbers = new Map<string, bigint>();
  for (const { source, gno } of parseGtidList(reached)) {
    const domain = domainOf(source);
    const known = numbers.get(domain);
    if (known === undefined || gno > known) numbers.set(domain, gno);
  }
  return parseGtidList(wanted).every(({ source, gno }) => (numbers.get(domainOf(source)) ?? 0n) >= gno);
}

function placeOf({ position }: Place): FilePosition {
  const place = parsePosition(position);
  if (place !== undefined) return place;
  throw new RelayError('INTERNAL', `${JSON.stringify(position)} is no position in a binlog`);
}
