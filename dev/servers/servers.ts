/**
 * Real servers on demand: one MySQL, one RocketMQ, or both, for demo, tests and benchmarks.
 *
 * Where they come from, the first that applies:
 * 1. Addresses in the environment; such servers are used, never started, stopped or killed:
 *    `BINLOG_RELAY_MYSQL=host:port,user,password[,relay user,relay password]` (the user may create schemas; without the last two it is the relay's user too)
 *    `BINLOG_RELAY_ROCKETMQ=grpc host:port;namesrv host:port`
 * 2. Docker, if an engine answers within 2 s: the official images `mysql` and `apache/rocketmq`.
 * 3. The real packages, unpacked without root into `BINLOG_RELAY_SERVERS_CACHE` (default
 *    `$XDG_CACHE_HOME/binlog-relay/servers`):
 *    MySQL 9.7 from Debian, MySQL 8.0 and RocketMQ from Maven. Needs Linux x86_64 with apt-get, dpkg, Java and Maven.
 * `BINLOG_RELAY_SERVERS=docker` or `=packages` takes the choice between 2 and 3.
 * `ROCKETMQ=5.4` takes the newer RocketMQ where no version is asked for.
 *
 * What is started has ports and a data folder of its own and ends with this process, however it ends: see
 * run-folder.ts.
 */

export const MYSQL_VERSIONS = ['9.7', '8.0', 'mariadb-10.11', 'mariadb-11.8'] as const;
export type MysqlVersion = (typeof MYSQL_VERSIONS)[number];
export const MARIADB_VERSIONS = ['mariadb-10.11', 'mariadb-11.8'] as const satisfies readonly MysqlVersion[];
export type MariadbVersion = (typeof MARIADB_VERSIONS)[number];
export const ROCKETMQ_VERSIONS = ['5.3.3', '5.4.0'] as const;
export type RocketmqVersion = (typeof ROCKETMQ_VERSIONS)[number];

/** Takes one line of what is being fetched, unpacked or started. */
export type Progress = (line: string) => void;

export interface MysqlOptions {
  /** Default 9.7. */
  readonly version?: MysqlVersion;
  /** mysqld flags that come after ours and so win: `--gtid-mode=OFF`. */
  readonly flags?: readonly string[];
  /** Begins with a copy of this data folder of a stopped server, instead of an empty one; not with Docker. */
  readonly data?: string;
  /** Listens for the X protocol too, on `mysqlxPort`; not MariaDB. */
  readonly mysqlx?: boolean;
}

export interface RocketmqOptions {
  /** Default: what `ROCKETMQ` in the environment begins, 5.3.3 without. */
  readonly version?: RocketmqVersion;
  /**
   * Proxies beside the broker's own, in processes of their own (cluster mode), each with what is added to its
   * proxy.json: at most 2; not with Docker.
   */
  readonly proxies?: readonly ServerSettings[];
  /** Added to broker.conf. */
  readonly broker?: ServerSettings;
  /** With access control, and a certificate of its own; not with Docker, and only with `own`. */
  readonly secured?: RocketmqSecurity;
}

/** Properties of org.apache.rocketmq.common.BrokerConfig and MessageStoreConfig; of a proxy those of ProxyConfig. */
export type ServerSettings = Readonly<Record<string, string | number | boolean>>;

export interface RocketmqSecurity extends Credentials {
  /** Paths of PEM files: of the proxy, and its key (PKCS #8). */
  readonly certificate: string;
  readonly certificateKey: string;
}

/** Of the user that may do everything. */
export interface Credentials {
  readonly accessKey: string;
  readonly accessSecret: string;
}

/** What a user may do: `Topic:orders`, and `Pub` or `Sub`. */
export interface Permission {
  readonly resource: string;
  readonly action: 'Pub' | 'Sub';
}

export interface StartOptions {
  readonly progress: Progress;
  /** Never servers of the environment: the caller is going to kill, freeze or reconfigure them. */
  readonly own?: boolean;
}

