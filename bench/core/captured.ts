/** A binlog as the bytes of its files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every file begins with `\xfebin`, which is no event. */
const MAGIC_BYTES = 4;
const SIZE_OFFSET = 9;

/** Where each event starts, and after them all the end of the last. */
export interface CapturedBinlog {
  readonly bytes: Buffer;
  readonly starts: readonly number[];
}

/** The binlog of the data folder of a stopped server, without the empty files of later starts. */
export function readBinlog(dataFolder: string): CapturedBinlog {
  const files = readdirSync(dataFolder).filter((name) => /^binlog\.\d+$/.test(name));
  if (files.length === 0) throw new Error(`${dataFolder} holds no binlog`);
  const bytes = Buffer.concat(files.sort().map((name) => readFileSync(join(dataFolder, name)).subarray(MAGIC_BYTES)));
  const starts: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    starts.push(at);
    at += bytes.readUInt32LE(at + SIZE_OFFSET);
  }
  return { bytes, starts: [...starts, at] };
}
