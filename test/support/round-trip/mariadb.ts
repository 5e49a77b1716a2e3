/** Columns that only MariaDB has. */
import { exactBytes, exactText, hex, type ColumnKind } from './column-kind.ts';
import { document } from './json.ts';
import type { Random } from './random.ts';

const FIXED = [
  ['UUID', 16],
  ['INET6', 16],
  ['INET4', 4],
] as const;

/**
 * MariaDB 10.11 turns round the parts of some UUIDs of version 8 when it stores them:
 * CAST(x'01f08ca746e7807b807fb36a04c197a9' AS UUID) is read as 04c197a9-b36a-807f-807b-01f08ca746e7, which stored again
 * is another one still.
 */
const VERSION_BYTE = 6;

/** Logged as bytes, which the server takes back as they are. */
export function fixedKind(random: Random): ColumnKind {
  const [sql, bytes] = random.pick(FIXED);
  return {
    sql,
    rowBytes: bytes,
    keyPart: '',
    exact: exactText,
    value: (r) => {
      const value = r.chance(0.2) ? Buffer.alloc(bytes, r.pick([0, 0xff])) : r.bytes(bytes);
      // The binlog leaves out zeros at the end.
      if (r.chance(0.2)) value.fill(0, r.int(0, bytes - 1));
      if (sql === 'UUID') value.writeUInt8(value.readUInt8(VERSION_BYTE) & 0x7f, VERSION_BYTE);
      return `CAST(${hex(value)} AS ${sql})`;
    },
  };
}

const COMPRESSED = [
  ['VARCHAR(300) COMPRESSED CHARACTER SET utf8mb4', 1200, 'text'],
  ['VARCHAR(60) COMPRESSED CHARACTER SET latin1', 62, 'text'],
  ['TINYTEXT COMPRESSED CHARACTER SET latin1', 12, 'text'],
  ['TEXT COMPRESSED CHARACTER SET utf8mb4', 12, 'text'],
  ['LONGTEXT COMPRESSED CHARACTER SET utf8mb3', 12, 'text'],
  ['VARBINARY(300) COMPRESSED', 302, 'bytes'],
  ['BLOB COMPRESSED', 12, 'bytes'],
  ['MEDIUMBLOB COMPRESSED', 12, 'bytes'],
] as const;

export function compressedKind(random: Random): ColumnKind {
  const [sql, rowBytes, what] = random.pick(COMPRESSED);
  const most = Number(/\((\d+)\)/.exec(sql)?.[1] ?? 250);
  return {
    sql,
    rowBytes,
    exact: exactBytes,
    value: (r) => {
      const length = r.pick([0, 1, 40, most, r.int(0, most)]);
      if (what === 'bytes') return hex(r.chance(0.5) ? Buffer.alloc(length, r.int(0, 255)) : r.bytes(length));
      return `_latin1 ${hex(r.chance(0.7) ? r.pick(['a', ' ', 'é']).repeat(length) : 'order 4711 '.repeat(30).slice(0, length)).replaceAll('c3a9', 'e9')}`;
    },
  };
}

/** JSON there is text, kept as it was written. */
export const mariadbJsonKind = (): ColumnKind => ({
  sql: 'JSON',
  rowBytes: 12,
  exact: exactBytes,
  value: (r) => `_utf8mb4 ${hex(document(r, 0))}`,
});
