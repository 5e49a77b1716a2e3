import { pino } from 'pino';
import type { MysqlAddress } from '../../../dev/servers/servers.ts';
import { Ledger } from '../../../src/apply/ledger/ledger.ts';
import { LaneWriter } from '../../../src/apply/run/lane-writer.ts';
import type { WriterOptions } from '../../../src/apply/run/writer-options.ts';
import { MetStatements } from '../../../src/apply/run/met-statements.ts';
import { Streams } from '../../../src/apply/run/streams.ts';
import { tableChoice } from '../../../src/apply/run/table-choice.ts';
import { StatementRunner } from '../../../src/apply/statements/runner.ts';
import { Tables } from '../../../src/apply/tables/tables.ts';
import { openSession } from '../../../src/apply/target/session.ts';
import type { Session } from '../../../src/apply/target/target.ts';
import { systemClock } from '../../../src/base/clock.ts';
import type { TargetConfig } from '../../../src/config/config.ts';
import type { OutboundMessage, SinkInfo } from '../../../src/sink/sink.ts';
import { laneNames } from '../lane-names.ts';
import { uniqueName } from '../servers.ts';
import type { ReadingSink } from './reading-sink.ts';

const MAX_BODIES = 20;

/** Broker and `apply` in one: a message is acknowledged when the target has it. */
export class ApplySink implements ReadingSink {
  readonly bodies: string[] = [];
  failure: string | undefined;
  changes = 0;
  readonly #session: Session;
  readonly #options: WriterOptions;
  readonly #ledgerDatabase: string;
  readonly #writers = new Map<string, LaneWriter>();
  #offset = 0n;
  #last: Promise<void> = Promise.resolve();

  private constructor(session: Session, options: WriterOptions, ledgerDatabase: string) {
    this.#session = session;
    this.#options = options;
    this.#ledgerDatabase = ledgerDatabase;
  }

  static async create(copy: MysqlAddress, copyDatabase: string, database: string): Promise<ApplySink> {
    const session = await openSession(targetOf(copy), systemClock, new AbortController().signal);
    const ledgerDatabase = uniqueName('ledger_');
    const ledger = new Ledger(ledgerDatabase, { namespace: '', topic: 'round-trip' });
    await ledger.prepare(session);
    const nothing = (): void => undefined;
    const logger = pino({ level: 'silent' });
    const rename = { [database]: copyDatabase };
    const tables = new Tables({ rename, create: false, keepsUniqueKeys: false, softDelete: undefined, logger });
    const runner = new StatementRunner({ ledger, tables, includes: () => true, logger });
    return new ApplySink(
      session,
      {
        ledger,
        streams: new Streams(ledger, { acceptNew: false, fromHere: false }),
        tables,
        choice: tableChoice({ include: ['*.*'], exclude: [] }),
        deletes: 'apply',
        statements: new MetStatements(ledger, 'ignore', runner),
        onCommitted: nothing,
        onDropped: nothing,
        onPassed: nothing,
        onAwaited: nothing,
        onCopyBegun: nothing,
      },
      ledgerDatabase,
    );
  }

  open(): Promise<SinkInfo> {
    return Promise.resolve({ destination: 'a target', queues: 1, laneNames });
  }

  send(message: OutboundMessage): Promise<void> {
    this.#last = this.#last.then(() => this.#take(message));
    return this.#last;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  async end(): Promise<void> {
    await this.#session.query(`DROP DATABASE ${this.#ledgerDatabase}`);
    this.#session.destroy();
  }

  async #take(message: OutboundMessage): Promise<void> {
    if (this.failure !== undefined) return;
    const { lane } = message;
    // Its bytes are used again.
    const body = Buffer.from(message.body);
    this.bodies.push(body.toString());
    if (this.bodies.length > MAX_BODIES) this.bodies.shift();
    const writer = this.#writers.get(lane) ?? new LaneWriter(lane, this.#options);
    this.#writers.set(lane, writer);
    const place = { topic: 'round-trip', broker: 'none', queue: 0, offset: this.#offset++, attempt: 1 };
    try {
      await writer.write(this.#session, [{ ...message, ...place, body }]);
      this.changes += Number(message.properties.get('rows'));
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }
}

export function targetOf({ host, port, user, password }: MysqlAddress): TargetConfig {
  return { host, port, user, password, tls: { mode: 'preferred' }, connectTimeoutMs: 10_000, section: 'target' };
}
