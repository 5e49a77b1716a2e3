import { describe, expect, it } from 'vitest';
import { copyDefinition } from '../../../../src/apply/tables/definition.ts';

const lines = (sql: string): readonly string[] => sql.split('\n').map((line) => line.trim());

describe('the table of a copy', () => {
  it('has columns and keys, and nothing that would change or refuse rows', () => {
    const sql = `CREATE TABLE \`orders\` (
  \`id\` bigint unsigned NOT NULL AUTO_INCREMENT,
  \`a,b(\` varchar(20) CHARACTER SET gbk COLLATE gbk_chinese_ci DEFAULT 'x,  )''\\'y' COMMENT 'CHECK (1) ON UPDATE',
  \`at\` timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  \`at2\` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  \`twice\` int GENERATED ALWAYS AS ((\`id\` * 2)) STORED NOT NULL,
  \`g\` point NOT NULL /*!80003 SRID 4326 */,
  \`j\` json DEFAULT (json_array()),
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`u\` (\`a,b(\`),
  KEY \`k\` (\`at\` DESC,\`twice\`),
  SPATIAL KEY \`s\` (\`g\`),
  KEY \`f\` ((lower(\`a,b(\`))),
  CONSTRAINT \`fk\` FOREIGN KEY (\`twice\`) REFERENCES \`p\` (\`id\`) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT \`c\` CHECK ((\`id\` > 0)) /*!80016 NOT ENFORCED */
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci ROW_FORMAT=COMPRESSED COMMENT='ROW_FORMAT=x'
/*!50100 PARTITION BY HASH (\`id\`)
PARTITIONS 4 */`;
    expect(lines(copyDefinition(sql, '`copy`.`orders`'))).toEqual([
      'CREATE TABLE IF NOT EXISTS `copy`.`orders` (',
      '`id` bigint unsigned NOT NULL AUTO_INCREMENT,',
      "`a,b(` varchar(20) CHARACTER SET gbk COLLATE gbk_chinese_ci DEFAULT 'x,  )''\\'y' COMMENT 'CHECK (1) ON UPDATE',",
      '`at` timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),',
      '`at2` timestamp NULL DEFAULT CURRENT_TIMESTAMP,',
      '`twice` int  NOT NULL,',
      '`g` point NOT NULL /*!80003 SRID 4326 */,',
      '`j` json DEFAULT (json_array()),',
      'PRIMARY KEY (`id`),',
      'KEY `u` (`a,b(`),',
      'KEY `k` (`at` DESC,`twice`),',
      'SPATIAL KEY `s` (`g`),',
      'KEY `f` ((lower(`a,b(`)))',
      ') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci ROW_FORMAT=COMPRESSED',
    ]);
  });

  it('keeps the UNIQUE key that stands for the primary key', () => {
    const sql = `CREATE TABLE \`t\` (
  \`a\` int DEFAULT NULL,
  \`b\` varchar(9) NOT NULL,
  \`c\` int NOT NULL,
  UNIQUE KEY \`x\` (\`a\`,\`b\`),
  UNIQUE KEY \`p\` (\`b\`(3)),
  UNIQUE KEY \`y\` (\`b\`,\`c\`),
  UNIQUE KEY \`z\` (\`c\`)
) ENGINE=MyISAM DEFAULT CHARSET=latin1`;
    expect(lines(copyDefinition(sql, '`t`')).filter((line) => line.includes('KEY'))).toEqual([
      'KEY `x` (`a`,`b`),',
      'KEY `p` (`b`(3)),',
      'UNIQUE KEY `y` (`b`,`c`),',
      'KEY `z` (`c`)',
    ]);
  });

  it('drops the CHECK that MariaDB has for JSON, and its words for generated columns', () => {
    const sql = `CREATE TABLE \`t\` (
  \`id\` int(11) NOT NULL,
  \`j\` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(\`j\`)),
  \`at\` timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  \`v\` int(11) GENERATED ALWAYS AS (\`id\` + 1) VIRTUAL,
  PRIMARY KEY (\`id\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`;
    const made = lines(copyDefinition(sql, '`t`'));
    expect(made[2]).toBe('`j` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL,');
    expect(made[3]).toBe('`at` timestamp NOT NULL DEFAULT current_timestamp(),');
    expect(made[4]).toBe('`v` int(11),');
  });

  it.each(['', 'CREATE VIEW `v` AS SELECT 1', 'CREATE TABLE `t` (`a` int'])('refuses %j', (sql) => {
    expect(() => copyDefinition(sql, '`t`')).toThrow(
      expect.objectContaining({ code: 'TARGET_TABLE_MISSING' }) as Error,
    );
  });
});

it('gets a column for the time of a delete, unless the source has one of that name', () => {
  const made = (column: string): string =>
    copyDefinition(
      `CREATE TABLE \`o\` (\n  \`${column}\` int NOT NULL,\n  PRIMARY KEY (\`${column}\`)\n)`,
      '`o`',
      'deleted_at',
    );
  expect(made('id')).toContain('PRIMARY KEY (`id`),\n  `deleted_at` DATETIME(3) NULL DEFAULT NULL\n)');
  expect(made('Deleted_At')).not.toContain('DATETIME');
});
