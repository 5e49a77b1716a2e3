/** Starts the servers that servers.ts describes. */
import { mysqlFromEnvironment, rocketmqFromEnvironment, rocketmqVersion } from './environment.ts';
import { runMysql } from './mysql.ts';
import { RocketmqAdmin } from './rocketmq-admin.ts';
import { runRocketmq } from './rocketmq.ts';
import type {
  MysqlOptions,
  MysqlServer,
  RocketmqAddress,
  RocketmqOptions,
  RocketmqServer,
  Servers,
  StartOptions,
} from './servers.ts';

/** Row binlog with GTIDs and full row metadata. Throws an Error that names what is missing and how to get it. */
export async function startMysql(options: MysqlOptions & StartOptions): Promise<MysqlServer> {
  const given = options.own === true ? undefined : await mysqlFromEnvironment(process.env);
  return given ?? runMysql(options);
}

/** Name server, broker and gRPC proxy; neither topics nor groups are created by use. Throws as `startMysql` does. */
export async function startRocketmq(options: RocketmqOptions & StartOptions): Promise<RocketmqServer> {
  const given = options.own === true ? undefined : rocketmqFromEnvironment(process.env);
  return given ?? runRocketmq(options.version ?? rocketmqVersion(process.env), options.progress, options);
}

/** Both, at the same time. If one does not start, the other is removed. */
export async function startServers(
  options: StartOptions & { readonly mysql?: MysqlOptions; readonly rocketmq?: RocketmqOptions },
): Promise<Servers> {
  const [mysql, rocketmq] = await Promise.allSettled([
    startMysql({ ...options, ...options.mysql }),
    startRocketmq({ ...options, ...options.rocketmq }),
  ]);
  if (mysql.status === 'rejected') {
    if (rocketmq.status === 'fulfilled') await rocketmq.value.remove();
    throw mysql.reason;
  }
  if (rocketmq.status === 'rejected') {
    await mysql.value.remove();
    throw rocketmq.reason;
  }
  return {
    mysql: mysql.value,
    rocketmq: rocketmq.value,
    stop: async (how) => {
      await Promise.all([mysql.value.remove(how), rocketmq.value.remove(how)]);
    },
  };
}

/** Topics and groups of a RocketMQ that another process started, or that the environment names. */
export function rocketmqAdmin(address: RocketmqAddress): Pick<RocketmqServer, 'createTopic' | 'createGroup'> {
  return new RocketmqAdmin(address.namesrv);
}
