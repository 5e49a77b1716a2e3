import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowIdentity } from '../../../../src/change/change.ts';
import { Packer, type PackedTable } from '../../../../src/relay/lanes/packer.ts';

const ROWS_PER_MESSAGE = 4;
const SMALL_BYTES = 1;

/** As the outbox does it. */
function messageFor(
  packer: Packer<object, TestMessage>,
  messageClass: object,
  row: RowIdentity,
  table: PackedTable,
  imageBytes: number,
): TestMessage {
  const found = packer.find(messageClass, row, table, imageBytes);
  if (found !== undefined) return found;
  const message = new TestMessage(packer.nextNumber);
  packer.begin(messageClass, message);
  return message;
}

class TestMessage {
  readonly number: number;
  readonly rows: Row[] = [];
  constructor(number: number) {
    this.number = number;
  }
  hasRoomFor(imageBytes: number): boolean {
    return this.rows.length === 0 || (this.rows.length < ROWS_PER_MESSAGE && imageBytes <= SMALL_BYTES);
  }
}

interface Row {
  readonly key: number;
  readonly isAnyKey: boolean;
  readonly version: number;
}

const TABLE = { mayBeAnyKey: true, tableHash: 0x7f4a7c15 };
const CLASSES = [{ kind: 'INSERT' }, { kind: 'UPDATE' }, { kind: 'DELETE' }] as const;
/** Of the rows of which only the key fits into a message. */
const SKELETON = { kind: 'SKELETON' };

/** May the collation hold the keys of the two rows equal? */
const mayBeEqual = (a: Row, b: Row): boolean => a.key === b.key || a.isAnyKey || b.isAnyKey;

function pack(mayBeAnyKey: boolean) {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        key: fc.nat({ max: 6 }),
        of: fc.nat({ max: 2 }),
        isAnyKey: fc.nat({ max: 9 }).map((n) => mayBeAnyKey && n === 0),
        fits: fc.constantFrom('fits', 'fits', 'fits', 'alone', 'skeleton'),
      }),
    },
    { weight: 1, arbitrary: fc.constant('send' as const) },
  );
  return fc.array(step, { maxLength: 200, size: 'max' }).map((steps) => {
    const packer = new Packer<object, TestMessage>();
    const sent: Row[] = [];
    const added: Row[] = [];
    const send = (): boolean => {
      const message = packer.take();
      if (message !== undefined) sent.push(...message.rows);
      return message !== undefined;
    };
    for (const next of steps) {
      if (next === 'send') {
        send();
        continue;
      }
      const row = { key: next.key, isAnyKey: next.isAnyKey, version: added.length };
      added.push(row);
      const identity = { laneHash: 0, keyHash: next.key + 1000, isAnyKey: next.isAnyKey };
      const table = { ...TABLE, mayBeAnyKey };
      const joins = (messageClass: object, imageBytes: number): TestMessage =>
        messageFor(packer, messageClass, identity, table, imageBytes);
      // As the outbox does with a row that does not fit: a message of its own, and if need be one of another class.
      const messageClass = CLASSES[next.of] ?? CLASSES[0];
      let message = joins(messageClass, SMALL_BYTES);
      if (next.fits !== 'fits' && message.rows.length > 0) message = joins(messageClass, Infinity);
      if (next.fits === 'skeleton') message = joins(SKELETON, SMALL_BYTES);
      message.rows.push(row);
      packer.joined(message, identity, table);
    }
    while (send());
    return { added, sent };
  });
}

describe('Packer', () => {
  it.each([false, true])(
    'keeps the order of rows whose keys may be equal (keys that may equal any other: %s; invariant 2)',
    (mayBeAnyKey) => {
      fc.assert(
        fc.property(pack(mayBeAnyKey), ({ sent }) => {
          for (let later = 0; later < sent.length; later += 1) {
            for (let earlier = 0; earlier < later; earlier += 1) {
              const [a, b] = [sent[earlier], sent[later]];
              if (a === undefined || b === undefined || a.version < b.version) continue;
              expect(mayBeEqual(a, b)).toBe(false);
            }
          }
        }),
        { numRuns: 300 },
      );
    },
  );

  it('loses nothing and repeats nothing', () => {
    fc.assert(
      fc.property(pack(true), ({ added, sent }) => {
        expect([...sent].sort((a, b) => a.version - b.version)).toEqual(added);
      }),
    );
  });

  it('fills one message with rows of one class, whatever lies between them', () => {
    const packer = new Packer<object, TestMessage>();
    for (let key = 0; key < ROWS_PER_MESSAGE; key += 1) {
      for (const messageClass of CLASSES) {
        const row = { laneHash: 0, keyHash: key * 10 + CLASSES.indexOf(messageClass), isAnyKey: false };
        messageFor(packer, messageClass, row, TABLE, 1).rows.push({ key, isAnyKey: false, version: 0 });
      }
    }
    expect(packer.unsent).toBe(CLASSES.length);
  });
});
