/** How each kind of fault is done, and what health must say of it. */
import type { FaultKind } from '../fault-kinds.ts';
import type { Fault, Scene } from './fault.ts';
import { frozen, killed, terminated } from './processes.ts';
import { serverKilled } from './servers.ts';

/** What /healthz must name while the fault lasts. */
export interface Told {
  readonly who: 'relay' | 'apply';
  readonly part: 'source' | 'sink' | 'checkpoint' | 'topic' | 'target';
}

export interface KnownFault {
  readonly fault: Fault;
  readonly told: readonly Told[];
  /** Codes of errors by which relay or apply may end by themselves under it; their supervisor starts them again. */
  readonly mayEnd?: readonly string[];
}

const relay = ({ stream }: Scene): Scene['stream']['relay'] => stream.relay;
const apply = ({ stream }: Scene): Scene['stream']['apply'] => stream.apply;

const SOURCE: readonly Told[] = [{ who: 'relay', part: 'source' }];
const BROKER: readonly Told[] = [
  { who: 'relay', part: 'sink' },
  { who: 'apply', part: 'topic' },
];
const TARGET: readonly Told[] = [{ who: 'apply', part: 'target' }];

export const FAULTS: Readonly<Record<FaultKind, KnownFault>> = {
  'relay-kill': { fault: killed(relay), told: [] },
  'relay-term': { fault: terminated(relay), told: [] },
  'relay-freeze': { fault: frozen(relay), told: [] },
  'apply-kill': { fault: killed(apply), told: [] },
  'apply-term': { fault: terminated(apply), told: [] },
  'apply-freeze': { fault: frozen(apply), told: [] },
  'broker-kill': { fault: serverKilled(({ servers }) => servers.rocketmq), told: BROKER },
  'source-kill': { fault: serverKilled(({ servers }) => servers.source), told: SOURCE },
  'target-kill': { fault: serverKilled(({ servers }) => servers.target), told: TARGET },
};
