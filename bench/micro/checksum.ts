/** CRC-32 by size, ours and zlib's: where the one overtakes the other is a constant in binlog/checksum.ts. */
import { crc32 as zlibCrc32 } from 'node:zlib';
import { crc32 } from '../../src/binlog/wire/checksum.ts';
import { repeated, type MicroCase } from './micro-case.ts';

const SIZES = [40, 80, 120, 200, 400, 1000, 8000];
const MAX_BYTES = 8000;
const CALLS = 200;
const bytes = Buffer.from(Array.from({ length: MAX_BYTES + CALLS }, (_, i) => (i * 7919) & 255));

export const cases: readonly MicroCase[] = SIZES.flatMap((size) => [
  repeated(`crc32 of ${size}`, CALLS, (i) => crc32(bytes, i, i + size)),
  repeated(`crc32 of ${size}, zlib alone`, CALLS, (i) => zlibCrc32(bytes.subarray(i, i + size))),
]);
