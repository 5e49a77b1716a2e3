/** A comparison of two databases without relay, topic and apply: what the ledger would say is given. */
import { pino } from 'pino';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { VerifyEnds } from '../../src/cli/verify-ends.ts';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import type { VerifyConfig } from '../../src/config/config.ts';
import { Store } from '../../src/verify/run/store.ts';
import { Verifier, type VerifierOptions } from '../../src/verify/run/verifier.ts';
import { executed } from '../../src/verify/pass/places.ts';
import type { Asked, Ends, Reached, TableResult } from '../../src/verify/verify.ts';
import { sharedMysql } from './servers.ts';

export interface Verifying {
  readonly sourceDatabase: string;
  readonly targetDatabase: string;
  /** Of the ledger; it is there. */
  readonly ledger: string;
  readonly source?: MysqlAddress;
  readonly target?: MysqlAddress;
  readonly options?: Partial<VerifierOptions>;
}

/** Nothing moves, so pauses between looks are worth nothing. */
export const hurried: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 20, signal) };

/** As it says, the target has everything at once. */
export function verifierOf({
  sourceDatabase,
  targetDatabase,
  ledger,
  source = sharedMysql(),
  target = sharedMysql(),
  options = {},
}: Verifying): Verifier {
  const ends = endsOf(source, target);
  return new Verifier({
    ends,
    store: new Store(ledger, 'topic'),
    reached: async () => everything(await ends.source()),
    includes: (database) => database === sourceDatabase,
    choice: sourceDatabase,
    databaseOf: () => targetDatabase,
    softDelete: undefined,
    awaitsMissing: false,
    allowsExtra: false,
    chunkMs: 100,
    rest: 0,
    maxThreadsRunning: 10_000,
    patienceMs: 20_000,
    maxDifferences: 1000,
    showsValues: false,
    restart: false,
    everyMs: undefined,
    clock: hurried,
    random: () => 0,
    logger: pino({ level: process.env['VERIFY_LOG'] ?? 'silent' }),
    ...options,
  });
}

export async function verify(verifying: Verifying): Promise<readonly TableResult[]> {
  return verifierOf(verifying).run(new AbortController().signal);
}

export function endsOf(source: MysqlAddress, target: MysqlAddress): Ends {
  return new VerifyEnds(
    settingsOf(source, 'verify.source'),
    settingsOf(target, 'target'),
    systemClock,
    new AbortController().signal,
  );
}

/** As if the target had all of it. */
export async function everything(source: Asked): Promise<Reached> {
  return { ...(await executed(source)), round: '1', asOfMs: 0 };
}

/** As the section of a configuration has them. */
export function settingsOf<S extends string>({ host, port, user, password }: MysqlAddress, section: S): Settings<S> {
  return { host, port, user, password, tls: { mode: 'preferred' }, connectTimeoutMs: 10_000, section };
}

type Settings<S extends string> = Omit<VerifyConfig['source'], 'section'> & { readonly section: S };
