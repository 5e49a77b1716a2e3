// temporary until control.ts, start-position.ts and preflight.ts are here
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { sourceError } from './mysql-errors.ts';
import type { Head, Source } from './source.ts';
import { openZongjiSession } from './zongji.ts';

export type MysqlSource = Source;

export function createMysqlSource(config: any, { clock }: { clock: Clock; logger: Logger; filter: unknown }): MysqlSource {
  let control: Connection | undefined;
  const options = { host: config.host, port: config.port, user: config.user, password: config.password };
  const query = async (sql: string): Promise<RowDataPacket> => {
    try {
      control ??= await createConnection(options);
      const [rows] = await control.query<RowDataPacket[]>(sql);
      return rows[0] as RowDataPacket;
    } catch (error) {
      control?.destroy();
      control = undefined;
      throw sourceError(error);
    }
  };
  const head = async (): Promise<Head> => {
    const row = await query('SHOW BINARY LOG STATUS');
    const { u } = (await query('SELECT @@server_uuid AS u')) as any;
    return { file: row['File'], offset: Number(row['Position']), gtidSet: row['Executed_Gtid_Set'].replace(/\s/g, ''), serverUuid: u };
  };
  return {
    prepare: async (stored) => {
      const now = await head();
      const first = await query('SHOW BINARY LOGS');
      const start = stored ?? (config.start === 'latest' ? now : config.start === 'earliest' ? { file: first['Log_name'], offset: 4, gtidSet: '' } : config.start);
      return { start: { file: start.file ?? first['Log_name'], offset: start.offset ?? 4, gtidSet: start.gtidSet }, serverUuid: now.serverUuid, warnings: [] };
    },
    open: (position, reader) =>
      openZongjiSession({ connection: options, serverId: config.serverId ?? 4242, heartbeatMs: config.heartbeatMs, clock }, position, reader),
    head,
    close: async () => {
      await control?.end();
      control = undefined;
    },
  };
}
