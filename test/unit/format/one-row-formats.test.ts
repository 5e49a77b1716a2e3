/** debezium-json and maxwell-json: the bytes of bodies, and what stands on their messages. */
import { describe, expect, it } from 'vitest';
import { columnSet } from '../../../src/binlog/rows/row-compiler.ts';
import type { CopyMark, FormatName, PublishedDdl } from '../../../src/format/format.ts';
import { FORMATS } from '../../../src/format/formats.ts';
import { EXACT } from '../../../src/relay/tables/publish-policy.ts';
import type { OutboundMessage } from '../../../src/sink/sink.ts';
import { fixtureEvents } from '../../support/binlog-fixture.ts';
import { imageOf, intColumn, rowColumn, varcharColumn } from '../../support/row-images.ts';
import { TestFlow, type FlowOptions } from '../../support/flow.ts';

const SERVER = '66add94e-e731-11f1-b77a-02fc00000001';

async function sent(fixture: string, options: FlowOptions): Promise<readonly OutboundMessage[]> {
  const flow = new TestFlow({ lanes: 1, ...options });
  flow.read(fixtureEvents(fixture));
  await flow.drain();
  return flow.sent;
}

async function bodyOf(format: FormatName, change: string, options: FlowOptions = {}): Promise<string> {
  const messages = await sent('shop.9.7', { format, include: ['fxs.orders'], ...options });
  return messages.find(({ properties }) => properties.get('first') === `${SERVER}:${change}`)?.body.toString() ?? '';
}

const debeziumSource = (transaction: number, ms: number, change: string): string =>
  `"source":{"connector":"mysql","name":"binlog-relay","db":"fxs","table":"orders","snapshot":"false","ts_ms":${ms},` +
  `"gtid":"${SERVER}:${transaction}","change":"${SERVER}:${change}"},"ts_ms":0,"transaction":null}`;
const maxwellEnd = (transaction: number, ms: number, change: string): string =>
  `"ts":${Math.floor(ms / 1000)},"ts_ms":${ms},"gtid":"${SERVER}:${transaction}","change":"${SERVER}:${change}","primary_key_columns":["id"]}`;

describe('debezium-json', () => {
  it('writes the row before and after, each whole', async () => {
    expect(await bodyOf('debezium-json', '7#1')).toBe(
      `{"op":"c","before":null,"after":{"id":2,"status":"new","amount":"20.50","note":"请尽快"},${debeziumSource(7, 1795433483741, '7#1')}`,
    );
    expect(await bodyOf('debezium-json', '9#0')).toBe(
      `{"op":"u","after":{"id":1,"status":"paid","amount":"11.00","note":"x"},"before":{"id":1,"status":"paid","amount":"10.00","note":null},${debeziumSource(9, 1795433483784, '9#0')}`,
    );
  });

  it.each(['key', 'table', 'total'] as const)(
    'writes another key as a delete and a create, ordering %s',
    async (ordering) => {
      const options = { ordering };
      expect(await bodyOf('debezium-json', '10#0', options)).toBe(
        `{"op":"d","before":{"id":1,"status":"paid","amount":"11.00","note":"x"},"after":null,${debeziumSource(10, 1795433483799, '10#0')}`,
      );
      expect(await bodyOf('debezium-json', '10#0+', options)).toBe(
        `{"op":"c","before":null,"after":{"id":101,"status":"paid","amount":"11.00","note":"x"},${debeziumSource(10, 1795433483799, '10#0+')}`,
      );
    },
  );

  it('leaves out of `before` what the binlog does not bring: it is not NULL', () => {
    const columns = [rowColumn(intColumn(0, 'id')), rowColumn(varcharColumn(1, 'note'))];
    const table = { database: 'fxs', name: 'a', columns: columns.map(({ column }) => column), primaryKey: [] };
    const format = FORMATS['debezium-json'].forTable(table, columns, { oldAbsent: ['note'] });
    const out = Buffer.alloc(200);
    const cursor = { p: 0, o: 0 };
    format.writeOld(imageOf([7, null]), cursor, out, columnSet(2));
    expect(out.toString('utf8', 0, cursor.o)).toBe('{"id":7}');
  });

  it('names what the binlog does not bring', async () => {
    const messages = await sent('noblob.9.7', {
      format: 'debezium-json',
      publish: { ...EXACT, partialRows: 'allow' },
    });
    const marked = messages.filter(({ properties }) => properties.get('marks') === 'partial');
    expect(marked.length).toBeGreaterThan(0);
    for (const { body } of marked) expect((JSON.parse(body.toString()) as Body).absent?.length).toBeGreaterThan(0);
  });
});

