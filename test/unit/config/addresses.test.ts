import { describe, expect, it } from 'vitest';
import {
  credentialProblem,
  endpointProblem,
  hostProblem,
  mysqlHostProblem,
  parseMysqlHost,
  topicProblem,
} from '../../../src/config/addresses.ts';

describe('hostProblem', () => {
  it.each(['mysql', 'db-1.internal', '10.0.0.1', '::1', 'fe80::1'])('%s is a host', (host) => {
    expect(hostProblem(host)).toBeUndefined();
  });

  it.each([
    ['mysql://db', 'is a URL'],
    ['relay@db', 'holds a user'],
    ['db:3306', 'holds a port'],
    ['[::1]', 'has brackets'],
    ['a b', 'is not one host'],
    ['a,b', 'is not one host'],
  ])('%s %s', (host, problem) => {
    expect(hostProblem(host)).toContain(problem);
  });
});

describe('a host with its port', () => {
  it.each([
    ['db', 'db', 3306],
    ['db-1.internal:3307', 'db-1.internal', 3307],
    ['10.0.0.1:1', '10.0.0.1', 1],
    ['fe80::1', 'fe80::1', 3306],
    ['[fe80::1]', 'fe80::1', 3306],
    ['[fe80::1]:65535', 'fe80::1', 65_535],
  ])('%s', (text, host, port) => {
    expect(mysqlHostProblem(text)).toBeUndefined();
    expect(parseMysqlHost(text)).toEqual({ host, port });
  });

  it.each([
    ['mysql://db:3306', 'is a URL'],
    ['relay@db:3306', 'holds a user'],
    ['db:', 'has no port'],
    ['db:0', 'has no port'],
    ['db:65536', 'has no port'],
    [':3306', 'has no host'],
    ['[]:3306', 'has no host'],
    ['a,b', 'is not one host'],
    ['db:33x', 'is not one host'],
  ])('%s %s', (text, problem) => {
    expect(mysqlHostProblem(text)).toContain(problem);
  });
});

describe('endpointProblem', () => {
  it.each(['rocketmq:8081', '10.0.0.1:8081', 'a.b-c:1', 'a:65535'])('%s is an endpoint', (endpoint) => {
    expect(endpointProblem(endpoint)).toBeUndefined();
  });

  it.each([
    ['http://a:8081', 'is a URL'],
    ['a:8081;b:8081', 'more than one endpoint'],
    ['a:8081,b:8081', 'more than one endpoint'],
    ['[::1]:8081', 'is an IPv6 address'],
    ['rocketmq', 'has no port: write'],
    ['rocketmq:', 'has no port: write'],
    [':8081', 'has no host'],
    ['a:0', 'has no port from 1 to 65535'],
    ['a:65536', 'has no port from 1 to 65535'],
    ['a:http', 'has no port from 1 to 65535'],
    ['key@a:8081', 'is not an endpoint'],
    ['a:8081/x', 'is not an endpoint'],
  ])('%s %s', (endpoint, problem) => {
    expect(endpointProblem(endpoint)).toContain(problem);
  });
});

describe('topicProblem', () => {
  it.each(['order-binlog', 'Order_1', 'x'.repeat(127)])('%s is a topic', (topic) => {
    expect(topicProblem(topic)).toBeUndefined();
  });

  it.each([
    ['order.binlog', 'is not a topic name'],
    ['%RETRY%x', 'is not a topic name'],
    ['订单', 'is not a topic name'],
    ['x'.repeat(128), 'is longer than'],
    ['TBW102', 'is reserved'],
    ['rmq_sys_x', 'is reserved'],
  ])('%s %s', (topic, problem) => {
    expect(topicProblem(topic)).toContain(problem);
  });
});

it('a credential is printable ASCII', () => {
  expect(credentialProblem('k3y!/+=')).toBeUndefined();
  for (const credential of ['a b', 'a\n', '键']) expect(credentialProblem(credential)).toContain('outside ASCII');
});
