/** JSON columns: a document to text, and the differences of a partial update to a whole document. */
import { jsonCodec } from '../../src/binlog/json/json.ts';
import { applyJsonDiffs } from '../../src/binlog/json/json-diff.ts';
import { binaryJson, type Plain } from '../../test/support/binary-json.ts';
import { repeated, type MicroCase } from './micro-case.ts';

const SMALL: Plain = { sku: 'A-17', quantity: 3, price: 9.95, gift: false };
const LARGE: Plain = {
  items: Array.from({ length: 40 }, (_, line) => ({
    line,
    sku: `SKU-${line}`,
    note: '放在门卫处即可',
    price: line / 3,
  })),
};
const small = binaryJson(SMALL);
const large = binaryJson(LARGE);
const out = Buffer.alloc(64 << 10);
const { json } = jsonCodec('c');

/** Operation 0 is REPLACE; sizes below 251 take one byte. */
function replacement(path: string, value: Plain): Buffer {
  const name = Buffer.from(path);
  const document = binaryJson(value);
  return Buffer.concat([Buffer.of(0, name.length), name, Buffer.of(document.length), document]);
}

const smallDiff = replacement('$.quantity', 4);
const largeDiff = replacement('$.items[20].price', 1);

export const cases: readonly MicroCase[] = [
  repeated('json text, 4 members', 500, () => json(out, 0, small, 0, small.length)),
  repeated('json text, 40 objects', 20, () => json(out, 0, large, 0, large.length)),
  repeated('partial json, 4 members', 200, () => applyJsonDiffs('c', small, smallDiff)),
  repeated('partial json, 40 objects', 20, () => applyJsonDiffs('c', large, largeDiff)),
];
