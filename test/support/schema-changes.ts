/** Scripts of statements that change tables, with rows before, between and after them. */

/**
 * One or several statements; `2: ` before one runs it in a second session. `quiet`: what it does to rows, MySQL does
 * not log as rows, so nothing of it is published. `CRASH`: the server is killed and started again; its table ids begin
 * again.
 */
export type Step = string | readonly string[] | { readonly quiet: string } | typeof CRASH;

export const CRASH = { crash: true } as const;

export interface SchemaChange {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Why only the newest server can do it. */
  readonly newest?: string;
}

const quiet = (statement: string): Step => ({ quiet: statement });
const alter = (table: string, change: string): Step => quiet(`ALTER TABLE ${table} ${change}`);
const create = (table: string, definition: string): Step => quiet(`CREATE TABLE ${table} ${definition}`);
const insert = (table: string, ...rows: readonly string[]): string =>
  `INSERT INTO ${table} VALUES ${rows.map((row) => `(${row})`).join(', ')}`;

const COLUMNS: readonly SchemaChange[] = [
  {
    name: 'columns added, dropped, renamed and reordered',
    steps: [
      create('t', '(id INT PRIMARY KEY, a INT, b VARCHAR(20))'),
      insert('t', "1, 10, 'x'", '2, 20, NULL'),
      alter('t', 'ADD c DECIMAL(9,2) NOT NULL DEFAULT 1.50 AFTER id'),
      insert('t', "3, 2.25, 30, 'y'"),
      'UPDATE t SET c = 9 WHERE id < 3',
      alter('t', 'DROP a'),
      insert('t', "4, 4, 'z'"),
      'UPDATE t SET b = id',
      alter('t', 'RENAME COLUMN b TO c, RENAME COLUMN c TO b'),
      insert('t', "5, 5, 'w'"),
      'UPDATE t SET b = b + 1',
      alter('t', 'MODIFY c VARCHAR(20) FIRST'),
      insert('t', "'v', 6, 6"),
      "UPDATE t SET c = 'same'",
      'DELETE FROM t WHERE id IN (1, 5)',
    ],
  },
  {
    name: 'columns added and dropped without a copy of the table',
    newest: 'ALGORITHM = INSTANT at any place came with 8.0.29',
    steps: [
      create('t', '(id INT PRIMARY KEY, a INT, b VARCHAR(20))'),
      insert('t', "1, 10, 'x'"),
      alter('t', "ADD c CHAR(3) DEFAULT 'new' FIRST, ALGORITHM = INSTANT"),
      'UPDATE t SET a = a + 1',
      insert('t', "NULL, 2, 20, 'y'"),
      alter('t', 'DROP a, ALGORITHM = INSTANT'),
      'UPDATE t SET b = 1',
      insert('t', "'c', 3, 'z'"),
      alter('t', 'RENAME COLUMN c TO a, ALGORITHM = INSTANT'),
      'DELETE FROM t WHERE id = 1',
      alter('t', 'ADD INDEX (b), ALGORITHM = INPLACE, LOCK = NONE'),
      'UPDATE t SET a = NULL',
    ],
  },
  {
    name: 'types widened, narrowed and made others',
    steps: [
      create(
        't',
        '(id INT PRIMARY KEY, n TINYINT UNSIGNED, v VARCHAR(20), d DECIMAL(6,2), at DATETIME, raw BINARY(4))',
      ),
      insert('t', "1, 255, 'x', 12.5, '2026-01-02 03:04:05', 'ab'"),
      alter('t', 'MODIFY n INT, MODIFY id BIGINT'),
      'UPDATE t SET n = -1',
      insert('t', "4294967296, -2147483648, 'y', 0, NULL, x'00ff'"),
      alter('t', 'MODIFY n BIGINT, MODIFY v TEXT, MODIFY at DATETIME(6), MODIFY raw VARBINARY(300)'),
      "UPDATE t SET n = 9223372036854775807, at = '2026-01-02 03:04:05.678901', raw = CONCAT(raw, 'tail')",
      alter('t', 'MODIFY d DOUBLE, MODIFY at TIMESTAMP(3) NULL, DROP raw'),
      "UPDATE t SET d = 0.1, at = '2026-01-02 03:04:05.678' WHERE id = 1",
      alter('t', 'MODIFY n CHAR(20), MODIFY d DECIMAL(10,5), MODIFY v LONGBLOB'),
      "UPDATE t SET d = 2, v = x'ff00'",
      alter('t', 'MODIFY n BIGINT UNSIGNED, MODIFY id CHAR(30), MODIFY v MEDIUMBLOB NOT NULL'),
      'UPDATE t SET n = 18446744073709551615',
      'DELETE FROM t',
    ],
  },
  {
    name: 'charsets changed, of a column, a table and a key',
    steps: [
      create('t', '(id INT PRIMARY KEY, v VARCHAR(20), w CHAR(5) CHARACTER SET ascii, e TEXT) CHARACTER SET latin1'),
      insert('t', "1, 'café', 'abc', '€ÿ'"),
      alter('t', 'MODIFY v VARCHAR(20) CHARACTER SET gbk'),
      insert('t', "2, '已发货', 'abc', 'é'"),
      "UPDATE t SET v = '订单' WHERE id = 1",
      alter('t', 'CONVERT TO CHARACTER SET utf8mb4'),
      "UPDATE t SET v = CONCAT(v, '😀'), w = 'é'",
      alter(
        't',
        'MODIFY v VARCHAR(20) CHARACTER SET utf16, MODIFY w VARBINARY(20), MODIFY e TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
      ),
      insert('t', "3, '发😀', x'c3a9ff', '发😀'"),
      'UPDATE t SET id = id + 1 ORDER BY id DESC',
    ],
  },
];

