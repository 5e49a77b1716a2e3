import type { FilePosition } from '../binlog.ts';

/**
 * `binlog.000042` is the 42nd: names have no fixed width, so they do not compare as text. 0 for a name without a
 * number.
 */
export function fileNumber(name: string): number {
  return Number(/\d+$/.exec(name)?.[0] ?? 0);
}

/** Whether `a` stands before `b` in the binlog of one server. */
export function isBefore(a: FilePosition, b: FilePosition): boolean {
  const files = fileNumber(a.file) - fileNumber(b.file);
  return files < 0 || (files === 0 && a.offset < b.offset);
}

/** `binlog.000002:4184`, which no GTID looks like: none has a dot. Undefined for anything else. */
export function parsePosition(text: string): FilePosition | undefined {
  const [, file, offset] = /^([^:]*\.\d+):(\d+)$/.exec(text) ?? [];
  return file === undefined ? undefined : { file, offset: Number(offset) };
}

/** Files count from 1 again when the server is given another name for them. */
export const baseName = (name: string): string => name.replace(/\.\d+$/, '');
