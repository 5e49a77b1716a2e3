import { describe, expect, it } from 'vitest';
import { addMessage } from '../../../../src/apply/rows/add-message.ts';
import { readHead, rowsBegin } from '../../../../src/apply/rows/head.ts';
import { Statements } from '../../../../src/apply/rows/statements.ts';
import type { TablePlan } from '../../../../src/apply/rows/table-plan.ts';
import { body, planOf, type BodyParts } from './bodies.ts';

const TYPES = { id: 'bigint', note: 'varchar(20)', price: 'decimal(8,2)', raw: 'varbinary(9)' };

function sqlOf(
  messages: readonly BodyParts[],
  changes: Partial<TablePlan> = {},
  isWanted?: (row: number) => boolean,
): readonly string[] {
  const out = new Statements();
  const first = messages[0];
  const plan = planOf(first?.types ?? {}, first?.key === undefined ? ['id'] : (first.key ?? undefined), changes);
  for (const parts of messages) {
    const bytes = body(parts);
    const begin = rowsBegin(bytes);
    addMessage(
      out,
      {
        body: bytes,
        begin,
        head: readHead(bytes, begin),
        plan,
        rows: parts.data.length,
        hasInvalidText: parts.invalidText !== undefined,
      },
      isWanted,
    );
  }
  return out.take().map(({ sql }) => sql.toString());
}

const row = (id: string, note: string | null): BodyParts['data'][number] => [
  ['id', id],
  ['note', note],
  ['price', '1.50'],
  ['raw', 'AP9h'],
];

describe('rows with a key', () => {
  it('writes inserts and updates of a table as one REPLACE', () => {
    expect(
      sqlOf([
        { types: TYPES, data: [row('1', 'a"b\\c\n\u0001\u0000%_'), row('2', null)] },
        { types: TYPES, kind: 'UPDATE', data: [row('1', '备注 😀')], old: [[['note', 'x']]] },
      ]),
    ).toEqual([
      'REPLACE INTO `copy`.`orders` (`id`,`note`,`price`,`raw`) VALUES (1,"a\\"b\\\\c\\n\u0001\\0%_",1.50,FROM_BASE64("AP9h")),' +
        '(2,null,1.50,FROM_BASE64("AP9h")),(1,"备注 😀",1.50,FROM_BASE64("AP9h"))',
    ]);
  });

  it('keeps the order of a table: a delete ends the statement before it', () => {
    const sql = sqlOf([
      { types: TYPES, data: [row('1', 'a')] },
      { types: TYPES, kind: 'DELETE', data: [row('1', 'a'), row('2', 'b')] },
      { types: TYPES, kind: 'DELETE', data: [row('3', 'a')] },
      { types: TYPES, data: [row('1', 'c')] },
    ]);
    expect(sql.map((text) => text.replace(/ \(`id`.*/, ''))).toEqual([
      'REPLACE INTO `copy`.`orders`',
      'DELETE FROM `copy`.`orders` WHERE `id` IN ((1),(2),(3))',
      'REPLACE INTO `copy`.`orders`',
    ]);
  });

  it('marks rows that are deleted, a message by itself, where there is a column for it', () => {
    const softDelete = { sql: '`gone`', digits: 3 };
    const changes = { softDelete, keptOnUpdate: ['`at`'] };
    const mark =
      'UPDATE `copy`.`orders` SET `gone` = COALESCE(`gone`, TIMESTAMP"2026-11-23 09:51:40.000"),`at` = `at` WHERE ';
    const deletion: BodyParts = { types: TYPES, kind: 'DELETE', data: [row('1', 'a'), row('2', 'b')] };
    expect(sqlOf([deletion, deletion], changes)).toEqual([`${mark}\`id\` IN ((1),(2),(1),(2))`]);
    expect(sqlOf([deletion], { ...changes, comparesOneByOne: true })).toEqual([`${mark}\`id\` IN ((1),(2))`]);
    expect(sqlOf([deletion], changes, (i) => i === 1)).toEqual([`${mark}\`id\` = 2`]);
    expect(sqlOf([{ types: TYPES, kind: 'UPDATE', data: [row('3', 'a')], old: [[['id', '1']]] }], changes)).toEqual([
      `${mark}\`id\` = 1`,
      expect.stringMatching(/^REPLACE INTO/),
    ]);
  });

  it('compares keys of several columns in the order of the rows, one by one where the server needs it', () => {
    const types = { b: 'varchar(3)', a: 'float', c: 'year' };
    const data: BodyParts['data'] = [
      [
        ['b', 'x"'],
        ['a', '1.1'],
        ['c', '0000'],
      ],
      [
        ['b', 'y'],
        ['a', '2'],
        ['c', '2026'],
      ],
    ];
    const parts: BodyParts = { types, key: ['c', 'a', 'b'], kind: 'DELETE', data };
    expect(sqlOf([parts])).toEqual([
      'DELETE FROM `copy`.`orders` WHERE (`b`,`a`,`c`) IN (("x\\"",CAST("1.1" AS FLOAT),"0000"),("y",CAST("2" AS FLOAT),"2026"))',
    ]);
    expect(sqlOf([parts], { comparesOneByOne: true })).toEqual([
      'DELETE FROM `copy`.`orders` WHERE (`b` = "x\\"" AND `a` = CAST("1.1" AS FLOAT) AND `c` = "0000") OR ' +
        '(`b` = "y" AND `a` = CAST("2" AS FLOAT) AND `c` = "2026")',
    ]);
  });

  it('deletes the old key of an update that changes it', () => {
    const types = { id: 'int', v: 'int' };
    expect(
      sqlOf([
        {
          types,
          kind: 'UPDATE',
          data: [
            [
              ['id', '3'],
              ['v', '7'],
            ],
            [
              ['id', '2'],
              ['v', '8'],
            ],
          ],
          old: [[['id', '2']], [['id', '1']]],
        },
      ]),
    ).toEqual([
      'DELETE FROM `copy`.`orders` WHERE `id` = 2',
      'REPLACE INTO `copy`.`orders` (`id`,`v`) VALUES (3,7)',
      'DELETE FROM `copy`.`orders` WHERE `id` = 1',
      'REPLACE INTO `copy`.`orders` (`id`,`v`) VALUES (2,8)',
    ]);
  });

  it('leaves out columns that the target computes', () => {
    const types = { id: 'int', twice: 'int' };
    const plan = planOf(types, ['id']);
    const columns = new Map([...plan.columns].map(([n, c]) => [n, { ...c, isGenerated: n === 'twice' }]));
    const data: BodyParts['data'] = [
      [
        ['id', '1'],
        ['twice', '2'],
      ],
    ];
    expect(sqlOf([{ types, data }], { columns })).toEqual(['REPLACE INTO `copy`.`orders` (`id`) VALUES (1)']);
  });
});

describe('marked messages', () => {
  it('updates the columns that a partial update brings, and no other', () => {
    expect(
      sqlOf(
        [
          {
            types: { id: 'int', note: 'text' },
            kind: 'UPDATE',
            data: [
              [
                ['id', '1'],
                ['note', 'x'],
              ],
            ],
            old: [[]],
            head: { absent: ['a', 'at'], oldAbsent: ['note'] },
          },
        ],
        { keptOnUpdate: ['`at`'] },
      ),
    ).toEqual(['UPDATE `copy`.`orders` SET `id` = 1,`note` = "x",`at` = `at` WHERE `id` = 1']);
  });

  it('deletes by a key alone, as a copy of keys says that there is no such row', () => {
    expect(
      sqlOf([
        {
          types: { id: 'bigint' },
          kind: 'DELETE',
          data: [[['id', '17']], [['id', '18446744073709551615']]],
          head: { absent: ['note', 'price'] },
        },
      ]).join('; '),
    ).toBe('DELETE FROM `copy`.`orders` WHERE `id` IN ((17),(18446744073709551615))');
  });

  it('writes the bytes of texts that are none', () => {
    const types = { id: 'int', note: 'text', e: "enum('','a')" };
    const data: BodyParts['data'] = ['1', '2'].map((id) => [
      ['id', id],
      ['note', 'Yf5Q'],
      ['e', id === '2' ? 'AA==' : 'a'],
    ]);
    expect(sqlOf([{ types, data, invalidText: [{ row: 1, data: ['note', 'e'] }] }])).toEqual([
      'REPLACE INTO `copy`.`orders` (`id`,`note`,`e`) VALUES (1,"Yf5Q","a")',
      'REPLACE INTO `copy`.`orders` (`id`,`note`,`e`) VALUES (2,FROM_BASE64("Yf5Q"),0)',
    ]);
  });

  it('takes bytes in latin1', () => {
    const data: BodyParts['data'] = [
      [
        ['id', '1'],
        ['raw', '\0ÿa"'],
      ],
    ];
    expect(sqlOf([{ types: { id: 'int', raw: 'blob' }, data, head: { binary: 'latin1' } }])).toEqual([
      "REPLACE INTO `copy`.`orders` (`id`,`raw`) VALUES (1,x'00ff6122')",
    ]);
  });

  it.each([
    [{ omitted: ['note'] }, 'ROW_NOT_WHOLE', 'note'],
    [{ timeZone: 'Europe/Berlin' }, 'MESSAGE_UNKNOWN', 'Europe/Berlin'],
  ])('refuses %j', (head, code, text) => {
    const parts: BodyParts = { types: { id: 'int' }, kind: 'UPDATE', data: [[['id', '1']]], old: [[]], head };
    expect(() => sqlOf([parts])).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(text) as string }) as Error,
    );
  });
});

