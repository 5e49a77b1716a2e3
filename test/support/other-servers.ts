import { MARIADB_VERSIONS, type MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';

/** Servers of the test, besides the shared one: the oldest MySQL, and every MariaDB in the order of its versions. */
export interface OtherServers {
  readonly oldest: MysqlServer;
  readonly mariadbs: readonly MysqlServer[];
  remove(): Promise<void>;
}

export async function startOtherServers(mariadbFlags: readonly string[] = []): Promise<OtherServers> {
  const progress = (): void => undefined;
  const [oldest, ...mariadbs] = await Promise.all([
    startMysql({ version: '8.0', own: true, progress }),
    ...MARIADB_VERSIONS.map((version) => startMysql({ version, own: true, flags: mariadbFlags, progress })),
  ]);
  return {
    oldest,
    mariadbs,
    remove: async () => {
      await Promise.all([oldest, ...mariadbs].map((server) => server.remove()));
    },
  };
}