/** How a MySQL server is reached. Plain data: it can cross a process boundary. */
export interface MysqlAddress {
  readonly host: string;
  readonly port: number;
  /** May do everything. */
  readonly user: string;
  readonly password: string;
  /** May do what the relay needs, and no more. */
  readonly relayUser: string;
  readonly relayPassword: string;
  /** What the server calls itself: `9.7.4-2`, `10.11.18-MariaDB-0+deb12u1`. */
  readonly version: string;
  /** Undefined unless started with `mysqlx`. */
  readonly mysqlxPort?: number | undefined;
}

/** How a RocketMQ is reached. Plain data: it can cross a process boundary. */
export interface RocketmqAddress {
  /** host:port of the gRPC proxy, where clients send and receive. */
  readonly endpoint: string;
  /** host:port of the name server, where administration starts. */
  readonly namesrv: string;
}

/**
 * What can be done to a server that we started. Each promise settles when it is done: the server ready, or its
 * processes gone.
 */
export interface Controls {
  /** Orderly stop; the data stays, `start` continues with it on the same ports. A broker takes 9 s. */
  stop(): Promise<void>;
  /** kill -9. */
  kill9(): Promise<void>;
  /** Starts again after `stop` or `kill9`, on the same ports and data. */
  start(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  thaw(): Promise<void>;
  /**
   * Operating system ids of the running processes; of a container, the id of its first process on the machine of the
   * engine.
   */
  pids(): Promise<readonly number[]>;
  /** Kills it for good and removes its folder, or keeps folder and logs. Idempotent. */
  remove(options?: { readonly keepFolder?: boolean }): Promise<void>;
  /** Configuration, data and logs of this run. */
  readonly folder: string;
}

export interface MysqlServer extends MysqlAddress, Controls {
  restart(): Promise<void>;
  readonly logFile: string;
}

export interface TopicOptions {
  readonly queues: number;
  readonly fifo: boolean;
  /** 4: read, 2: write, 6: both, the default. */
  readonly permission?: 2 | 4 | 6;
}

/** A proxy in a process of its own. */
export interface ProxyServer extends Pick<Controls, 'kill9' | 'start' | 'freeze' | 'thaw'> {
  /** host:port */
  readonly endpoint: string;
}

export interface GroupOptions {
  readonly ordered: boolean;
  /** How often a message comes again before it goes to the dead-letter queue. Default: practically always. */
  readonly retries?: number;
}

export interface RocketmqServer extends RocketmqAddress, Controls {
  /** Those that were asked for. They answer with the address that they are asked by, the broker's own with its own. */
  readonly proxies: readonly ProxyServer[];
  /** Creates or changes a topic; a new one can be used at once. */
  createTopic(name: string, options: TopicOptions): Promise<void>;
  /** With everything in it. The proxy goes on to know it for some 20 s. */
  deleteTopic(name: string): Promise<void>;
  /** Changes settings of the running broker. */
  configureBroker(settings: ServerSettings): Promise<void>;
  /** Creates or changes a consumer group. Only an ordered one gets the messages of a FIFO topic in order. */
  createGroup(name: string, options: GroupOptions): Promise<void>;
  /** A user of access control, with these rights and no others. */
  createUser(name: string, secret: string, permissions: readonly Permission[]): Promise<void>;
  /** Another secret for a user: the old one is not taken any more. */
  changeSecret(name: string, secret: string): Promise<void>;
  /**
   * Runs one mqadmin command (`['topicStatus', '-t', 'orders']`; `-n` is added) in a JVM of its own, which takes
   * seconds; returns what it printed.
   */
  mqadmin(args: readonly string[]): Promise<string>;
}

export interface Servers {
  readonly mysql: MysqlServer;
  readonly rocketmq: RocketmqServer;
  /** Ends both for good, in less than a second, and removes their folders, or keeps them. */
  stop(options?: { readonly keepFolder?: boolean }): Promise<void>;
}
