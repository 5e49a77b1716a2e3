/**
 * Servers that the environment names: used as they are, and never started, stopped or removed. servers.ts describes the
 * variables.
 */
import { givenServer, MYSQL_VARIABLE, ROCKETMQ_VARIABLE, type Environment } from './given.ts';
import { mysqlVersion } from './mysql-version.ts';
import { RocketmqAdmin } from './rocketmq-admin.ts';
import {
  ROCKETMQ_VERSIONS,
  type Controls,
  type MysqlServer,
  type RocketmqServer,
  type RocketmqVersion,
} from './servers.ts';

export async function mysqlFromEnvironment(env: Environment): Promise<MysqlServer | undefined> {
  const text = givenServer(env, MYSQL_VARIABLE);
  if (text === undefined) return undefined;
  const [address = '', user, password = '', relayUser = user, relayPassword = password] = text.split(',');
  const [, host, port] = /^(.+):(\d+)$/.exec(address) ?? [];
  if (host === undefined || port === undefined || user === undefined || relayUser === undefined)
    throw new Error(`${MYSQL_VARIABLE} must read host:port,user,password[,relay user,relay password].`);
  const access = { host, port: Number(port), user, password };
  const refuse = refuser(MYSQL_VARIABLE);
  return {
    ...access,
    relayUser,
    relayPassword,
    version: await mysqlVersion(access),
    ...controls(refuse),
    restart: refuse,
    logFile: '',
  };
}

export function rocketmqFromEnvironment(env: Environment): RocketmqServer | undefined {
  const text = givenServer(env, ROCKETMQ_VARIABLE);
  if (text === undefined) return undefined;
  const [, endpoint, namesrv] = /^([^;]+:\d+);([^;]+:\d+)$/.exec(text) ?? [];
  if (endpoint === undefined || namesrv === undefined)
    throw new Error(`${ROCKETMQ_VARIABLE} must read grpc host:port;namesrv host:port.`);
  const refuse = refuser(ROCKETMQ_VARIABLE);
  const admin = new RocketmqAdmin(namesrv);
  return {
    endpoint,
    namesrv,
    proxies: [],
    createTopic: (name, options) => admin.createTopic(name, options),
    deleteTopic: refuse,
    configureBroker: refuse,
    createGroup: (name, options) => admin.createGroup(name, options),
    createUser: refuse,
    changeSecret: refuse,
    mqadmin: refuse,
    ...controls(refuse),
  };
}

/** The one that `ROCKETMQ` begins: `5.4`. */
export function rocketmqVersion(env: Environment): RocketmqVersion {
  const wanted = env['ROCKETMQ'] ?? '';
  const version = ROCKETMQ_VERSIONS.find((known) => `${known}.`.startsWith(`${wanted}.`) || wanted === '');
  if (version === undefined)
    throw new Error(`ROCKETMQ must be one of ${ROCKETMQ_VERSIONS.join(', ')}, or its beginning.`);
  return version;
}

function controls(refuse: () => Promise<never>): Controls {
  return {
    stop: refuse,
    kill9: refuse,
    start: refuse,
    freeze: refuse,
    thaw: refuse,
    pids: () => Promise.resolve([]),
    remove: () => Promise.resolve(),
    folder: '',
  };
}

function refuser(variable: string): () => Promise<never> {
  return () =>
    Promise.reject(
      new Error(`The server of ${variable} was not started here; unset the variable, or start one with \`own\`.`),
    );
}