const LABELS: readonly SchemaChange[] = [
  {
    name: 'labels of ENUM and SET added, reordered, renamed and dropped',
    steps: [
      create('t', "(id INT PRIMARY KEY, e ENUM('new', 'paid') NOT NULL, s SET('a', 'b'))"),
      insert('t', "1, 'new', 'a,b'", "2, 'paid', ''"),
      alter('t', "MODIFY e ENUM('new', 'paid', 'sent') NOT NULL, MODIFY s SET('a', 'b', 'c')"),
      insert('t', "3, 'sent', 'c'"),
      "UPDATE t SET e = 'paid' WHERE id = 1",
      alter('t', "MODIFY e ENUM('sent', 'new', 'paid') NOT NULL, MODIFY s SET('c', 'b', 'a')"),
      "UPDATE t SET s = 'a,c'",
      insert('t', "4, 'sent', 'b'"),
      alter('t', "MODIFY e ENUM('paid', 'sent', 'new', 'lost') NULL, MODIFY s VARCHAR(20)"),
      "UPDATE t SET e = NULL, s = 'text' WHERE id = 2",
      "UPDATE t SET e = 'lost' WHERE id <> 2",
      'DELETE FROM t',
    ],
  },
];

const KEYS: readonly SchemaChange[] = [
  {
    name: 'the primary key dropped, replaced, widened and its columns reordered',
    steps: [
      create('t', '(id INT PRIMARY KEY, tenant INT NOT NULL, no VARCHAR(10) NOT NULL)'),
      insert('t', "1, 7, 'A'", "2, 7, 'B'"),
      alter('t', 'DROP PRIMARY KEY'),
      "UPDATE t SET no = 'C' WHERE id = 1",
      insert('t', "3, 8, 'D'", "3, 8, 'D'"),
      "DELETE FROM t WHERE no = 'D'",
      alter('t', 'ADD PRIMARY KEY (no, tenant)'),
      'UPDATE t SET id = id + 100',
      "UPDATE t SET no = 'E' WHERE id = 101",
      alter('t', 'DROP PRIMARY KEY, ADD PRIMARY KEY (tenant, no)'),
      insert('t', "5, 9, 'A'"),
      alter('t', 'DROP PRIMARY KEY, MODIFY no VARCHAR(300) NOT NULL, ADD PRIMARY KEY (tenant, no(3))'),
      "UPDATE t SET no = 'abcdef' WHERE id = 5",
      alter('t', 'DROP PRIMARY KEY, DROP tenant, MODIFY id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY'),
      "INSERT INTO t (no) VALUES ('last')",
      'UPDATE t SET id = id + 10000 ORDER BY id DESC',
    ],
  },
  {
    name: 'keys that the server makes up, and hidden columns of functional indexes',
    newest: 'sql_generate_invisible_primary_key came with 8.0.30, functional indexes with 8.0.13',
    steps: [
      quiet('SET sql_generate_invisible_primary_key = ON'),
      create('t', '(a INT, b VARCHAR(20))'),
      insert('t', "1, 'x'", "1, 'x'"),
      "UPDATE t SET b = 'y' ORDER BY my_row_id LIMIT 1",
      quiet('SET sql_generate_invisible_primary_key = OFF'),
      create('u', '(a INT UNSIGNED, b VARCHAR(20), INDEX ((a + 1)), INDEX ((UPPER(b))))'),
      insert('u', "1, 'x'"),
      alter(
        'u',
        "ADD id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, ADD e ENUM('p', 'q') DEFAULT 'q', ADD c CHAR(2) CHARACTER SET latin1 DEFAULT 'é'",
      ),
      "INSERT INTO u (a, b) VALUES (4000000000, 'z')",
      'UPDATE u SET a = a - 1 WHERE a > 0',
      alter('u', 'ADD g BIGINT AS (a * 2) VIRTUAL INVISIBLE, ADD INDEX ((CAST(b AS CHAR(3)))), ADD n INT UNSIGNED'),
      'UPDATE u SET a = 5, n = 4294967295',
      'DELETE FROM u WHERE id = 1',
      alter(
        'u',
        'DROP PRIMARY KEY, MODIFY id BIGINT NOT NULL, ADD k VARCHAR(20) DEFAULT 2, ADD PRIMARY KEY (k(5), id)',
      ),
      "UPDATE u SET k = 'long enough'",
    ],
  },
];

