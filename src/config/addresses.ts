/**
 * Names and addresses of servers, checked for what operators get wrong. Each function gives the problem as a predicate,
 * or undefined.
 */

import { isIP } from 'node:net';

const PORT = /^\d{1,5}$/;

/** A host name or an IP address, without scheme, user or port. */
export function hostProblem(host: string): string | undefined {
  if (host.includes('://')) return 'is a URL: write the host name or address alone';
  if (host.includes('@')) return 'holds a user: write the host name or address alone';
  if (/^\[.*\]$/.test(host)) return 'has brackets: write an IPv6 address without them';
  if (/^[^:]+:\d+$/.test(host)) return 'holds a port: write it in the key port';
  if (/[\s/;,]/.test(host)) return 'is not one host name or address';
  return undefined;
}

/** One MySQL server. */
export interface MysqlHost {
  readonly host: string;
  readonly port: number;
}

const MYSQL_PORT = 3306;

/** Reads `host`, `host:port` or `[::1]:port`, which `mysqlHostProblem` finds nothing wrong with. */
export function parseMysqlHost(text: string): MysqlHost {
  const [, bracketed, plain, port] = MYSQL_HOST.exec(text) ?? [];
  return { host: bracketed ?? plain ?? text, port: port === undefined ? MYSQL_PORT : Number(port) };
}

/** In brackets, or without a colon, or all of it an IPv6 address; a port may follow. */
const MYSQL_HOST = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/;

/** What is wrong with `host` or `host:port` of a MySQL server. */
export function mysqlHostProblem(text: string): string | undefined {
  if (text.includes('://')) return 'is a URL: write host or host:port alone';
  const { host, port } = parseMysqlHost(text);
  if (!(port >= 1 && port <= 65_535)) return 'has no port from 1 to 65535: write host or host:port';
  if (host === '') return 'has no host: write host or host:port';
  if (host.includes(':') && isIP(host) === 0) return 'is not one host name or address';
  return hostProblem(host);
}

/**
 * `host:port` of one RocketMQ proxy. Exactly one: the client takes a list for a single name and cannot resolve it, and
 * it cuts an IPv6 address at its first colon.
 */
export function endpointProblem(endpoint: string): string | undefined {
  const form = 'write host:port of the RocketMQ proxy, such as rocketmq-proxy:8081';
  if (endpoint.includes('://')) return `is a URL: ${form}`;
  if (/[;,\s]/.test(endpoint)) {
    return 'names more than one endpoint: write one host:port, or a list of them as endpoints';
  }
  if (/[@/]/.test(endpoint)) return `is not an endpoint: ${form}`;
  const parts = endpoint.split(':');
  if (parts.length > 2) return 'is an IPv6 address, which the RocketMQ client cannot use: write a DNS name';
  const [host = '', port] = parts;
  if (host === '') return `has no host: ${form}`;
  if (port === undefined || port === '') return `has no port: ${form}`;
  return PORT.test(port) && Number(port) >= 1 && Number(port) <= 65_535
    ? undefined
    : `has no port from 1 to 65535: ${form}`;
}

/** A topic as RocketMQ accepts it from a producer (TopicValidator of RocketMQ, without its reserved names). */
export function topicProblem(topic: string): string | undefined {
  if (topic.length > 127) return 'is longer than the 127 characters that RocketMQ allows';
  if (!/^[A-Za-z0-9_-]+$/.test(topic)) return 'is not a topic name: allowed are letters, digits, _ and -';
  if (
    /^rmq_sys_/i.test(topic) ||
    /^(TBW102|SCHEDULE_TOPIC_XXXX|OFFSET_MOVED_EVENT|SELF_TEST_TOPIC|BenchmarkTest)$/.test(topic)
  ) {
    return 'is reserved by RocketMQ for itself: choose another name';
  }
  return undefined;
}

export function namespaceProblem(namespace: string): string | undefined {
  return /^[A-Za-z0-9_-]+$/.test(namespace) ? undefined : 'is not a namespace: allowed are letters, digits, _ and -';
}

/** Printable ASCII: the client sends the key in a header, where anything else is refused only after start. */
export function credentialProblem(credential: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(credential)
    ? undefined
    : 'holds a space, a line end or a character outside ASCII: RocketMQ takes printable ASCII only';
}

/** As it may stand in a header (token68 of RFC 6750), and too long to be guessed. */
export function tokenProblem(token: string): string | undefined {
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token))
    return 'holds a character that no bearer token may have: make one with openssl rand -hex 32';
  return token.length < MIN_TOKEN_LENGTH
    ? `is shorter than ${MIN_TOKEN_LENGTH} characters: make one with openssl rand -hex 32`
    : undefined;
}

const MIN_TOKEN_LENGTH = 16;

/**
 * A name that `admin.hosts` may hold, or all names of a domain. What is wrong with it, as a predicate; undefined when
 * nothing is.
 */
export function hostNameProblem(name: string): string | undefined {
  if (/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)+$/i.test(name)) return undefined;
  return 'is no name like relay.example.com or *.svc.cluster.local, without a port';
}

/** Why a text is no account of MySQL. */
export function mysqlUserProblem(user: string): string | undefined {
  return Array.from(user).length > 32 ? 'is longer than the 32 characters that MySQL allows' : undefined;
}
