import { describe, expect, it } from 'vitest';
import { lockedPlace, requireSameIdentity } from '../../../../src/relay/run/identity.ts';
import { checkpoint } from '../../../support/checkpoints.ts';
import { RelayRun } from '../../../support/relay-ends.ts';

const stored = checkpoint(1, { endpoint: 'proxy:8081' });
const { endpoint, ...withoutEndpoint } = stored;
const accept = (changes: object, accepted = {}): void =>
  requireSameIdentity({ ...stored, ...changes }, stored, { newLanes: false, ...accepted }, 'a folder');

describe('a checkpoint', () => {
  it('is taken for what it was made for', () => {
    expect(() => accept({})).not.toThrow();
  });

  it.each([
    [{ destination: 'rocketmq topic other' }, { newLanes: true, newEndpoint: true }],
    [{ endpoint: 'elsewhere:8081' }, { newLanes: true }],
    [{ queues: 9 }, { newEndpoint: true }],
    [{ lanes: ['lane-9'] }, { newEndpoint: true }],
    [{ ordering: 'table' }, { newEndpoint: true, newFormat: true }],
    [{ messageFormat: 'debezium-json' }, { newEndpoint: true, newLanes: true }],
  ])('of %j is refused, also when something else is accepted', (changes, others) => {
    expect(() => accept(changes, others)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_FOREIGN' }));
  });

  it.each([
    [{ endpoint: 'elsewhere:8081' }, { newEndpoint: true }],
    [{ messageFormat: 'debezium-json' }, { newFormat: true }],
    [{ messageFormat: 'canal-json' }, {}],
    [{ queues: 9, lanes: ['lane-9'], ordering: 'table' }, { newLanes: true }],
  ])('of %j is taken when an operator accepts that', (changes, accepted) => {
    expect(() => accept(changes, accepted)).not.toThrow();
  });

  it.each([
    ['proxy:8081', 'proxy:8081,b:8081', true],
    ['proxy:8081,b:8081', 'b:8081', true],
    ['a:8081,b:8081', 'b:8081,c:8081', true],
    ['a:8081,b:8081', 'c:8081,d:8081', false],
    ['proxy:8081', 'my-proxy:8081', false],
  ])('of the proxies %s is taken with %s: %s', (before, now, isTaken) => {
    const take = (): void =>
      requireSameIdentity(
        { ...stored, endpoint: before },
        { ...stored, endpoint: now },
        { newLanes: false },
        'a folder',
      );
    if (isTaken) expect(take).not.toThrow();
    else expect(take).toThrow(expect.objectContaining({ code: 'CHECKPOINT_FOREIGN' }));
  });

  it('of a version that stored no endpoint is taken once, and has it from then on', async () => {
    expect(endpoint).toBe('proxy:8081');
    expect(() => requireSameIdentity(withoutEndpoint, stored, { newLanes: false }, 'a folder')).not.toThrow();
    const run = new RelayRun();
    run.sink.endpoint = 'proxy:8081';
    await run.start();
    expect(run.store.last?.endpoint).toBe('proxy:8081');
    await run.stop();
  });
});

it('a relay whose list of proxies has become longer meets the one that has the shorter one', () => {
  const place = (endpoint: string): string => lockedPlace({ destination: 'a topic', endpoint }, 'a folder');
  expect(place('a:8081,b:8081')).toBe(place('a:8081'));
  expect(place('b:8081')).not.toBe(place('a:8081'));
});

it('relays of two clusters do not lock each other out, and two of one do, though topic and place have the same names', async () => {
  const names: string[] = [];
  for (const cluster of ['a:8081', 'b:8081', 'a:8081']) {
    const run = new RelayRun();
    run.sink.endpoint = cluster;
    await run.start();
    names.push(run.source.lockName);
    await run.stop();
  }
  expect(names[0]).toBe(names[2]);
  expect(names[0]).not.toBe(names[1]);
});