describe('maxwell-json', () => {
  it('writes the row, and what it was before where it has changed', async () => {
    expect(await bodyOf('maxwell-json', '7#1')).toBe(
      `{"database":"fxs","table":"orders","type":"insert","data":{"id":2,"status":"new","amount":"20.50","note":"请尽快"},${maxwellEnd(7, 1795433483741, '7#1')}`,
    );
    expect(await bodyOf('maxwell-json', '9#0')).toBe(
      `{"database":"fxs","table":"orders","type":"update","data":{"id":1,"status":"paid","amount":"11.00","note":"x"},"old":{"amount":"10.00","note":null},${maxwellEnd(9, 1795433483784, '9#0')}`,
    );
    expect(await bodyOf('maxwell-json', '10#0')).toBe(
      `{"database":"fxs","table":"orders","type":"delete","data":{"id":1,"status":"paid","amount":"11.00","note":"x"},${maxwellEnd(10, 1795433483799, '10#0')}`,
    );
  });

  it('keeps an update of the key in one where the order does not need two', async () => {
    const json = JSON.parse(await bodyOf('maxwell-json', '10#0', { ordering: 'table' })) as Body;
    expect(json).toMatchObject({ type: 'update', data: { id: 101 }, old: { id: 1 } });
  });
});

describe.each(['debezium-json', 'maxwell-json'] as const)('%s', (format) => {
  it('has one row a message, each with what stands on a message of canal-json', async () => {
    const options = { include: ['fxs.*'], ordering: 'key', lanes: 4 } as const;
    const messages = await sent('shop.9.7', { ...options, format });
    const packed = await sent('shop.9.7', options);
    const count = (list: readonly OutboundMessage[]): number =>
      list.reduce((sum, { properties }) => sum + Number(properties.get('rows')), 0);
    expect(count(messages)).toBe(count(packed));
    expect(packed.length).toBeLessThan(messages.length);
    for (const lane of new Set(messages.map((message) => message.lane))) {
      const ofLane = messages.filter((message) => message.lane === lane);
      expect(ofLane.map(({ properties }) => properties.get('sequence'))).toEqual(ofLane.map((_, i) => String(i + 1)));
    }
    for (const { properties, tag, keys } of messages) {
      expect(properties.get('format')).toBe(format);
      expect(properties.get('rows')).toBe('1');
      expect(properties.get('first')).toBe(properties.get('last'));
      const like = packed.find((one) => one.tag === tag && one.properties.get('kind') === properties.get('kind'));
      expect([...(like?.properties.keys() ?? [])].filter((name) => name !== 'resume')).toEqual(
        [...properties.keys()].filter((name) => name !== 'resume'),
      );
      expect(keys).toHaveLength(like?.keys.length === 0 ? 0 : 1);
    }
  });

  it('brings a large row whole, or its key when it is larger than a message may be', async () => {
    const options = { format, include: ['fxv.texts'] };
    const whole = await sent('values.9.7', options);
    const maxBodyBytes = 2000;
    const cut = await sent('values.9.7', { ...options, maxBodyBytes, publish: { ...EXACT, oversize: 'skeleton' } });
    expect(cut).toHaveLength(whole.length);
    const skeleton = cut.find(({ properties }) => properties.get('marks') === 'oversize');
    const json = JSON.parse(skeleton?.body.toString() ?? '{}') as Body;
    expect(Object.keys(json.after ?? json.data ?? {})).toEqual(['id']);
    expect(json.omitted?.length).toBeGreaterThan(5);
    await expect(async () => sent('values.9.7', { ...options, maxBodyBytes })).rejects.toThrow('the sink takes 2000');
  });
});

