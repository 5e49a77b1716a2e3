import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Ordering } from '../../change/change.ts';
import type { TableFilter } from '../../change/table-filter.ts';
import type { CheckpointStore } from '../../checkpoint/checkpoint.ts';
import type { Format } from '../../format/format.ts';
import type { Sink } from '../../sink/sink.ts';
import type { Source } from '../../source/source.ts';
import type { CopySettings } from '../copies/copies.ts';
import type { DdlHandling } from '../intake/ddl-policy.ts';
import type { PublishPolicy } from '../tables/publish-policy.ts';
import type { CreateSpillFile } from '../kept/spill.ts';

/** What a relay is put together from. */
export interface RelayOptions {
  readonly source: Source;
  readonly sink: Sink;
  readonly store: CheckpointStore;
  readonly format: Format;
  readonly ddl: DdlHandling;
  /** Where statements are published when not into every lane of `sink`. */
  readonly ddlSink: Sink | undefined;
  /** See parseSkip: the transaction to pass without publishing it. */
  readonly skip: string | undefined;
  readonly filter: TableFilter;
  readonly ordering: Ordering;
  readonly lanes: number;
  readonly messageKeys: 'auto' | 'all' | 'none';
  readonly heldBytes: number;
  readonly messageBytes: number;
  /** Unlimited unless given. */
  readonly requestsPerSecond?: number;
  /** EXACT unless given. */
  readonly publish?: PublishPolicy;
  /** How often every lane says how far it is; undefined: never. */
  readonly progressMs?: number | undefined;
  /** For rows of large transactions and of open XA branches, which memory has no room for. */
  readonly createSpillFile: CreateSpillFile;
  /** How tables are copied beside the stream; undefined: never. */
  readonly copies?: CopySettings | undefined;
  /** Others of the same configuration may be active: waits for them, however long, instead of failing. */
  readonly standsBy?: boolean;
  readonly stopTimeoutMs: number;
  readonly checkpointIntervalMs: number;
  /** How long the server has to keep what a restart needs; below it is warned. See isShort. */
  readonly runwayWarningMs?: number | undefined;
  /** How many tables are counted by name: MAX_TABLES unless given. */
  readonly maxCountedTables?: number;
  /** The operator says that readers have drained the topic: rows may move to other queues. */
  readonly acceptNewLanes: boolean;
  /** The operator says that the broker is the same under another address. */
  readonly acceptNewEndpoint?: boolean;
  /** The operator says that readers have drained the topic, and know the new format. */
  readonly acceptNewFormat?: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}
