/** src/binlog/tables/mariadb-table.ts, by captured rows. */
import { expect, it } from 'vitest';
import { codeOf, fixtureEvents } from '../../support/binlog-fixture.ts';
import { changesOf, TestFlow } from '../../support/flow.ts';

const events = fixtureEvents('mariadb-types.10.11');
const rowsOf = async (table: string): Promise<string[]> =>
  (await changesOf(events, { flavour: 'mariadb', include: [`fxm.${table}`] })).map((change) =>
    change.replace(/^\S+ /, ''),
  );

it('publishes UUID and addresses as the bytes that are logged', async () => {
  expect(await rowsOf('fixed')).toEqual([
    `INSERT fixed ${JSON.stringify({ id: '1', u: 'Ej5FZ+ibEtOkVkJmVUQAAA==', i6: 'AAAAAAAAAAAAAAAAAAAAAQ==', i4: 'AQIDAA==' })}`,
    `INSERT fixed ${JSON.stringify({ id: '2', u: null, i6: null, i4: null })}`,
  ]);
});

it('publishes the values of COMPRESSED columns', async () => {
  const row = (id: string, v: unknown, b: unknown, t: unknown, vb: unknown): string =>
    `INSERT compressed ${JSON.stringify({ id, v, b, t, vb })}`;
  const base64 = (hex: string, times = 1): string => Buffer.from(hex.repeat(times), 'hex').toString('base64');
  expect(await rowsOf('compressed')).toEqual([
    row('1', 'short', base64('00ff'), 'é', base64('00')),
    row('2', '请'.repeat(300), base64('00ff', 200), 'é'.repeat(200), base64('78', 150)),
    row('3', '', '', '', ''),
    row('4', null, null, null, null),
  ]);
});

it('reads collations, signs and geometries where MariaDB has them', async () => {
  const flow = new TestFlow({ flavour: 'mariadb', include: ['fxm.mixed'] });
  flow.read(events);
  await flow.drain();
  const [body] = flow.bodies();
  expect(body?.data[0]).toEqual({
    id: '1',
    j: '{"a": 1,  "b":2}',
    y: '2026',
    i: '4294967295',
    p: 'AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==',
    v: 'x',
    w: 'é',
    e: 'ü',
    s: 'x,y',
    vir: '2',
    st: '3',
    inv: '7',
    bt: '682',
    ts: '2026-01-01 00:00:00.123',
    dt: '2026-01-01 01:02:03.123456',
    tm: '-10:11:12.34',
  });
  expect(body?.mysqlType).toMatchObject({
    j: 'longtext',
    i: 'int unsigned',
    p: 'point',
    v: 'varchar(10)',
    w: 'varchar(10)',
  });
});

it.each(['old', 's'])('refuses the table %s, whose rows cannot be read or are none', (table) => {
  const flow = new TestFlow({ flavour: 'mariadb', include: [`fxm.${table}`] });
  expect(() => flow.read(events)).toThrow(`fxm.${table}`);
  expect(codeOf(() => new TestFlow({ flavour: 'mariadb', include: [`fxm.${table}`] }).read(events))).toBe(
    'BINLOG_UNSUPPORTED',
  );
});
