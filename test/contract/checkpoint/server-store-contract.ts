/** What every CheckpointStore promises that keeps a record in a MySQL server, beside store-contract.ts. */
import { Writable } from 'node:stream';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { asRelayError, type RelayError } from '../../../src/base/errors.ts';
import type { Logger } from '../../../src/base/log.ts';
import type { CheckpointStore } from '../../../src/checkpoint/checkpoint.ts';
import { checkpoint } from '../../support/checkpoints.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { uniqueName } from '../../support/servers.ts';
import { describeCheckpointStore } from './store-contract.ts';

export interface ServerPlace {
  readonly server: MysqlServer;
  /** Of the protocol that the store speaks. */
  readonly port: number;
  /** May do everything. */
  readonly sql: Connection;
  readonly open: (
    at: RecordAddress,
    surroundings: { readonly logger: Logger; readonly clock: Clock },
  ) => CheckpointStore;
  /** `<table> WHERE …`: the record. */
  readonly recordOf: (name: string) => string;
  /** SQL that makes `{ cut` of a generation. */
  readonly damage: (name: string, generation: 'current' | 'previous') => string;
}

export interface RecordAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const HASTY = quicker(20);

/** Waits so many times less than it is asked to. */
function quicker(times: number): Clock {
  return { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / times, signal) };
}

export function failure(work: Promise<unknown>): Promise<RelayError> {
  return work.then(() => expect.unreachable(), asRelayError);
}

/** Where log lines go. */
export function loggerTo(lines: string[]): Logger {
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  return pino(stream);
}

