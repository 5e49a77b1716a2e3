/** How each kind of fault is done, and what health must say of it. */
import type { FaultKind } from '../fault-kinds.ts';
import type { Fault, Scene } from './fault.ts';
import { diskFull, readOnly as brokerReadOnly } from './broker.ts';
import { full, hanging, readOnly } from './checkpoint.ts';
import { cut, cutInHandshake, flipped, halfOpen, reset, slow, stale } from './lines.ts';
import { dumpKilled, failedOver, flushed, lockKilled, purged } from './mysql.ts';
import { clockAhead, frozen, killed, otherNode, terminated } from './processes.ts';
import { serverFrozen, serverKilled, serverStopped } from './servers.ts';

/** What /healthz must name while the fault lasts. */
export interface Told {
  readonly who: 'relay' | 'apply';
  readonly part: 'source' | 'sink' | 'checkpoint' | 'topic' | 'target';
  /** How much longer than usual it may take, ms. */
  readonly moreMs?: number;
}

export interface KnownFault {
  readonly fault: Fault;
  readonly told: readonly Told[];
  /** Codes of errors by which relay or apply may end by themselves under it; their supervisor starts them again. */
  readonly mayEnd?: readonly string[];
}

const relay = (scene: Scene): Scene['relay'] => scene.relay;
const apply = ({ stream }: Scene): Pick<Scene['relay'], 'supervised' | 'watch'> => ({
  supervised: stream.apply,
  watch: stream.watchApply,
});

const broker = ({ servers }: Scene): Scene['servers']['rocketmq'] => servers.rocketmq;
const source = ({ servers }: Scene): Scene['servers']['source'] => servers.source;
const target = ({ servers }: Scene): Scene['servers']['target'] => servers.target;

const SOURCE: readonly Told[] = [{ who: 'relay', part: 'source' }];
const SINK: readonly Told[] = [{ who: 'relay', part: 'sink' }];
const TOPIC: readonly Told[] = [{ who: 'apply', part: 'topic' }];
const BROKER: readonly Told[] = [...SINK, ...TOPIC];
const TARGET: readonly Told[] = [{ who: 'apply', part: 'target' }];
const CHECKPOINT: readonly Told[] = [{ who: 'relay', part: 'checkpoint' }];
/** The broker looks at its disk every 10 s; one of the checkpoint hangs when it has not answered for 10 s. */
const later = (told: readonly Told[], moreMs: number): readonly Told[] => told.map((each) => ({ ...each, moreMs }));
/** Rows of a large transaction have no room; a relay that starts then refuses. */
const NO_ROOM = ['SPILL_FAILED', 'CHECKPOINT_NOT_WRITABLE', 'CHECKPOINT_DISK_FULL', 'CHECKPOINT_DISK_FAILS'];

export const FAULTS: Readonly<Record<FaultKind, KnownFault>> = {
  'relay-kill': { fault: killed(relay), told: [] },
  'relay-term': { fault: terminated(relay), told: [] },
  'relay-freeze': { fault: frozen(relay), told: [] },
  'relay-clock': { fault: clockAhead(relay), told: [] },
  'relay-other-node': { fault: otherNode, told: [] },
  'apply-kill': { fault: killed(apply), told: [] },
  'apply-term': { fault: terminated(apply), told: [] },
  'apply-freeze': { fault: frozen(apply), told: [] },
  'apply-clock': { fault: clockAhead(apply), told: [] },
  'broker-kill': { fault: serverKilled(broker), told: BROKER },
  'broker-restart': { fault: serverStopped(broker), told: [] },
  'broker-freeze': { fault: serverFrozen(broker), told: BROKER },
  'broker-read-only': { fault: brokerReadOnly, told: SINK },
  'broker-disk-full': { fault: diskFull, told: later(SINK, 20_000) },
  'source-kill': { fault: serverKilled(source), told: SOURCE },
  'source-restart': { fault: serverStopped(source), told: [] },
  'source-freeze': { fault: serverFrozen(source), told: SOURCE },
  'source-kill-dump': { fault: dumpKilled, told: [] },
  'source-kill-lock': { fault: lockKilled, told: [] },
  'source-flush': { fault: flushed, told: [] },
  'source-purge': { fault: purged, told: [] },
  'source-failover': { fault: failedOver, told: [] },
  'target-kill': { fault: serverKilled(target), told: TARGET },
  'target-restart': { fault: serverStopped(target), told: [] },
  'target-freeze': { fault: serverFrozen(target), told: TARGET },
  'line-source-cut': { fault: cut('source'), told: SOURCE },
  'line-source-reset': { fault: reset('source'), told: [] },
  'line-source-half-open': { fault: halfOpen('source'), told: SOURCE },
  'line-source-stale': { fault: stale('source'), told: [] },
  'line-source-slow': { fault: slow('source'), told: [] },
  'line-source-flip': { fault: flipped('source'), told: [], mayEnd: ['BINLOG_CHECKSUM'] },
  'line-source-tls': { fault: cutInHandshake('source'), told: SOURCE },
  'line-broker-cut': { fault: cut('broker'), told: SINK },
  'line-broker-reset': { fault: reset('broker'), told: [] },
  'line-broker-half-open': { fault: halfOpen('broker'), told: SINK },
  'line-broker-stale': { fault: stale('broker'), told: [] },
  'line-broker-slow': { fault: slow('broker'), told: [] },
  'line-broker-flip': { fault: flipped('broker'), told: [] },
  'line-topic-cut': { fault: cut('topic'), told: TOPIC },
  'line-topic-half-open': { fault: halfOpen('topic'), told: TOPIC },
  'line-topic-stale': { fault: stale('topic'), told: [] },
  'line-topic-slow': { fault: slow('topic'), told: [] },
  'line-target-cut': { fault: cut('target'), told: TARGET },
  'line-target-reset': { fault: reset('target'), told: [] },
  'line-target-half-open': { fault: halfOpen('target'), told: TARGET },
  'line-target-stale': { fault: stale('target'), told: TARGET },
  'line-target-slow': { fault: slow('target'), told: [] },
  'checkpoint-full': { fault: full, told: CHECKPOINT, mayEnd: NO_ROOM },
  'checkpoint-read-only': { fault: readOnly, told: CHECKPOINT, mayEnd: NO_ROOM },
  'checkpoint-hangs': { fault: hanging, told: later(CHECKPOINT, 5000), mayEnd: NO_ROOM },
};
