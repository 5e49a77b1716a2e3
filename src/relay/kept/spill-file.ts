import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { RelayError } from '../../base/errors.ts';
import type { SpillFile } from './spill.ts';

/**
 * A spill file in `folder`. It loses its name as soon as it is open: its room is free when it is closed, or the process
 * is gone, killed or not.
 */
export function createSpillFile(folder: string): SpillFile {
  const attempt = <Result>(task: () => Result): Result => {
    try {
      return task();
    } catch (cause) {
      throw spillError(folder, cause);
    }
  };
  const file = attempt(() => {
    // A folder of its own, which nobody else can have prepared: the given one may be open to all.
    const own = mkdtempSync(join(folder, 'rows-'));
    try {
      return openSync(join(own, 'rows'), 'wx+', OWNER_ONLY);
    } finally {
      rmSync(own, { recursive: true });
    }
  });
  let end = 0;
  return {
    append: (bytes) => {
      attempt(() => {
        let done = 0;
        while (done < bytes.length) done += writeSync(file, bytes, done, bytes.length - done, end + done);
      });
      end += bytes.length;
    },
    read: (offset, sizeBytes) =>
      attempt(() => {
        const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(sizeBytes, end - offset)));
        let done = 0;
        while (done < bytes.length) {
          const got = readSync(file, bytes, done, bytes.length - done, offset + done);
          if (got === 0) throw new Error('the file is shorter than what was written to it');
          done += got;
        }
        return bytes;
      }),
    truncate: (sizeBytes) => {
      end = sizeBytes;
    },
    close: () => {
      closeSync(file);
    },
  };
}

function spillError(folder: string, cause: unknown): RelayError {
  return new RelayError('SPILL_FAILED', `in ${folder}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}

const OWNER_ONLY = 0o600;
