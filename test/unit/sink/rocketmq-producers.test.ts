import { expect, test } from 'vitest';
import { Producers } from '../../../src/sink/rocketmq-producers.ts';
import { FakeProducer } from '../../support/sink/fake-producer.ts';

const ready = (): Promise<void> => Promise.resolve();

test('an old producer is disposed of when its last send has settled, never under it', async () => {
  const producers = new Producers();
  const [old, fresh] = [new FakeProducer(), new FakeProducer()];
  await producers.replace(old, ready);
  let finish: () => void = () => undefined;
  const used = producers.use(() => new Promise<void>((resolve) => (finish = resolve)));
  await producers.replace(fresh, ready);
  expect(old.disposed).toBe(0);
  finish();
  await used;
  expect(old.disposed).toBe(1);
  await producers.use((producer) => {
    expect(producer).toBe(fresh);
    return ready();
  });
  expect(fresh.disposed).toBe(0);
});

test('an idle old producer goes at once', async () => {
  const producers = new Producers();
  const old = new FakeProducer();
  await producers.replace(old, ready);
  await producers.replace(new FakeProducer(), ready);
  expect(old.disposed).toBe(1);
});

test('a producer that cannot be made ready goes, and the old one stays', async () => {
  const producers = new Producers();
  const [old, bad] = [new FakeProducer(), new FakeProducer()];
  await producers.replace(old, ready);
  await expect(producers.replace(bad, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect([old.disposed, bad.disposed]).toEqual([0, 1]);
  await producers.use((producer) => {
    expect(producer).toBe(old);
    return ready();
  });
});

test('close disposes of all, also of one that is still being made ready', async () => {
  const producers = new Producers();
  const [current, starting] = [new FakeProducer(), new FakeProducer()];
  await producers.replace(current, ready);
  let finish: () => void = () => undefined;
  const replacing = producers.replace(starting, () => new Promise<void>((resolve) => (finish = resolve)));
  await producers.close();
  expect([current.disposed, starting.disposed]).toEqual([1, 1]);
  finish();
  await expect(replacing).rejects.toThrow('closed');
  expect(producers.ready).toBe(false);
  // One that comes too late is not even asked.
  const late = new FakeProducer();
  await expect(producers.replace(late, () => Promise.reject(new Error('asked')))).rejects.toThrow('closed');
  expect(late.disposed).toBe(1);
});
