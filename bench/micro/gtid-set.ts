/** GTID sets as the low-water mark, health and the start use them. */
import { GtidSet } from '../../src/binlog/gtids/gtid-set.ts';
import { repeated, type MicroCase } from './micro-case.ts';

const SOURCE = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const OTHERS = Array.from({ length: 10 }, (_, i) => `3e11fa47-71ca-11e1-9e33-c80aa942950${i}:1-${1000 + i}:2000-3000`);
const TEXT = OTHERS.join();

const growing = new GtidSet();
const full = GtidSet.parse(TEXT);
let gno = 0n;

export const cases: readonly MicroCase[] = [
  repeated('add the next', 2000, () => {
    gno += 1n;
    growing.add(SOURCE, gno);
  }),
  repeated('parse ten sources', 20, () => GtidSet.parse(TEXT)),
  repeated('print ten sources', 20, () => full.toString()),
  repeated('contains, ten sources', 20, () => full.contains(full)),
];
