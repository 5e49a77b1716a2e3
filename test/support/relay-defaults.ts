import { tmpdir } from 'node:os';
import { createMemoryCheckpointStore } from '../../src/checkpoint/memory.ts';
import { canalJson } from '../../src/format/canal-json.ts';
import { createSpillFile } from '../../src/relay/kept/spill-file.ts';
import type { RelayOptions } from '../../src/relay/run/relay-options.ts';

type Defaults = Omit<RelayOptions, 'source' | 'sink' | 'filter' | 'clock' | 'random' | 'logger'>;

/** A relay as it is by default, with a checkpoint of its own in memory, for tests and benchmarks. */
export function relayDefaults(): Defaults {
  return {
    store: createMemoryCheckpointStore(),
    format: canalJson,
    ordering: 'key',
    lanes: 8,
    messageBytes: 256 << 10,
    messageKeys: 'auto',
    heldBytes: 16 << 20,
    createSpillFile: () => createSpillFile(tmpdir()),
    stopTimeoutMs: 10_000,
    checkpointIntervalMs: 1000,
    ddl: 'warn',
    ddlSink: undefined,
    skip: undefined,
    acceptNewLanes: false,
  };
}
