import { describe, expect, it } from 'vitest';
import { BinlogHistory } from '../../../../src/relay/run/binlog-history.ts';

const SERVER = '00000000-0000-0000-0000-000000000001';
const MINUTE_MS = 60_000;
const files = (...sizes: readonly (readonly [number, number])[]): { name: string; sizeBytes: number }[] =>
  sizes.map(([number, sizeBytes]) => ({ name: `binlog.${String(number).padStart(6, '0')}`, sizeBytes }));
const sample = (asOfMs: number, ...sizes: readonly (readonly [number, number])[]) => ({
  serverUuid: SERVER,
  asOfMs,
  files: files(...sizes),
});

describe('when a file was changed', () => {
  it('is after it was the newest, and so of every later one', () => {
    const history = new BinlogHistory();
    history.add(sample(1000, [7, 10], [8, 10]));
    expect(history.changedMs('binlog.000007')).toBeUndefined();
    expect(history.changedMs('binlog.000008')).toBe(1000);
    history.add(sample(2000, [7, 10], [8, 10], [9, 10], [10, 10]));
    expect(history.changedMs('binlog.000008')).toBe(1000);
    expect(history.changedMs('binlog.000009')).toBe(1000);
    expect(history.changedMs('binlog.000010')).toBe(2000);
  });

  it('is after a transaction that was read of it was committed', () => {
    const history = new BinlogHistory();
    history.add(sample(1000, [7, 10], [8, 10]), { file: 'binlog.000007', commitMs: 900 });
    expect(history.changedMs('binlog.000007')).toBe(900);
    history.add(sample(1100, [7, 10], [8, 10]), { file: 'binlog.000007', commitMs: 800 });
    expect(history.changedMs('binlog.000007')).toBe(900);
  });

  it('is not taken from a clock that runs ahead, from no transaction, or from a file that is not there', () => {
    const history = new BinlogHistory();
    history.add(sample(1000, [7, 10], [8, 10]), { file: 'binlog.000007', commitMs: 5000 });
    expect(history.changedMs('binlog.000007')).toBe(1000);
    const other = new BinlogHistory();
    other.add(sample(1000, [7, 10], [8, 10]), { file: 'binlog.000007', commitMs: 0 });
    other.add(sample(1000, [7, 10], [8, 10]), { file: 'binlog.000001', commitMs: 500 });
    expect(other.changedMs('binlog.000007')).toBeUndefined();
    expect(other.changedMs('binlog.000001')).toBeUndefined();
  });

  it('outlives the file that told it', () => {
    const history = new BinlogHistory();
    history.add(sample(1000, [7, 10]));
    history.add(sample(2000, [8, 10], [9, 10]));
    expect(history.changedMs('binlog.000008')).toBe(1000);
  });

  it('is forgotten with the server', () => {
    const history = new BinlogHistory();
    history.add(sample(1000, [7, 10]));
    history.add({ ...sample(2000, [7, 10], [8, 10]), serverUuid: 'another' });
    expect(history.changedMs('binlog.000007')).toBeUndefined();
  });
});

describe('the growth', () => {
  it('counts what was written, whatever was purged', () => {
    const history = new BinlogHistory();
    history.add(sample(0, [7, 1000], [8, 100]));
    expect(history.growth).toBeUndefined();
    history.add(sample(MINUTE_MS, [8, 700], [9, 600]));
    expect(history.growth).toBe(20);
    history.add(sample(2 * MINUTE_MS, [9, 600]));
    expect(history.growth).toBe(10);
  });

  it('is not known before a minute, nor after the clock was put back', () => {
    const history = new BinlogHistory();
    history.add(sample(MINUTE_MS, [7, 100]));
    history.add(sample(MINUTE_MS + 30_000, [7, 200]));
    expect(history.growth).toBeUndefined();
    history.add(sample(0, [7, 300]));
    expect(history.growth).toBeUndefined();
    history.add(sample(MINUTE_MS, [7, 300]));
    expect(history.growth).toBe(0);
  });

  it('is that of the last hour', () => {
    const history = new BinlogHistory();
    history.add(sample(0, [7, 0]));
    history.add(sample(MINUTE_MS, [7, 1_000_000]));
    history.add(sample(61 * MINUTE_MS, [7, 1_003_600]));
    expect(history.growth).toBe(1);
  });
});
