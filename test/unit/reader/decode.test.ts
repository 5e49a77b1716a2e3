import { describe, expect, it } from 'vitest';
import { canalCopyMark } from '../../../src/format/canal-copy-mark.ts';
import { canalDdl } from '../../../src/format/canal-ddl.ts';
import { changesOf } from '../../../src/reader/decode.ts';
import type { Change } from '../../../src/reader/reader.ts';
import { markOf } from '../../../src/topic/gate.ts';
import { insertBody, topicMessage, type MessageParts } from '../../support/topic/messages.ts';

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const PLACE = 'topic order-binlog, lane lane-3 (broker-a, queue 3, offset 1)';
const decoded = (parts: MessageParts): readonly Change[] => {
  const message = topicMessage(parts);
  return changesOf(message, markOf(message));
};
const at = { lane: 'lane-3', queue: 3, offset: 1n, stream: 's1', epoch: 1, sequence: 1 };
const facts = { source: UUID, gtid: `${UUID}:15`, position: 'binlog.000002:4184', packedAtMs: 2, sequence: 1 };

describe('changesOf', () => {
  it('reads the rows of an update, each with its own id, GTID and old values', () => {
    const body = {
      ...insertBody(7),
      type: 'UPDATE',
      data: [
        { id: '7', note: null },
        { id: '8', note: 'b' },
      ],
      old: [{ note: 'a' }, { id: '9', note: null }],
      changes: ['23#0', '24#1+'],
      gtid: `${UUID}:24`,
    };
    expect(decoded({ body })).toEqual([
      {
        kind: 'update',
        database: 'shop',
        table: 'orders',
        id: `${UUID}:23#0`,
        gtid: `${UUID}:23`,
        committedMs: 1795427500000,
        key: ['id'],
        types: { id: 'int' },
        row: { id: '7', note: null },
        before: { note: 'a' },
        at,
      },
      expect.objectContaining({
        id: `${UUID}:24#1+`,
        gtid: `${UUID}:24`,
        row: { id: '8', note: 'b' },
        before: { id: '9', note: null },
      }),
    ]);
  });

  it('writes a GTID as its server does: MariaDB with dashes, none without GTIDs and for rows of a copy', () => {
    const mariadb = { ...insertBody(7), source: '0-1', gtid: '0-1-7' };
    expect(decoded({ body: mariadb })).toMatchObject([{ id: '0-1:7#0', gtid: '0-1-7' }]);
    const copied = { ...insertBody(7), source: 'copy/1/4', gtid: '' };
    expect(decoded({ body: copied, properties: { copy: '1' } })).toMatchObject([{ gtid: '', copy: '1' }]);
    expect(decoded({})[0]).not.toHaveProperty('copy');
  });

  it('keeps the names of columns that objects have a meaning for', () => {
    const body = Buffer.from(JSON.stringify(insertBody(7)).replace('[{"id":"7"}]', '[{"id":"7","__proto__":"x"}]'));
    const [change] = decoded({ body });
    expect(change?.kind === 'insert' && Object.entries(change.row)).toEqual([
      ['id', '7'],
      ['__proto__', 'x'],
    ]);
  });

  it('says of each row what is not as usual about it', () => {
    const oversize = { ...insertBody(7), omitted: ['title'] };
    expect(decoded({ body: oversize, properties: { marks: 'oversize' } })).toMatchObject([{ omitted: ['title'] }]);
    const partial = { ...insertBody(7), type: 'UPDATE', old: [{}], absent: ['a'], oldAbsent: ['note'] };
    expect(decoded({ body: partial, properties: { marks: 'partial' } })).toMatchObject([
      { absent: ['a'], beforeAbsent: ['note'] },
    ]);
    const invalid = {
      ...insertBody(7),
      data: [{ id: '1' }, { id: '2' }],
      changes: ['1#0', '1#1'],
      invalidText: [{ row: 1, data: ['id'] }],
    };
    const [plain, marked] = decoded({ body: invalid, properties: { marks: 'invalidText' } });
    expect(plain).not.toHaveProperty('invalidText');
    expect(marked).toMatchObject({ invalidText: ['id'] });
    expect(decoded({ body: { ...insertBody(7), timeZone: '+08:00', binary: 'latin1' } })).toMatchObject([
      { timeZone: '+08:00', binary: 'latin1' },
    ]);
  });

  it('reads statements and marks of copies as the relay writes them', () => {
    const ddl = canalDdl({
      ...facts,
      type: 'ALTER',
      database: 'fxs',
      tables: [{ database: 'fxs', table: 'orders' }],
      sql: 'ALTER TABLE fxs.orders ADD COLUMN extra INT FIRST',
      change: '15#ddl0',
      commitTimeMs: 1,
    });
    expect(decoded({ tag: 'ddl', body: ddl, properties: { lanes: '8' } })).toMatchObject([
      {
        kind: 'statement',
        type: 'ALTER',
        id: `${UUID}:15#ddl0`,
        gtid: `${UUID}:15`,
        tables: [['fxs', 'orders']],
        lanes: 8,
      },
    ]);
    const copy = canalCopyMark({
      ...facts,
      copy: '1',
      what: 'begin',
      database: 'shop',
      table: 'orders',
      sql: 'CREATE TABLE',
      rows: 0,
      replaces: true,
      source: 'copy/1/4',
      change: '12#0',
      gtidSet: '',
      atMs: 1,
    });
    expect(decoded({ tag: 'copy', body: copy, properties: { lanes: '8', copy: '1' } })).toMatchObject([
      { kind: 'copy-begin', copy: '1', sql: 'CREATE TABLE', replaces: true, gtid: '', lanes: 8 },
    ]);
  });

  it.each<[string, MessageParts, string]>([
    ['no JSON', { body: Buffer.from('{"type":') }, 'its body is no JSON'],
    ['no object', { body: Buffer.from('[1]') }, 'its body is not an object'],
    ['no format', { properties: { format: undefined } }, 'it has no property format'],
    ['a number for a value', { body: { ...insertBody(1), data: [{ id: 7 }] } }, 'neither a text nor null: column id'],
    ['rows without ids', { body: { ...insertBody(1), changes: [] } }, 'not of the same length'],
    ['an update without old', { body: { ...insertBody(1), type: 'UPDATE' } }, 'old is not a list'],
    ['no time', { body: { ...insertBody(1), es: '1' } }, 'es is not a whole number'],
  ])('refuses a message with %s, says where it is, and how to look at it', (_, parts, text) => {
    expect(() => decoded(parts)).toThrow(
      expect.objectContaining({
        code: 'MESSAGE_UNREADABLE',
        message: expect.stringContaining(`${PLACE}: `) as string,
        remedy: expect.stringContaining('mqadmin queryMsgByOffset') as string,
      }) as Error,
    );
    expect(() => decoded(parts)).toThrow(text);
  });

  it.each<[string, MessageParts, string]>([
    ['format', { properties: { format: 'canal-json/2' } }, 'its format is "canal-json/2"'],
    ['mark', { properties: { marks: 'partial,torn' } }, 'it has the mark torn'],
    ['type', { body: { ...insertBody(1), type: 'MERGE' } }, 'its type is "MERGE"'],
  ])('stops at a %s that it does not know', (_, parts, text) => {
    expect(() => decoded(parts)).toThrow(expect.objectContaining({ code: 'MESSAGE_UNKNOWN' }) as Error);
    expect(() => decoded(parts)).toThrow(text);
  });
});
