/** The faults of one round, one after the other, and what health says of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { factsOf, type FaultKind } from './fault-kinds.ts';
import { FAULTS, type Told } from './faults/faults.ts';
import type { Heal, Scene } from './faults/fault.ts';
import { kindOf, type ChaosReport } from './report.ts';
import { drawer, type ScheduledFault } from './schedule.ts';
import type { ChaosServers } from './servers.ts';
import type { Stream } from './stream.ts';
import type { Relay } from './relays.ts';
import { untilSeen, type Lateness, type Seen } from './watch.ts';

/** What docs/monitoring.md lets an operator expect; what a busy machine takes comes on top, see `margin`. */
const TOLD_WITHIN_MS = 10_000;
const HEALTHY_WITHIN_MS = 60_000;
const LEAST_MARGIN_MS = 3000;
/** Of two relays the one that waits is hit by one fault of so many. */
const WAITING_OF = 4;
/** A lock lasts so long after the last that was heard of its owner: the sum of 10 s and `sink.sendTimeout`. */
const LOCK_MS = 13_000;

export interface RoundContext {
  readonly servers: ChaosServers;
  readonly stream: Stream;
  readonly report: ChaosReport;
  readonly lateness: Lateness;
  readonly say: (line: string) => void;
  readonly problem: (what: string) => void;
}

/** One fault, or two, from the injection to the recovery. */
export async function runFault(scheduled: ScheduledFault, context: RoundContext): Promise<void> {
  const { stream, report, say, problem } = context;
  await sleep(scheduled.pauseMs);
  const { kinds } = scheduled;
  const isAlone = kinds.length === 1;
  const what = kinds.join(' + ');
  const relay = hitRelay(scheduled, context);
  const hit = `${what}${stream.relays.isPair && kinds.some(hitsOneRelay) ? ` (${relay === stream.relays.active ? 'active' : 'waiting'})` : ''}`;
  const wasActive = relay === stream.relays.active;
  stream.relays.takeOvers.length = 0;
  const injectedMs = performance.now();
  const heals: Heal[] = [];
  const telling: Promise<void>[] = [];
  const done: FaultKind[] = [];
  for (const [i, kind] of kinds.entries()) {
    if (i > 0) await sleep(scheduled.offsetMs);
    const scene: Scene = {
      servers: context.servers,
      stream,
      relay,
      below: drawer(scheduled.seed, i),
      problem: (text) => problem(`${hit}: ${text}`),
      isAlone,
    };
    const heal = await FAULTS[kind].fault(scene);
    if (typeof heal !== 'function') {
      report.skipped[kind] = heal.skipped;
      continue;
    }
    heals.push(heal);
    done.push(kind);
    const mustTell = toldOf(kind, scheduled, relay, context);
    telling.push(...mustTell.map((told) => untilTold(kind, told, relay, context)));
  }
  if (done.length === 0) return;
  await Promise.all([sleep(scheduled.holdMs), ...telling]);
  const heldMs = performance.now() - injectedMs;
  for (const heal of heals) await heal();
  const recoveryMs = await untilHealthy(hit, context);
  const takenOverMs = judgeTakeOver(hit, done, { relay, wasActive, heldMs, injectedMs }, context);
  takeOwnEnds(done, context);
  for (const kind of done) {
    const kindReport = kindOf(report, kind);
    kindReport.times += 1;
    if (!isAlone) kindReport.paired += 1;
    kindReport.longestRecoveryMs = Math.max(kindReport.longestRecoveryMs, recoveryMs);
    if (takenOverMs === undefined) continue;
    kindReport.takeOvers += 1;
    kindReport.longestTakeOverMs = Math.max(kindReport.longestTakeOverMs, takenOverMs);
  }
  const taken = takenOverMs === undefined ? '' : `, taken over ${seconds(takenOverMs)} after its begin`;
  say(`  ${hit}: ${seconds(heldMs)}, healthy ${seconds(recoveryMs)} after it${taken}`);
}

interface HitRelay {
  readonly relay: Relay;
  readonly wasActive: boolean;
  readonly injectedMs: number;
  readonly heldMs: number;
}

/**
 * Ms until another relay took over, if one did. It must when the active one alone stood still for longer than its lock
 * lasts.
 */
function judgeTakeOver(
  what: string,
  kinds: readonly FaultKind[],
  { wasActive, injectedMs, heldMs }: HitRelay,
  context: RoundContext,
): number | undefined {
  const { relays } = context.stream;
  if (!relays.isPair) return undefined;
  const [first] = relays.takeOvers;
  const isCertain =
    wasActive &&
    kinds.length === 1 &&
    kinds[0] === 'relay-freeze' &&
    heldMs > LOCK_MS + TOLD_WITHIN_MS + margin(context);
  if (first === undefined && isCertain) context.problem(`${what}: nobody took over: ${relays.said()}`);
  return first === undefined ? undefined : first.seenMs - injectedMs;
}

