/** Columns of every type that all versions of MySQL have, as they are declared. */
const NUMBERS = ['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INT', 'BIGINT', 'DECIMAL(9,3)', 'FLOAT', 'DOUBLE'];
export const EVERY_TYPE: readonly string[] = [
  ...NUMBERS,
  ...NUMBERS.map((type) => `${type} UNSIGNED`),
  ...[
    'YEAR',
    'YEAR',
    'BIT(1)',
    'BIT(64)',
    'BOOLEAN',
    'DATE',
    'TIME',
    'TIME(3)',
    'DATETIME',
    'DATETIME(6)',
    'TIMESTAMP NULL',
    'TIMESTAMP(2) NULL',
  ],
  ...['latin1', 'gbk', 'utf8mb4', 'ucs2', 'binary'].flatMap((charset) => [
    `CHAR(7) CHARACTER SET ${charset}`,
    `VARCHAR(70) CHARACTER SET ${charset}`,
    `TEXT CHARACTER SET ${charset}`,
  ]),
  ...[
    'BINARY(3)',
    'VARBINARY(300)',
    'TINYBLOB',
    'BLOB',
    'MEDIUMBLOB',
    'LONGBLOB',
    'TINYTEXT',
    'MEDIUMTEXT',
    'LONGTEXT',
  ],
  ...['JSON', 'GEOMETRY', 'POINT', 'LINESTRING', 'POLYGON', 'MULTIPOINT', 'GEOMETRYCOLLECTION'],
  ...[
    "ENUM('a','b,c','it''s') CHARACTER SET latin1",
    "ENUM('x','') CHARACTER SET utf8mb4",
    "SET('p','q') CHARACTER SET gbk",
    "SET('r') CHARACTER SET latin1",
  ],
];
