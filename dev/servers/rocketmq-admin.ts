/**
 * Topics and consumer groups in milliseconds, where each run of mqadmin costs a JVM start: the same two requests that
 * mqadmin makes, in RocketMQ's remoting protocol (org.apache.rocketmq.remoting.protocol.RemotingCommand): length,
 * header length, JSON header, body.
 */
import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import type { ServerSettings, Credentials, GroupOptions, Permission, TopicOptions } from './servers.ts';

/** org.apache.rocketmq.remoting.protocol.RequestCode */
const UPDATE_AND_CREATE_TOPIC = 17;
const UPDATE_BROKER_CONFIG = 25;
const ROUTE_OF_TOPIC = 105;
const CLUSTER_INFO = 106;
const UPDATE_AND_CREATE_SUBSCRIPTION_GROUP = 200;
const DELETE_TOPIC_IN_BROKER = 215;
const DELETE_TOPIC_IN_NAMESRV = 216;
const AUTH_CREATE_USER = 3001;
const AUTH_UPDATE_USER = 3002;
const AUTH_CREATE_ACL = 3006;
const TIMEOUT_MS = 5000;
const READABLE_AND_WRITABLE = 6;

type Fields = Readonly<Record<string, string>>;

export class RocketmqAdmin {
  readonly #namesrv: string;
  readonly #credentials: Credentials | undefined;

  /** `credentials`: where the brokers have access control. */
  constructor(namesrv: string, credentials?: Credentials) {
    this.#namesrv = namesrv;
    this.#credentials = credentials;
  }

  async createUser(name: string, secret: string, permissions: readonly Permission[]): Promise<void> {
    const user = { username: name, password: secret, userType: 'Normal', userStatus: 'enable' };
    const subject = `User:${name}`;
    const entries = permissions.map(({ resource, action }) => ({
      resource,
      actions: [action],
      sourceIps: [],
      decision: 'Allow',
    }));
    const rights = { subject, policies: [{ policyType: 'Custom', entries }] };
    for (const broker of await this.brokers()) {
      await this.#call(broker, AUTH_CREATE_USER, { username: name }, Buffer.from(JSON.stringify(user)));
      if (entries.length > 0)
        await this.#call(broker, AUTH_CREATE_ACL, { subject }, Buffer.from(JSON.stringify(rights)));
    }
  }

  async changeSecret(name: string, secret: string): Promise<void> {
    const user = { username: name, password: secret };
    for (const broker of await this.brokers())
      await this.#call(broker, AUTH_UPDATE_USER, { username: name }, Buffer.from(JSON.stringify(user)));
  }

  async createTopic(name: string, { queues, fifo, permission = READABLE_AND_WRITABLE }: TopicOptions): Promise<void> {
    const fields = {
      topic: name,
      defaultTopic: 'TBW102',
      readQueueNums: String(queues),
      writeQueueNums: String(queues),
      perm: String(permission),
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: '0',
      order: String(fifo),
      attributes: `+message.type=${fifo ? 'FIFO' : 'NORMAL'}`,
    };
    for (const broker of await this.brokers()) await this.#call(broker, UPDATE_AND_CREATE_TOPIC, fields);
    await this.#untilRouted(name);
  }

  async deleteTopic(topic: string): Promise<void> {
    for (const broker of await this.brokers()) await this.#call(broker, DELETE_TOPIC_IN_BROKER, { topic });
    await this.#call(this.#namesrv, DELETE_TOPIC_IN_NAMESRV, { topic });
  }