/** What must be told of a fault: only what is certain to be seen beside the other one, and lasts long enough. */
function toldOf(
  kind: FaultKind,
  { kinds, holdMs }: ScheduledFault,
  relay: Relay,
  { stream: { relays, isReplicated } }: RoundContext,
): readonly Told[] {
  if (holdMs < TOLD_WITHIN_MS) return [];
  const others = kinds.filter((other) => other !== kind).map((other) => factsOf(other).area);
  // Their checkpoint is in the target server.
  const harmless = relays.isPair ? ['apply'] : ['apply', 'target'];
  return FAULTS[kind].told.filter(({ who, part }) => {
    if (who === 'apply') return others.length === 0;
    // It goes on at the other server.
    if (part === 'source' && isReplicated && !isLine(kind)) return false;
    // One that waits does not ask the broker.
    if (part === 'sink' && isLine(kind) && relay !== relays.active) return false;
    return others.every((area) => harmless.includes(area));
  });
}

const hitsOneRelay = (kind: FaultKind): boolean => /^(relay|line-source|line-broker)-/.test(kind);

const isLine = (kind: FaultKind): boolean => kind.startsWith('line-');

/** The same for the same seed. */
function hitRelay({ seed }: ScheduledFault, { stream: { relays } }: RoundContext): Relay {
  return drawer(seed, -1)(WAITING_OF) === 0 ? relays.waiting : relays.active;
}

async function untilTold(
  kind: FaultKind,
  { who, part, moreMs = 0 }: Told,
  relay: Relay,
  context: RoundContext,
): Promise<void> {
  const { stream, report, problem } = context;
  const ofRelay = isLine(kind) ? [relay] : stream.relays.all;
  const hit = who === 'relay' ? ofRelay : [{ supervised: stream.apply, watch: stream.watchApply }];
  const tells = ({ healthy, parts, reasons }: Seen): boolean =>
    !healthy && parts[part]?.ok === false && reasons.some((reason) => reason.startsWith(`${part}:`));
  const delayMs = await untilSeen(
    hit.map(({ watch }) => watch),
    (seens) => seens.some((seen) => seen !== undefined && tells(seen)),
    TOLD_WITHIN_MS + moreMs + margin(context),
  );
  if (delayMs === undefined) {
    // Who has ended has told of it by that; whether it might is looked at later.
    if (hit.some(({ supervised }) => supervised.ownEnds.length > 0)) return;
    // Who does not read for want of room does not look at the line either.
    if (part === 'source' && hit.some(({ watch }) => watch.seen?.sourcePaused === true)) return;
    const says = hit.map(({ watch }) => watch.seen?.reasons ?? null);
    problem(`${kind}: ${who} did not tell of ${part} in time; it says ${JSON.stringify(says)}`);
    return;
  }
  const { longestTellingMs } = kindOf(report, kind);
  const name = `${who} ${part}`;
  longestTellingMs[name] = Math.max(longestTellingMs[name] ?? 0, delayMs);
}

async function untilHealthy(what: string, context: RoundContext): Promise<number> {
  const { stream, problem } = context;
  const startMs = performance.now();
  const patienceMs = (): number => Math.max(1000, HEALTHY_WITHIN_MS + margin(context) - (performance.now() - startMs));
  if ((await stream.relays.untilInOrder(patienceMs())) === undefined)
    problem(`${what}: not in order again: ${stream.relays.said()}`);
  const { watchApply } = stream;
  if ((await watchApply.until(({ healthy }) => healthy, patienceMs())) === undefined)
    problem(`${what}: apply is not healthy again: ${JSON.stringify(watchApply.seen?.reasons ?? null)}`);
  for (const found of stream.relays.problems.splice(0)) problem(`${what}: ${found}`);
  return performance.now() - startMs;
}

function takeOwnEnds(kinds: readonly FaultKind[], { stream, report, problem }: RoundContext): void {
  const allowed = new Set(kinds.flatMap((kind) => FAULTS[kind].mayEnd ?? []));
  const all = [...stream.relays.all.map(({ supervised }) => supervised), stream.apply];
  for (const { who, exit, codes, logFile } of all.flatMap(({ ownEnds }) => ownEnds.splice(0))) {
    const how = `${who} ${codes.join()} (${exit.code ?? String(exit.signal)})`;
    if (codes.some((code) => allowed.has(code))) report.ownEnds[how] = (report.ownEnds[how] ?? 0) + 1;
    else problem(`${kinds.join(' + ')}: ${how} ended by itself; see ${logFile}`);
  }
}

/** What this machine takes longer than a quiet one, as it was seen to. */
function margin({ lateness, stream }: RoundContext): number {
  const slowest = Math.max(...stream.watches.map(({ slowestAnswerMs }) => slowestAnswerMs));
  return LEAST_MARGIN_MS + 2 * (lateness.longestMs + slowest);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
