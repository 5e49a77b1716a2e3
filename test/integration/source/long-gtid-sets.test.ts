/**
 * What the server says of its GTIDs is read whole, however long it is: SHOW VARIABLES cuts a value at 1,024 bytes, and
 * says nothing of it.
 */
import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { createMemoryCheckpointStore } from '../../../src/checkpoint/memory.ts';
import { GtidSet } from '../../../src/binlog/gtids/gtid-set.ts';
import { giveHistory, LONG_SETS } from '../../support/long-gtid-sets.ts';
import { RecordingRelay } from '../../support/recording-relay.ts';
import { asRoot, controlOf, VERSIONS } from './both-servers.ts';

describe.each(VERSIONS)('MySQL %s', (version) => {
  let mysql: MysqlServer;
  let line: Line;

  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, progress: () => undefined });
    line = await Line.to(mysql.port);
    await asRoot(mysql, 'CREATE DATABASE shop', 'CREATE TABLE shop.g (id INT AUTO_INCREMENT PRIMARY KEY)');
  });
  afterAll(async () => {
    line.close();
    await mysql.remove();
  });

  const executed = async (): Promise<string> => {
    const control = controlOf(mysql);
    const { gtidSet } = await control.head();
    await control.close();
    return String(gtidSet);
  };
  const insert = async (): Promise<string> => {
    await asRoot(mysql, 'INSERT INTO shop.g VALUES ()');
    return executed();
  };

  describe.each(LONG_SETS)('a GTID set of $bytes bytes', ({ bytes, gtidSet }) => {
    const tables = { include: ['shop.g'] };
    const store = createMemoryCheckpointStore();

    it('is known whole', async () => {
      await giveHistory(mysql, gtidSet);
      const control = controlOf(mysql);
      const facts = await control.serverFacts();
      await control.close();
      expect(facts.gtidPurged.length).toBeGreaterThan(bytes * 0.9);
      expect(GtidSet.parse(facts.gtidPurged).toString()).toBe(GtidSet.parse(gtidSet).toString());
      expect(GtidSet.parse(facts.gtidExecuted).toString()).toBe(GtidSet.parse(gtidSet).toString());
    });

    it('the relay starts at latest, reconnects, and goes on at its checkpoint', async () => {
      const through = { ...mysql, port: line.port };
      const first = await RecordingRelay.start({ mysql: through, tables, store });
      await first.until(await insert());
      line.cut();
      await first.until(await insert());
      expect(first.status().counters.sourceReconnects).toBe(1);
      expect(first.messages).toHaveLength(2);
      expect(await first.stop()).toBeUndefined();

      const whileAway = await insert();
      const second = await RecordingRelay.start({ mysql: through, tables, store });
      await second.until(whileAway);
      expect(second.messages).toHaveLength(1);
      expect(await second.stop()).toBeUndefined();
    });

    it('the relay starts at earliest', async () => {
      const relay = await RecordingRelay.start({ mysql, tables, start: 'earliest' });
      await relay.until(await executed());
      expect(relay.messages.length).toBeGreaterThan(0);
      expect(await relay.stop()).toBeUndefined();
    });
  });
});

/** A TCP proxy whose connections can be cut. */
class Line {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<Line> {
    const server = createServer();
    const line = new Line(server);
    server.on('connection', (near) => {
      const far = connect(port, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        line.#sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy()).on('close', () => to.destroy());
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
