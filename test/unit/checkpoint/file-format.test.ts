import { describe, expect, it } from 'vitest';
import type { Checkpoint, CopyPart } from '../../../src/checkpoint/checkpoint.ts';
import { parseCheckpoint, renderCheckpoint } from '../../../src/checkpoint/file-format.ts';
import { checkpoint } from '../../support/checkpoints.ts';

const text = renderCheckpoint(checkpoint(1));
const parse = (changed: string): ReturnType<typeof parseCheckpoint> => parseCheckpoint(Buffer.from(changed));
const problem = (changed: string): string => {
  const parsed = parse(changed);
  return parsed.ok ? 'none' : parsed.problem;
};

describe('renderCheckpoint', () => {
  it('writes what an operator can read', () => {
    expect(text).toBe(`{
  "format": "binlog-relay checkpoint",
  "version": 1,
  "storedAt": "2026-01-01T00:00:00.001Z",
  "stream": "1f2e3d4c",
  "epoch": 7,
  "serverUuid": "3e11fa47-71ca-11e1-9e33-c80aa9429562",
  "file": "binlog.000042",
  "offset": 1001,
  "gtidSet": "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-2",
  "destination": "rocketmq topic order-binlog",
  "ordering": "key",
  "queues": 8,
  "lanes": [
    "lane-0",
    "lane-1"
  ],
  "crc32": "${text.slice(-12, -4)}"
}
`);
  });

  it('throws for what could not be read back', () => {
    expect(() => renderCheckpoint(checkpoint(1, { epoch: 0.5 }))).toThrow();
    expect(() => renderCheckpoint(checkpoint(1, { lanes: [] }))).toThrow();
  });
});

describe('copies of tables', () => {
  const copies: NonNullable<Checkpoint['copies']> = {
    newestId: 2,
    list: [
      { id: '1', patterns: ['shop.*'], requestedAt: 'then', isPaused: false, endedAt: 'later', isCancelled: true },
      {
        id: '2',
        patterns: ['*.*'],
        requestedAt: 'then',
        isPaused: true,
        tables: [
          { database: 'shop', table: 'orders', state: 'copying', rows: 5, after: ['3132', ''], key: 'id 3 0 0, x' },
          { database: 'shop', table: 'items', state: 'failed', rows: 0, reason: 'a view' },
        ],
      },
    ],
  };

  it('are read back as they were', () => {
    const written = checkpoint(1, { copies });
    expect(parse(renderCheckpoint(written))).toEqual({ ok: true, checkpoint: written });
  });

  it('are refused where a place is none, whoever has computed the checksum', () => {
    const [, second] = copies.list;
    const [table] = second?.tables ?? [];
    if (second === undefined || table === undefined) throw new Error('no table');
    for (const after of [[], ['3'], ['XY'], ["31' OR 1"]])
      expect(() =>
        renderCheckpoint(
          checkpoint(1, { copies: { newestId: 2, list: [{ ...second, tables: [{ ...table, after }] }] } }),
        ),
      ).toThrow();
  });
});

describe('parts of tables', () => {
  const copiesOf = (part: CopyPart, keysDone?: number): NonNullable<Checkpoint['copies']> => ({
    newestId: 1,
    list: [
      {
        id: '1',
        patterns: ['shop.orders'],
        part,
        requestedAt: 'then',
        isPaused: false,
        tables: [
          { database: 'shop', table: 'orders', state: 'copying', rows: 1, ...(keysDone !== undefined && { keysDone }) },
        ],
      },
    ],
  });

  it.each([
    { of: 'keys', count: 3, keys: ['t3137', 'xff,t', 'x'] },
    { of: 'keys', count: 3, keys: [] },
    { of: 'range' },
    { of: 'range', from: 't31' },
    { of: 'range', from: 't31', to: 't32,xff' },
  ] as const)('are read back as they were: %j', (part) => {
    const written = checkpoint(1, { copies: copiesOf(part, 2) });
    expect(parse(renderCheckpoint(written))).toEqual({ ok: true, checkpoint: written });
  });

  it.each(['', '3137', 't3', 't31,', 'txy', 't31 OR 1', "x'", 'T31', 't31\n'])(
    'are refused with the key %j, whoever has computed the checksum',
    (key) => {
      for (const part of [{ of: 'keys', count: 1, keys: [key] } as const, { of: 'range', from: key } as const])
        expect(() => renderCheckpoint(checkpoint(1, { copies: copiesOf(part) }))).toThrow();
    },
  );

  it('are refused with numbers that count nothing', () => {
    const render = (part: CopyPart, done?: number): string =>
      renderCheckpoint(checkpoint(1, { copies: copiesOf(part, done) }));
    expect(() => render({ of: 'keys', count: 0, keys: [] })).toThrow();
    expect(() => render({ of: 'keys', count: 1, keys: ['t'] }, -1)).toThrow();
    expect(() => render({ of: 'rows', count: 1, keys: ['t'] } as unknown as CopyPart)).toThrow();
  });
});

describe('parseCheckpoint', () => {
  it('refuses the text cut anywhere but in its last line feed', () => {
    for (let length = 0; length < text.length - 1; length += 1) expect(parse(text.slice(0, length)).ok).toBe(false);
  });

  it('never reads another checkpoint from a text with one bit flipped', () => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = Buffer.from(bytes);
        flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at);
        const parsed = parseCheckpoint(flipped);
        if (parsed.ok) expect(parsed.checkpoint).toEqual(checkpoint(1));
      }
    }
  });

  it('does not mind white space that an editor leaves', () => {
    expect(parse(`${text.replaceAll('\n', '\r\n')}\n`).ok).toBe(true);
  });

  it('says that a number was edited', () => {
    expect(problem(text.replace('1001', '1002'))).toMatch(/damaged or edited/);
  });

  it('says that a later relay wrote it', () => {
    expect(problem(text.replace('"version": 1', '"version": 2'))).toMatch(/later relay/);
  });

  it.each(['{}', '[]', 'null', '1', '{"name":"binlog-relay","version":"0.1.0"}'])(
    'takes %s for no checkpoint',
    (foreign) => {
      expect(problem(foreign)).toBe('it is JSON, but not a binlog-relay checkpoint');
    },
  );

  it('refuses fields it does not know, and names missing ones', () => {
    expect(problem(text.replace('"epoch": 7', '"epoch": 7, "more": 1'))).toMatch(/more/);
    expect(problem(text.replace('"epoch": 7,', ''))).toMatch(/epoch/);
  });
});
