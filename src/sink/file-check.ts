import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError, noRegularFile } from './file-errors.ts';
import { plainLaneNames } from './plain-lanes.ts';
import type { SinkInfo } from './sink.ts';

export const fileSinkInfo = (path: string): SinkInfo => ({
  destination: `file ${path}`,
  queues: 1,
  laneNames: plainLaneNames,
});

/**
 * What the sink would say when it is opened. Throws SINK_FILE when the file, or the folder that it would be made in,
 * does not allow that. Changes nothing, so a full disk goes unnoticed, and so does a file of something else.
 */
export async function checkFileSink(path: string): Promise<SinkInfo> {
  try {
    const found = await stat(path).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined) await access(dirname(path), constants.W_OK | constants.X_OK);
    else if (!found.isFile()) throw noRegularFile(path);
    else await access(path, constants.R_OK | constants.W_OK);
  } catch (thrown) {
    throw fileError(path, thrown);
  }
  return fileSinkInfo(path);
}