const NAMES: readonly SchemaChange[] = [
  {
    name: 'tables renamed, swapped, moved, dropped and made again',
    steps: [
      create('t', '(id INT PRIMARY KEY, a INT)'),
      create('u', '(id VARCHAR(9) PRIMARY KEY, b DATE, c INT UNSIGNED)'),
      [insert('t', '1, 1'), insert('u', "'one', '2026-01-01', 1")],
      quiet('RENAME TABLE t TO x, u TO t, x TO u'),
      [insert('u', '2, 2'), insert('t', "'two', '2026-01-02', 4294967295")],
      'UPDATE t, u SET t.c = 9, u.a = 9',
      alter('t', 'RENAME TO hidden.in_t'),
      'UPDATE hidden.in_t SET c = 10',
      quiet('DROP TABLE u'),
      create('u', "(e ENUM('a', 'b'), id BIGINT PRIMARY KEY)"),
      insert('u', "'b', 2"),
      quiet('DROP TABLE u'),
      create('u', '(k INT, v INT)'),
      insert('u', '1, 2', '1, 2'),
      quiet('TRUNCATE TABLE u'),
      insert('u', '3, 4'),
    ],
  },
  {
    name: 'tables that become included and excluded by another name',
    steps: [
      create('out_t', '(id INT PRIMARY KEY, a INT)'),
      insert('out_t', '1, 1'),
      quiet('RENAME TABLE out_t TO t'),
      'UPDATE t SET a = 2',
      insert('t', '2, 2'),
      quiet('RENAME TABLE t TO out_t'),
      'UPDATE out_t SET a = 3',
      create('t', '(id INT PRIMARY KEY, b VARCHAR(5))'),
      insert('t', "1, 'x'"),
      quiet('RENAME TABLE t TO swap, out_t TO t, swap TO out_t'),
      ['UPDATE t SET a = 4', "UPDATE out_t SET b = 'y'"],
      quiet('RENAME TABLE t TO hidden.t'),
      'UPDATE hidden.t SET a = 5',
    ],
  },
  {
    name: 'the same table ids for other tables after a crash',
    newest: 'others begin again as well, and take as long',
    steps: [
      create('t', '(id INT PRIMARY KEY, a INT)'),
      create('u', '(id INT PRIMARY KEY, a VARCHAR(4))'),
      create('out_t', '(id INT PRIMARY KEY, a VARCHAR(4))'),
      insert('t', '1, 1'),
      insert('u', "1, 'abcd'"),
      insert('out_t', "1, 'abcd'"),
      CRASH,
      insert('out_t', "2, 'efgh'"),
      insert('u', "2, 'efgh'"),
      insert('t', '2, 2'),
      "UPDATE u SET a = '7'",
      CRASH,
      alter('u', 'MODIFY a INT UNSIGNED'),
      insert('u', '3, 4294967295'),
      insert('t', '3, 3'),
      CRASH,
      insert('t', '4, 4'),
      insert('u', '4, 4'),
    ],
  },
];

