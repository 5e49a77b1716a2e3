/** The floor of reading: every byte of the binlog comes through the relay's own dump connection and is dropped. */
import { eventNextOffset, eventType } from '../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../src/binlog/wire/event-types.ts';
import { readRotate } from '../../src/binlog/events/rotate.ts';
import type { FilePosition } from '../../src/binlog/binlog.ts';
import { programArguments, report } from '../measure/program.ts';
import { Stopwatch, type Usage } from '../measure/stopwatch.ts';
import { openDump, type DumpAddress } from './dump.ts';

export interface ReadBinlogArguments {
  readonly mysql: DumpAddress;
  /** The end of the newest transaction. */
  readonly until: FilePosition;
}

export interface ReadBinlogResult extends Usage {
  readonly events: number;
  readonly bytes: number;
}

const CHECKSUM_BYTES = 4;
const { mysql, until } = programArguments<ReadBinlogArguments>();

let stopwatch: Stopwatch | undefined;
let file = '';
let events = 0;
let bytes = 0;

await openDump(mysql, {
  begin: () => {
    stopwatch = new Stopwatch();
  },
  event: (buffer, start, end) => {
    events += 1;
    bytes += end - start;
    if (eventType(buffer, start) === EVENT.ROTATE) ({ file } = readRotate(buffer, start, end - CHECKSUM_BYTES));
    else if (eventNextOffset(buffer, start) >= until.offset && file === until.file && stopwatch !== undefined)
      report({ ...stopwatch.read(), events, bytes } satisfies ReadBinlogResult);
  },
  endOfRead: () => undefined,
});
