/** Generated code: a row image of eight columns skipped, compared, located and written. */
import {
  columnSet,
  compileCompare,
  compileLocate,
  compileObject,
  compileSelected,
  compileImageEnd,
  type RowCursor,
} from '../../src/binlog/rows/row-compiler.ts';
import { plainValue } from '../../src/format/plain-values.ts';
import { repeated, type MicroCase } from './micro-case.ts';
import { ORDER_COLUMNS, orderImage } from './sample-orders.ts';

const CALLS = 1000;
const before = orderImage(123_456, 'please deliver soon');
const after = orderImage(123_456, 'shipped');
const images = Buffer.concat([before, after]);
const out = Buffer.alloc(4096);
const cursor: RowCursor = { p: 0, o: 0 };
const changed = columnSet(ORDER_COLUMNS.length);
const ranges = new Int32Array(2);

const skip = compileImageEnd(ORDER_COLUMNS);
const write = compileObject(ORDER_COLUMNS);
const writePlain = compileObject(ORDER_COLUMNS.map((each) => plainValue(each, 'debezium')));
const writeSelected = compileSelected(ORDER_COLUMNS);
const compare = compileCompare(ORDER_COLUMNS);
const locate = compileLocate(ORDER_COLUMNS, [0]);
const remarkOnly = columnSet(ORDER_COLUMNS.length);
remarkOnly[0] = 1 << 7;

const fromStart = (task: () => void) => () => {
  cursor.p = 0;
  cursor.o = 0;
  task();
};

export const cases: readonly MicroCase[] = [
  repeated('skip', CALLS, () => skip(images, 0)),
  repeated('locate the key', CALLS, () => locate(images, 0, ranges)),
  repeated('compare', CALLS, () => compare(images, 0, before.length, changed)),
  repeated(
    'write',
    CALLS,
    fromStart(() => write(images, cursor, out)),
  ),
  repeated(
    'write, numbers as numbers',
    CALLS,
    fromStart(() => writePlain(images, cursor, out)),
  ),
  repeated(
    'write one changed column',
    CALLS,
    fromStart(() => writeSelected(images, cursor, out, remarkOnly)),
  ),
];