const ROWS: readonly SchemaChange[] = [
  {
    name: 'partitions exchanged, dropped and truncated',
    steps: [
      create(
        't',
        '(id INT PRIMARY KEY, a INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))',
      ),
      create('u', '(id INT PRIMARY KEY, a INT)'),
      insert('t', '1, 1', '11, 11'),
      insert('u', '2, 2'),
      alter('t', 'EXCHANGE PARTITION p0 WITH TABLE u'),
      ['UPDATE t SET a = a + 1', 'UPDATE u SET a = a + 1'],
      alter('t', 'DROP PARTITION p1'),
      alter('t', 'ADD PARTITION (PARTITION p2 VALUES LESS THAN (30))'),
      insert('t', '21, 21'),
      'UPDATE t SET id = 5 WHERE id = 21',
      alter('t', 'TRUNCATE PARTITION p0'),
      insert('t', '5, 6'),
    ],
  },
  {
    name: 'CREATE TABLE … SELECT, and REPLACE, upserts and multi-table statements after it',
    newest: 'with GTIDs since 8.0.21',
    steps: [
      create('t', '(id INT PRIMARY KEY, a INT UNSIGNED, u INT UNIQUE)'),
      insert('t', '1, 1, 1', '2, 4294967295, 2'),
      'CREATE TABLE u (PRIMARY KEY (id)) SELECT id, a, CAST(id AS CHAR(12)) AS text FROM t',
      'CREATE TABLE x AS SELECT a, u FROM t',
      'UPDATE u SET text = a',
      'REPLACE INTO t VALUES (3, 3, 1)',
      'INSERT INTO t VALUES (3, 4, 4) ON DUPLICATE KEY UPDATE a = 5',
      [
        'BEGIN',
        'UPDATE t, u SET t.a = 7, u.text = 8 WHERE t.id = u.id',
        'DELETE t, u FROM t JOIN u USING (id)',
        'COMMIT',
      ],
    ],
  },
  {
    name: 'tables altered while a transaction on others is open',
    steps: [
      create('t', '(id INT PRIMARY KEY, a INT)'),
      create('u', '(id INT PRIMARY KEY)'),
      insert('t', '1, 1'),
      ['2: BEGIN', '2: INSERT INTO u VALUES (1)'],
      alter('t', 'ADD b INT UNSIGNED FIRST'),
      ['2: INSERT INTO t VALUES (2, 2, 2)', '2: UPDATE t SET b = 4294967295'],
      insert('u', '2'),
      '2: COMMIT',
      ['2: BEGIN', '2: INSERT INTO u VALUES (3)'],
      alter('t', 'DROP a, MODIFY b CHAR(10)'),
      ["2: UPDATE t SET b = 'é'", '2: SAVEPOINT s', '2: DELETE FROM t', '2: ROLLBACK TO s', '2: COMMIT'],
    ],
  },
  {
    name: 'temporary tables, which nobody else sees',
    steps: [
      create('t', '(id INT PRIMARY KEY, a INT)'),
      quiet('CREATE TEMPORARY TABLE u (id INT PRIMARY KEY, a INT)'),
      quiet('INSERT INTO u VALUES (1, 1), (2, 2)'),
      ['BEGIN', 'INSERT INTO u VALUES (3, 3)', 'INSERT INTO t SELECT * FROM u', 'DELETE FROM u', 'COMMIT'],
      quiet('CREATE TEMPORARY TABLE t (id VARCHAR(9) PRIMARY KEY)'),
      quiet("INSERT INTO t VALUES ('hidden')"),
      quiet('DROP TEMPORARY TABLE t, u'),
      'UPDATE t SET a = 0',
    ],
  },
  {
    name: 'rows that triggers change',
    steps: [
      create('t', '(id INT PRIMARY KEY, a INT)'),
      create('audit', '(n INT AUTO_INCREMENT PRIMARY KEY, id INT, a INT)'),
      create('out_audit', '(n INT AUTO_INCREMENT PRIMARY KEY, id INT)'),
      quiet('CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a * 2'),
      quiet('CREATE TRIGGER i AFTER INSERT ON t FOR EACH ROW INSERT INTO audit (id, a) VALUES (NEW.id, NEW.a)'),
      quiet('CREATE TRIGGER u AFTER UPDATE ON t FOR EACH ROW INSERT INTO out_audit (id) VALUES (NEW.id)'),
      insert('t', '1, 1', '2, 2'),
      alter('audit', "ADD at DATE DEFAULT '2026-01-01' FIRST"),
      insert('t', '3, 3'),
      'UPDATE t SET a = 9',
    ],
  },
  {
    name: 'child rows that cascading foreign keys change',
    newest: 'older servers log the parent rows only; `check` warns of that',
    steps: [
      create('t', '(id INT PRIMARY KEY)'),
      create(
        'u',
        '(id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES t (id) ON DELETE SET NULL ON UPDATE CASCADE)',
      ),
      create('x', '(id INT PRIMARY KEY, u INT, FOREIGN KEY (u) REFERENCES u (id) ON DELETE CASCADE)'),
      [insert('t', '1', '2'), insert('u', '1, 1', '2, 2'), insert('x', '1, 1', '2, 2')],
      'UPDATE t SET id = 5 WHERE id = 1',
      'DELETE FROM t WHERE id = 2',
      alter('u', "ADD c CHAR(3) NOT NULL DEFAULT 'c' AFTER id"),
      'UPDATE t SET id = 6',
      'DELETE FROM u',
    ],
  },
];

export const SCHEMA_CHANGES: readonly SchemaChange[] = [...COLUMNS, ...LABELS, ...KEYS, ...NAMES, ...ROWS];
