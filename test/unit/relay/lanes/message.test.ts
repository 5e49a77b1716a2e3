import { describe, expect, it } from 'vitest';
import { tableFilter } from '../../../../src/change/table-filter.ts';
import type { RowChange } from '../../../../src/change/change.ts';
import { canalJson } from '../../../../src/format/canal-json.ts';
import { ChangeCounter } from '../../../../src/relay/tables/change-counter.ts';
import { LowWaterMark } from '../../../../src/relay/progress/low-water-mark.ts';
import { Message } from '../../../../src/relay/lanes/message.ts';
import { PlanMemory } from '../../../../src/relay/tables/plan-memory.ts';
import { TablePlan } from '../../../../src/relay/tables/table-plan.ts';
import { imageOf, intColumn, varcharColumn, type Value } from '../../../support/row-images.ts';

const filter = tableFilter({ include: ['*.*'], exclude: [], excludeColumns: [] });
const columns = [intColumn(0, 'id'), varcharColumn(1, 'note')];
const plan = new TablePlan(
  { database: 'shop', name: 'orders', columns, primaryKey: [] },
  { counter: new ChangeCounter(), memory: new PlanMemory() },
  {
    filter,
    ordering: 'key',
    format: canalJson,
  },
);
const mark = new LowWaterMark({ file: 'binlog.000001', offset: 4, gtidSet: undefined });
const held = { bytes: 0 };

function updateOf(before: readonly Value[] | Buffer, after: readonly Value[] | Buffer): RowChange {
  const [old, now] = [before, after].map((image) => (Buffer.isBuffer(image) ? image : imageOf(image as Value[])));
  const image = Buffer.concat([old ?? Buffer.alloc(0), now ?? Buffer.alloc(0)]);
  return {
    transaction: { source: 'uuid', number: '23', gno: 23n, commitTimeMs: 1 },
    serial: 1,
    n: 0,
    isInsertHalf: false,
    row: { laneHash: 0, keyHash: 0, isAnyKey: false },
    image,
    start: old?.length ?? 0,
    end: image.length,
    before: 0,
  };
}

function messageFor(kind: 'INSERT' | 'UPDATE'): Message {
  const messageClass = kind === 'INSERT' ? plan.classes.insert('uuid') : plan.classes.update('uuid', Int32Array.of(2));
  return new Message(messageClass, 1, mark.hold(0), held, { fullBytes: 1 << 20, maxBytes: 4 << 20 });
}

const ALL = Int32Array.of(2);

describe('Message', () => {
  it('writes a large row again, in a buffer as long as it needs, when escapes make it longer than foreseen', () => {
    const controls = '\u0001'.repeat(900);
    const message = messageFor('INSERT');
    // `end` says that the row is short: room is made for a short one.
    message.add({ ...updateOf(Buffer.alloc(0), [1, controls]), start: 0, end: 10 }, undefined);
    expect(message.data.written().toString().split('"data":[')[1]).toBe(
      `{"id":"1","note":${JSON.stringify(controls)}}`,
    );
    message.recycleNotes();
    message.data.recycle();
  });

  it('stays as it was when a value of the row, or its previous value, cannot be written', () => {
    const notUtf8 = imageOf([1, 'xx']);
    notUtf8.writeUInt16BE(0xfffe, notUtf8.length - 2);
    const message = messageFor('UPDATE');
    message.add(updateOf([1, 'a'], [1, 'b']), ALL);
    const before = [message.data, message.old, message.changes].map((bytes) => Buffer.from(bytes.written()));
    expect(() => message.add(updateOf(notUtf8, [1, 'b']), ALL)).toThrow(/note/);
    expect(() => message.add(updateOf([1, 'a'], notUtf8), ALL)).toThrow(/note/);
    expect(message.rows).toBe(1);
    expect([message.data, message.old, message.changes].map((bytes) => bytes.written())).toEqual(before);
    message.recycleNotes();
    message.data.recycle();
  });

  it('names the values whose bytes are no text, and nothing of a row that was not added', () => {
    const invalid = imageOf([1, 'xx']);
    invalid.writeUInt16BE(0xfffe, invalid.length - 2);
    const lenient = new TablePlan(
      { database: 'shop', name: 'orders', columns, primaryKey: [] },
      { counter: new ChangeCounter(), memory: new PlanMemory() },
      {
        filter,
        ordering: 'key',
        format: canalJson,
        invalidText: 'base64',
      },
    );
    const sizes = { fullBytes: 1 << 20, maxBytes: 2300 };
    const message = new Message(lenient.classes.update('uuid', ALL), 1, mark.hold(0), held, sizes);
    message.add(updateOf([1, 'a'], [1, 'b']), ALL);
    message.add(updateOf(invalid, invalid), ALL);
    expect(message.add(updateOf(invalid, [1, 'c'.repeat(1000)]), ALL)).toBeGreaterThan(2300);
    message.add(updateOf(invalid, [1, 'b']), ALL);
    message.add(updateOf([1, 'a'], [1, 'b']), ALL);
    expect(JSON.parse(`[${message.invalidText.written().toString()}]`)).toEqual([
      { row: 1, data: ['note'], old: ['note'] },
      { row: 2, old: ['note'] },
    ]);
    expect(message.data.written().toString()).toContain('{"id":"1","note":"//4="}');
    expect(message.invalidTextRows).toBe(2);
    message.recycleNotes();
    message.data.recycle();
  });

  it('gives every byte back to the budget', () => {
    expect(held.bytes).toBe(0);
  });
});