describe('rows without a key', () => {
  const types = { a: 'int', t: 'varchar(9)', g: 'point', b: 'blob' };
  const data: BodyParts['data'] = [
    [
      ['a', '1'],
      ['t', 'x'],
      ['g', null],
      ['b', 'AA=='],
    ],
  ];
  const same =
    'CAST(CONVERT(`t` USING utf8mb4) AS BINARY) <=> CAST("x" AS BINARY) AND HEX(`g`) <=> HEX(NULL) AND `b` <=> FROM_BASE64("AA==")';

  it('inserts, and finds one row by all that it holds', () => {
    expect(sqlOf([{ types, key: null, data }])).toEqual([
      'INSERT INTO `copy`.`orders` (`a`,`t`,`g`,`b`) VALUES (1,"x",null,FROM_BASE64("AA=="))',
    ]);
    expect(sqlOf([{ types, key: null, kind: 'DELETE', data }])).toEqual([
      `DELETE FROM \`copy\`.\`orders\` WHERE \`a\` <=> 1 AND ${same} LIMIT 1`,
    ]);
    expect(sqlOf([{ types, key: null, kind: 'UPDATE', data, old: [[['a', null]]] }])).toEqual([
      `UPDATE \`copy\`.\`orders\` SET \`a\` = 1 WHERE \`a\` <=> NULL AND ${same} LIMIT 1`,
    ]);
  });

  it('passes over changes that are not wanted', () => {
    const rows = [data[0] ?? [], [['a', '2'] as const, ...(data[0]?.slice(1) ?? [])]];
    expect(sqlOf([{ types, key: null, data: rows }], {}, (i) => i === 1)).toHaveLength(1);
  });
});