/** `placeOf` is called in the tests: the server need not run before. */
export function describeServerStore(kind: string, placeOf: () => ServerPlace): void {
  const open = (name: string, clock: Clock = systemClock, lines: string[] = []): CheckpointStore => {
    const { open: make, server, port } = placeOf();
    return make({ name, host: server.host, port }, { logger: loggerTo(lines), clock });
  };
  const run = (statement: string): Promise<unknown> => placeOf().sql.query(statement);
  const lock = (name: string): Promise<unknown> =>
    run(`START TRANSACTION; SELECT * FROM ${placeOf().recordOf(name)} FOR UPDATE`);

  describeCheckpointStore(kind, () => {
    const name = uniqueName('');
    return Promise.resolve({ open: () => open(name), remove: () => Promise.resolve() });
  });

  describe(`${kind}: two generations`, () => {
    it('go back to the previous one when the newest is damaged, under the next epoch', async () => {
      const name = uniqueName('');
      const lines: string[] = [];
      await open(name).save(checkpoint(1));
      await open(name).save(checkpoint(2));
      await run(placeOf().damage(name, 'current'));
      const store = open(name, systemClock, lines);
      expect(await store.load()).toEqual(checkpoint(1, { epoch: 8 }));
      expect(lines).toHaveLength(1);
      // The damaged one, and what is older than it, are gone after the next save.
      await store.save(checkpoint(3, { epoch: 9 }));
      await run(placeOf().damage(name, 'current'));
      expect(await open(name).load()).toEqual(checkpoint(3, { epoch: 10 }));
    });

    it('refuse to guess when none is sound, and change nothing', async () => {
      const name = uniqueName('');
      await open(name).save(checkpoint(1));
      await run(placeOf().damage(name, 'current'));
      await run(placeOf().damage(name, 'previous'));
      for (const work of ['load', 'take'] as const) {
        const error = await failure(open(name)[work]());
        expect(error).toMatchObject({ code: 'CHECKPOINT_DAMAGED', retryable: false });
        expect(error.remedy).toContain(`DELETE FROM ${placeOf().recordOf(name)}`);
      }
    });
  });

  describe(`${kind}: what comes between`, () => {
    it('another run: what it has stored is never overwritten, however often the one before tries', async () => {
      const name = uniqueName('');
      const old = open(name);
      await old.take();
      await old.save(checkpoint(1, { epoch: 1 }));
      await old.confirm();
      const next = open(name);
      const { epoch } = await next.take();
      await next.save(checkpoint(2, { epoch }));
      for (let n = 3; n < 6; n += 1) {
        expect(await failure(old.save(checkpoint(n, { epoch: 1 })))).toMatchObject({ code: 'CHECKPOINT_TAKEN' });
        expect(await failure(old.confirm())).toMatchObject({ code: 'CHECKPOINT_TAKEN' });
      }
      expect(await open(name).load()).toEqual(checkpoint(2, { epoch }));
      await next.save(checkpoint(7, { epoch }));
    });

    it('two runs that begin at the same time: only one gets the epoch', async () => {
      const name = uniqueName('');
      for (let round = 1; round < 10; round += 1) {
        const stores = [open(name), open(name), open(name)];
        const taken = await Promise.all(stores.map((store) => store.take()));
        expect(new Set(taken.map(({ epoch }) => epoch))).toEqual(new Set([round]));
        const saves = stores.map((store, n) =>
          store.save(checkpoint(n, { epoch: round })).then(() => 'stored', asRelayError),
        );
        const outcomes = await Promise.all(saves);
        expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
        for (const [n, outcome] of outcomes.entries()) {
          if (outcome === 'stored') continue;
          expect(await failure(stores[n]?.save(checkpoint(n, { epoch: round })) ?? Promise.resolve())).toMatchObject({
            code: 'CHECKPOINT_LOCKED',
          });
        }
      }
    });

    it('a record that was removed by hand is stored again', async () => {
      const name = uniqueName('');
      const store = open(name);
      await store.save(checkpoint(1));
      await run(`DELETE FROM ${placeOf().recordOf(name)}`);
      await store.save(checkpoint(2));
      expect(await open(name).load()).toEqual(checkpoint(2));
    });

    it('a killed session: the save is tried again and works', async () => {
      const name = uniqueName('');
      const store = open(name);
      await store.save(checkpoint(1));
      await lock(name);
      const failed = failure(store.save(checkpoint(2)));
      await run(`KILL ${await waitingSession(placeOf().sql)}`);
      expect(await failed).toMatchObject({ code: 'CHECKPOINT_UNREACHABLE', retryable: true });
      await run('ROLLBACK');
      await store.save(checkpoint(3));
      expect(await open(name).load()).toEqual(checkpoint(3));
    });

    it('a server that stores, and whose answer is lost: the same run goes on', async () => {
      const name = uniqueName('');
      const proxy = await FaultProxy.to({ host: placeOf().server.host, port: placeOf().port });
      try {
        const store = placeOf().open(
          { name, host: proxy.host, port: proxy.port },
          { logger: loggerTo([]), clock: quicker(3) },
        );
        const { epoch } = await store.take();
        await store.save(checkpoint(1, { epoch }));
        await lock(name);
        const failed = failure(store.save(checkpoint(2, { epoch })));
        await waitingSession(placeOf().sql);
        proxy.freeze();
        await run('ROLLBACK');
        await expect.poll(() => open(name).load()).toEqual(checkpoint(2, { epoch }));
        expect(await failed).toMatchObject({ code: 'CHECKPOINT_UNREACHABLE', retryable: true });
        await store.confirm();
        await store.save(checkpoint(3, { epoch }));
        expect(await open(name).load()).toEqual(checkpoint(3, { epoch }));
      } finally {
        await proxy.close();
      }
    });

    it('a server that does not answer: the save is broken off, leaves no socket, and what it did late does not count', async () => {
      const name = uniqueName('');
      const store = open(name, HASTY);
      await store.save(checkpoint(1));
      const before = sockets();
      await lock(name);
      expect((await failure(store.save(checkpoint(2)))).message).toContain('no answer within 10 s');
      await expect.poll(sockets).toBeLessThanOrEqual(before);
      await run('ROLLBACK');
      await expect.poll(() => store.save(checkpoint(3)).then(() => 'stored', asRelayError)).toBe('stored');
      expect(await open(name).load()).toEqual(checkpoint(3));
    });

    it('a frozen server, and its thaw', async () => {
      const name = uniqueName('');
      const store = open(name, HASTY);
      await store.save(checkpoint(1));
      await placeOf().server.freeze();
      try {
        expect(await failure(store.save(checkpoint(2)))).toMatchObject({ code: 'CHECKPOINT_UNREACHABLE' });
      } finally {
        await placeOf().server.thaw();
      }
      await expect.poll(() => store.save(checkpoint(3)).then(() => 'stored', asRelayError)).toBe('stored');
      expect(await open(name).load()).toEqual(checkpoint(3));
    });
  });
}

function sockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

/** The session that waits for a lock of a row, as soon as there is one. */
async function waitingSession(sql: Connection): Promise<number> {
  for (;;) {
    // Only then does the server look again: it keeps what it shows for 0.1 s after each look.
    await systemClock.sleep(150);
    const [rows] = await sql.query<RowDataPacket[]>(
      "SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
    );
    const id: unknown = rows[0]?.['id'];
    if (typeof id === 'number') return id;
  }
}