interface Body {
  readonly after?: object | null;
  readonly data?: object;
  readonly absent?: readonly string[];
  readonly omitted?: readonly string[];
}

describe('messages without rows', () => {
  const place = { source: SERVER, change: '15#ddl0', gtid: `${SERVER}:15`, position: 'binlog.000002:4184' };
  const at = { packedAtMs: 1795427500012, sequence: 9 };
  const ddl: PublishedDdl = {
    ...place,
    type: 'ALTER',
    database: 'fxs',
    tables: [{ database: 'fxs', table: 'orders' }],
    sql: 'ALTER TABLE orders ADD COLUMN extra INT',
    commitTimeMs: 1795427500000,
  };
  const mark: CopyMark = {
    copy: '1',
    what: 'begin',
    database: 'fxs',
    table: 'orders',
    sql: 'CREATE TABLE `orders` (…)',
    rows: 0,
    replaces: true,
    source: 'copy/1/4',
    change: '12#0',
    position: place.position,
    gtidSet: `${SERVER}:1-15`,
    atMs: 1795427500000,
  };
  const progress = {
    source: 'progress/4',
    change: '3#0',
    position: place.position,
    gtidSet: `${SERVER}:1-15`,
    asOfMs: 7,
  };
  const parsed = (body: Buffer): unknown => JSON.parse(body.toString());
  const copy = { id: '1', mark: 'begin', rows: 0, replaces: true, gtidSet: `${SERVER}:1-15` };

  it('are schema changes and messages in debezium-json', () => {
    const format = FORMATS['debezium-json'];
    const source = { connector: 'mysql', name: 'binlog-relay', snapshot: 'false', file: 'binlog.000002', pos: 4184 };
    const times = { ts_ms: at.packedAtMs };
    const own = { ...source, db: 'fxs', table: 'orders', ts_ms: ddl.commitTimeMs };
    expect(parsed(format.ddl({ ...ddl, ...at }))).toEqual({
      source: { ...own, gtid: `${SERVER}:15`, change: `${SERVER}:15#ddl0` },
      ...times,
      databaseName: 'fxs',
      schemaName: null,
      ddl: ddl.sql,
      tableChanges: [],
      type: 'ALTER',
      tables: [['fxs', 'orders']],
    });
    expect(parsed(format.copyMark({ ...mark, ...at }))).toEqual({
      op: 'm',
      source: { ...own, gtid: null, change: 'copy/1/4:12#0' },
      message: { prefix: 'copy' },
      copy,
      sql: mark.sql,
      ...times,
    });
    expect(parsed(format.progress({ ...progress, ...at }))).toEqual({
      op: 'm',
      source: { ...source, db: '', table: '', ts_ms: 7, gtid: null, change: 'progress/4:3#0' },
      message: { prefix: 'progress' },
      progress: { gtidSet: `${SERVER}:1-15` },
      ...times,
    });
  });

  it('are of types of their own in maxwell-json', () => {
    const format = FORMATS['maxwell-json'];
    const own = { database: 'fxs', table: 'orders', ts: 1795427500, ts_ms: 1795427500000, position: place.position };
    expect(parsed(format.ddl({ ...ddl, ...at }))).toEqual({
      ...own,
      type: 'table-alter',
      sql: ddl.sql,
      gtid: `${SERVER}:15`,
      tables: [['fxs', 'orders']],
      change: `${SERVER}:15#ddl0`,
    });
    const marked = { ...own, data: {}, copy, sql: mark.sql, change: 'copy/1/4:12#0' };
    expect(parsed(format.copyMark({ ...mark, ...at }))).toEqual({ ...marked, type: 'bootstrap-start' });
    const end = { ...mark, what: 'end' as const };
    expect(parsed(format.copyMark({ ...end, ...at }))).toMatchObject({
      type: 'bootstrap-complete',
      copy: { mark: 'end' },
    });
    expect(parsed(format.progress({ ...progress, ...at }))).toEqual({
      type: 'progress',
      database: '',
      table: '',
      ts: 0,
      ts_ms: 7,
      progress: { gtidSet: `${SERVER}:1-15` },
      position: place.position,
      change: 'progress/4:3#0',
    });
  });
});
