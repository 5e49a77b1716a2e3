/** The faults of one round, one after the other, and what health says of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { factsOf, type FaultKind } from './fault-kinds.ts';
import { FAULTS, type Told } from './faults/faults.ts';
import type { Heal, Scene } from './faults/fault.ts';
import { kindOf, type ChaosReport } from './report.ts';
import { drawer, type ScheduledFault } from './schedule.ts';
import type { ChaosServers } from './servers.ts';
import type { Stream } from './stream.ts';
import type { Lateness, Seen } from './watch.ts';

/** What docs/monitoring.md lets an operator expect; what a busy machine takes comes on top, see `margin`. */
const TOLD_WITHIN_MS = 10_000;
const HEALTHY_WITHIN_MS = 60_000;
const LEAST_MARGIN_MS = 3000;

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
  const injectedMs = performance.now();
  const heals: Heal[] = [];
  const telling: Promise<void>[] = [];
  const done: FaultKind[] = [];
  for (const [i, kind] of kinds.entries()) {
    if (i > 0) await sleep(scheduled.offsetMs);
    const scene: Scene = {
      servers: context.servers,
      stream,
      below: drawer(scheduled.seed, i),
      problem: (text) => problem(`${what}: ${text}`),
      isAlone,
    };
    const heal = await FAULTS[kind].fault(scene);
    if (typeof heal !== 'function') {
      report.skipped[kind] = heal.skipped;
      continue;
    }
    heals.push(heal);
    done.push(kind);
    telling.push(...toldOf(kind, kinds, scheduled.holdMs).map((told) => untilTold(kind, told, context)));
  }
  if (done.length === 0) return;
  await Promise.all([sleep(scheduled.holdMs), ...telling]);
  const heldMs = performance.now() - injectedMs;
  for (const heal of heals) await heal();
  const recoveryMs = await untilHealthy(what, context);
  takeOwnEnds(done, context);
  for (const kind of done) {
    const kindReport = kindOf(report, kind);
    kindReport.times += 1;
    if (!isAlone) kindReport.paired += 1;
    kindReport.longestRecoveryMs = Math.max(kindReport.longestRecoveryMs, recoveryMs);
  }
  say(`  ${what}: ${(heldMs / 1000).toFixed(1)} s, healthy ${(recoveryMs / 1000).toFixed(1)} s after it`);
}

/** What must be told of a fault: only what is certain to be seen beside the other one, and lasts long enough. */
function toldOf(kind: FaultKind, kinds: readonly FaultKind[], holdMs: number): readonly Told[] {
  if (holdMs < TOLD_WITHIN_MS) return [];
  const others = kinds.filter((other) => other !== kind).map((other) => factsOf(other).area);
  return FAULTS[kind].told.filter(({ who }) =>
    who === 'relay' ? others.every((area) => area === 'apply' || area === 'target') : others.length === 0,
  );
}

async function untilTold(kind: FaultKind, { who, part, moreMs = 0 }: Told, context: RoundContext): Promise<void> {
  const { stream, report, problem } = context;
  const [supervised, watch] = who === 'relay' ? [stream.relay, stream.watchRelay] : [stream.apply, stream.watchApply];
  const tells = ({ healthy, parts, reasons }: Seen): boolean =>
    !healthy && parts[part]?.ok === false && reasons.some((reason) => reason.startsWith(`${part}:`));
  const delayMs = await watch.until(tells, TOLD_WITHIN_MS + moreMs + margin(context));
  if (delayMs === undefined) {
    // Who has ended has told of it by that; whether it might is looked at later.
    if (supervised.ownEnds.length > 0) return;
    // Who does not read for want of room does not look at the line either.
    if (part === 'source' && watch.seen?.sourcePaused === true) return;
    problem(`${kind}: ${who} did not tell of ${part} in time; it says ${JSON.stringify(watch.seen?.reasons ?? null)}`);
    return;
  }
  const { longestTellingMs } = kindOf(report, kind);
  const name = `${who} ${part}`;
  longestTellingMs[name] = Math.max(longestTellingMs[name] ?? 0, delayMs);
}

async function untilHealthy(what: string, context: RoundContext): Promise<number> {
  const { stream, problem } = context;
  const startMs = performance.now();
  const isHealthy = ({ healthy }: Seen): boolean => healthy;
  for (const [who, watch] of [
    ['relay', stream.watchRelay],
    ['apply', stream.watchApply],
  ] as const) {
    const patienceMs = Math.max(1000, HEALTHY_WITHIN_MS + margin(context) - (performance.now() - startMs));
    if ((await watch.until(isHealthy, patienceMs)) === undefined)
      problem(`${what}: ${who} is not healthy again: ${JSON.stringify(watch.seen?.reasons ?? null)}`);
  }
  return performance.now() - startMs;
}

function takeOwnEnds(kinds: readonly FaultKind[], { stream, report, problem }: RoundContext): void {
  const allowed = new Set(kinds.flatMap((kind) => FAULTS[kind].mayEnd ?? []));
  for (const { who, exit, codes, logFile } of [...stream.relay.ownEnds.splice(0), ...stream.apply.ownEnds.splice(0)]) {
    const how = `${who} ${codes.join()} (${exit.code ?? String(exit.signal)})`;
    if (codes.some((code) => allowed.has(code))) report.ownEnds[how] = (report.ownEnds[how] ?? 0) + 1;
    else problem(`${kinds.join(' + ')}: ${how} ended by itself; see ${logFile}`);
  }
}

/** What this machine takes longer than a quiet one, as it was seen to. */
function margin({ lateness, stream }: RoundContext): number {
  const slowest = Math.max(stream.watchRelay.slowestAnswerMs, stream.watchApply.slowestAnswerMs);
  return LEAST_MARGIN_MS + 2 * (lateness.longestMs + slowest);
}