  async configureBrokers(settings: ServerSettings): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    for (const broker of await this.brokers())
      await this.#call(broker, UPDATE_BROKER_CONFIG, {}, Buffer.from(lines.join('')));
  }

  async createGroup(name: string, { ordered, retries = 1_000_000_000 }: GroupOptions): Promise<void> {
    const group = Buffer.from(
      JSON.stringify({ groupName: name, consumeMessageOrderly: ordered, retryMaxTimes: retries }),
    );
    for (const broker of await this.brokers())
      await this.#call(broker, UPDATE_AND_CREATE_SUBSCRIPTION_GROUP, {}, group);
  }

  /** host:port of each master. Throws while none is registered. */
  async brokers(): Promise<readonly string[]> {
    const text = (await this.#call(this.#namesrv, CLUSTER_INFO, {})).toString();
    // The keys of brokerAddrs are written as bare numbers, which JSON.parse refuses; 0 is the master.
    const masters = [...text.matchAll(/[{,]"?0"?:"([^"]+:\d+)"/g)].flatMap((match) => match[1] ?? []);
    if (masters.length === 0) throw new Error(`No broker has registered with the name server ${this.#namesrv}.`);
    return masters;
  }

  /**
   * Makes a broker (host:port) register with its name servers now, with all its topics. It does so at its start, but
   * only with those that its client has found by then, and that is a race; the next time is 10 s later. Setting its
   * permission, even to what it is, registers at once.
   */
  async announce(broker: string): Promise<void> {
    await this.#call(broker, UPDATE_BROKER_CONFIG, {}, Buffer.from(`brokerPermission=${READABLE_AND_WRITABLE}`));
  }

  #call(address: string, code: number, fields: Fields, body: Buffer = Buffer.alloc(0)): Promise<Buffer> {
    const own = this.#credentials === undefined ? fields : signed(fields, body, this.#credentials);
    return call(address, code, own, body);
  }

  /** The broker tells the name server by itself, shortly after its answer. */
  async #untilRouted(topic: string): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    for (;;) {
      try {
        await this.#call(this.#namesrv, ROUTE_OF_TOPIC, { topic });
        return;
      } catch (thrown) {
        if (performance.now() > deadline) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

/** As org.apache.rocketmq.acl.common.AclUtils makes it: the values in the order of their names, and the body. */
function signed(fields: Fields, body: Buffer, { accessKey, accessSecret }: Credentials): Fields {
  const all: Fields = { ...fields, AccessKey: accessKey };
  const values = Object.keys(all)
    .sort()
    .map((name) => all[name] ?? '');
  const hmac = createHmac('sha1', accessSecret).update(values.join('')).update(body);
  return { ...all, Signature: hmac.digest('base64') };
}

/** One request on a connection of its own; returns the body of the answer. */
function call(address: string, code: number, extFields: Fields, body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const [host = '', port = ''] = address.split(':');
    const socket = connect(Number(port), host);
    const chunks: Buffer[] = [];
    const fail = (message: string): void => {
      socket.destroy();
      reject(new Error(`RocketMQ at ${address}, request ${code}: ${message}`));
    };
    socket.setTimeout(TIMEOUT_MS, () => fail(`no answer within ${TIMEOUT_MS / 1000} s`));
    socket.once('error', (error) => fail(error.message));
    socket.once('close', () => fail('connection closed'));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const answer = Buffer.concat(chunks);
      if (answer.length < 8 || answer.length < 4 + answer.readUInt32BE(0)) return;
      const headerBytes = answer.readUInt32BE(4) & 0xffffff;
      const header = answer.toString('utf8', 8, 8 + headerBytes);
      if (isSuccess(JSON.parse(header))) resolve(answer.subarray(8 + headerBytes));
      fail(header); // without effect after a resolve, but for the end of the connection
    });
    const header = Buffer.from(
      JSON.stringify({
        code,
        language: 'JAVA',
        version: 477,
        opaque: 1,
        flag: 0,
        extFields,
        serializeTypeCurrentRPC: 'JSON',
      }),
    );
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32BE(4 + header.length + body.length, 0);
    lengths.writeUInt32BE(header.length, 4);
    socket.write(Buffer.concat([lengths, header, body]));
  });
}

function isSuccess(header: unknown): boolean {
  return typeof header === 'object' && header !== null && 'code' in header && header.code === 0;
}
