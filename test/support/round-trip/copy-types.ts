/** What a copy on a server of the other kind keeps a column as. */
import type { Connection } from 'mysql2/promise';

/** By the type in the source; asks the server of the copy what it knows. */
export async function copyTypes(copy: Connection): Promise<(sql: string) => string> {
  const isMariadb = (await column(copy, 'SELECT VERSION()')).some((version) => version.includes('MariaDB'));
  const collations = new Set(
    await column(
      copy,
      isMariadb
        ? 'SELECT full_collation_name FROM information_schema.collation_character_set_applicability'
        : 'SELECT collation_name FROM information_schema.collations',
    ),
  );
  const replaced: readonly (readonly [RegExp, string])[] = isMariadb
    ? []
    : [
        [/^JSON/, 'LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'],
        [/^(UUID|INET6)/, 'BINARY(16)'],
        [/^INET4/, 'BINARY(4)'],
        [/ COMPRESSED/, ''],
      ];
  // Tells everything apart, spaces at the end too, as whatever it stands for may do.
  const exact = isMariadb ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin';
  return (sql) => {
    const type = replaced.reduce((text, [from, to]) => text.replace(from, to), sql);
    const [, charset = '', collation = ''] = / CHARACTER SET (\w+) COLLATE (\w+)/.exec(type) ?? [];
    if (collation === '' || collations.has(collation)) return type;
    // In UTF-8 its values may be too long.
    const isSmall = type.startsWith('TINYTEXT') && collations.has(`${charset}_bin`);
    const [otherCharset, other] = isSmall ? [charset, `${charset}_bin`] : ['utf8mb4', exact];
    return type.replace(
      ` CHARACTER SET ${charset} COLLATE ${collation}`,
      ` CHARACTER SET ${otherCharset} COLLATE ${other}`,
    );
  };
}

async function column(connection: Connection, sql: string): Promise<readonly string[]> {
  const [rows] = await connection.query({ sql, rowsAsArray: true });
  return (rows as unknown as string[][]).map(([value = '']) => value);
}
