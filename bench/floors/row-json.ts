/** The floor of decoding: every row image of a captured binlog to JSON on one core, checksums verified, no network. */
import { readBinlog } from '../core/captured.ts';
import { programArguments, report } from '../measure/program.ts';
import { Stopwatch, type Usage } from '../measure/stopwatch.ts';
import { JsonFloor } from './json-floor.ts';

export interface RowJsonArguments {
  /** Data folder of a stopped server. */
  readonly data: string;
}

export interface RowJsonResult extends Usage {
  readonly images: number;
  readonly bytes: number;
}

const binlog = readBinlog(programArguments<RowJsonArguments>().data);
const floor = new JsonFloor();
const stopwatch = new Stopwatch();
floor.read(binlog);
const { images, bytes } = floor;
report({ ...stopwatch.read(), images, bytes } satisfies RowJsonResult);
