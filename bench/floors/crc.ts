/** CRC-32 of an event, in JavaScript where the call into zlib costs more than it saves. */
import { crc32 } from 'node:zlib';

const NATIVE_FROM_BYTES = 150;

const table = new Int32Array(1024);
for (let i = 0; i < 256; i += 1) {
  let c = i;
  for (let bit = 0; bit < 8; bit += 1) c = (c & 1) === 0 ? c >>> 1 : (c >>> 1) ^ 0xedb88320;
  table[i] = c;
}
for (let i = 256; i < 1024; i += 1) {
  const c = table[i - 256] ?? 0;
  table[i] = (table[c & 255] ?? 0) ^ (c >>> 8);
}

/** True when the last four bytes of the event are the CRC of the others. */
export function isWhole(b: Buffer, start: number, end: number): boolean {
  const bodyEnd = end - 4;
  return b.readUInt32LE(bodyEnd) === checksum(b, start, bodyEnd);
}

function checksum(b: Buffer, p: number, end: number): number {
  if (end - p >= NATIVE_FROM_BYTES) return crc32(b.subarray(p, end));
  let c = -1;
  for (; p + 4 <= end; p += 4) {
    c ^= (b[p] ?? 0) | ((b[p + 1] ?? 0) << 8) | ((b[p + 2] ?? 0) << 16) | ((b[p + 3] ?? 0) << 24);
    c =
      (table[768 + (c & 255)] ?? 0) ^
      (table[512 + ((c >>> 8) & 255)] ?? 0) ^
      (table[256 + ((c >>> 16) & 255)] ?? 0) ^
      (table[c >>> 24] ?? 0);
  }
  for (; p < end; p += 1) c = (table[(c ^ (b[p] ?? 0)) & 255] ?? 0) ^ (c >>> 8);
  return ~c >>> 0;
}
