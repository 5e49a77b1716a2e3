/** Packing: which message a row joins, and the index of keys behind it. */
import type { RowIdentity } from '../../src/change/change.ts';
import { KeyIndex } from '../../src/relay/lanes/key-index.ts';
import { Packer, type Packed } from '../../src/relay/lanes/packer.ts';
import { repeated, type MicroCase } from './micro-case.ts';

const ROWS_PER_MESSAGE = 1000;
const CALLS = 4000;
const TABLE = { mayBeAnyKey: false, tableHash: 7 };
const CLASSES = [{}, {}, {}];

class SampleMessage implements Packed {
  readonly number: number;
  #rows = 0;

  constructor(number: number) {
    this.number = number;
  }

  hasRoomFor(): boolean {
    this.#rows += 1;
    return this.#rows <= ROWS_PER_MESSAGE;
  }
}

/** Rows of `classes` classes, each key `repeats` times, while a message is sent for every one that is opened. */
function packed(name: string, classes: number, repeats: number): MicroCase {
  const packer = new Packer<object, SampleMessage>();
  const row: RowIdentity = { laneHash: 0, keyHash: 0, isAnyKey: false };
  return repeated(name, CALLS, (i) => {
    row.keyHash = Math.imul((i / repeats) | 0, 0x9e3779b1);
    const messageClass = CLASSES[i % classes] ?? TABLE;
    let message = packer.find(messageClass, row, TABLE, 100);
    if (message === undefined) {
      message = new SampleMessage(packer.nextNumber);
      packer.begin(messageClass, message);
    }
    packer.joined(message, row, TABLE);
    if (packer.unsent > 8) packer.take();
  });
}

const index = new KeyIndex();

export const cases: readonly MicroCase[] = [
  packed('packer, inserts of one table', 1, 1),
  packed('packer, three classes, each key twice', 3, 2),
  repeated('key index, set and find', CALLS, (i) => {
    const hash = Math.imul(i, 0x85ebca6b);
    index.set(hash, i + 1, 0);
    index.newest(hash);
  }),
];
