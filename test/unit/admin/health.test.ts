import { describe, expect, it } from 'vitest';
import { health, lagSeconds, liveness, readiness } from '../../../src/admin/health.ts';
import { RELAY_STATES, type RelayState, type RelayStatus } from '../../../src/relay/relay.ts';
import { brokerAway, failed, idleStatus } from './relay-status.ts';

const versions = { relay: '1.2.3', node: '24.0.0' };

function withPart(part: keyof RelayStatus['parts'], reason: string): RelayStatus {
  return { ...idleStatus, parts: { ...idleStatus.parts, [part]: { ok: false, reason } } };
}

describe('liveness', () => {
  it.each(RELAY_STATES.filter((state) => state !== 'failed'))('is 200 while %s', (state) => {
    expect(liveness({ ...idleStatus, state }).code).toBe(200);
  });

  it('is 200 while the broker is away, which no restart mends', () => {
    expect(liveness(brokerAway).code).toBe(200);
  });

  it('is 503 with the error when the relay failed for good', () => {
    expect(liveness(failed)).toEqual({ code: 503, reason: 'failed: BINLOG_CHECKSUM: wrong CRC32' });
  });
});

describe('readiness', () => {
  it('is 200 when idle', () => {
    expect(readiness(idleStatus)).toEqual({ code: 200, reason: 'ready' });
  });

  it.each<RelayState>(['starting', 'draining', 'stopped'])('is 503 while %s', (state) => {
    expect(readiness({ ...idleStatus, state })).toEqual({ code: 503, reason: state });
  });

  it.each(['source', 'sink'] as const)('is 503 with the reason when the %s does not work', (part) => {
    expect(readiness(withPart(part, 'away'))).toEqual({ code: 503, reason: `${part}: away` });
  });

  it('is 200 while it stands by, and 503 when it could not take over', () => {
    const standby: RelayStatus = { ...idleStatus, state: 'standby', standby: { holder: 'connection 7', sinceMs: 0 } };
    expect(readiness(standby)).toEqual({ code: 200, reason: 'standby' });
    expect(health(standby, 0, versions)).toMatchObject({
      healthy: true,
      state: 'standby',
      standby: { holder: 'connection 7', since: '1970-01-01T00:00:00.000Z' },
    });
    const { parts } = withPart('source', 'away');
    expect(readiness({ ...standby, parts })).toEqual({ code: 503, reason: 'source: away' });
  });

  it('stays 200 when only the checkpoint fails: rows still flow', () => {
    expect(readiness(withPart('checkpoint', 'disk full')).code).toBe(200);
  });
});

describe('health', () => {
  it('shows an idle relay as healthy, without a lag', () => {
    expect(health(idleStatus, 5_000_000, versions)).toMatchObject({
      healthy: true,
      reasons: [],
      state: 'live',
      since: '2026-11-23T11:23:20.000Z',
      reason: 'everything that the server has is acknowledged',
      remedy: null,
      lagSeconds: 0,
      progress: 'idle',
      head: idleStatus.head,
      lastError: null,
      versions,
      at: '1970-01-01T01:23:20.000Z',
    });
  });

  it('names every reason when something is wrong', () => {
    const document = health(brokerAway, 1_090_500, versions);
    expect(document.healthy).toBe(false);
    expect(document.lagSeconds).toBe(90.5);
    expect(document.reasons).toEqual([
      'blocked',
      'sink: broker:8081 does not answer since 03:00:00',
      'stuck: the server has more, and for 30 s nothing was read or acknowledged, or one lane waits for a message',
    ]);
  });

  it('shows the lag of the last minutes, and what was tried again', () => {
    expect(health(idleStatus, 0, versions)).toMatchObject({
      recentLag: { messages: 7, p50Seconds: 0.02, p99Seconds: 0.5 },
      failures: [{ part: 'sink', code: 'SINK_BUSY', count: 4 }],
    });
    const recent = { messages: 0, p50Seconds: undefined, p99Seconds: undefined };
    expect(health({ ...idleStatus, lag: { ...idleStatus.lag, recent } }, 0, versions).recentLag).toEqual({
      messages: 0,
      p50Seconds: null,
      p99Seconds: null,
    });
  });

  it.each<RelayState>(['copying', 'catching-up', 'live', 'standby'])('is well while %s', (state) => {
    expect(health({ ...idleStatus, state }, 0, versions)).toMatchObject({ healthy: true, state });
    expect(readiness({ ...idleStatus, state }).code).toBe(200);
  });

  it.each<RelayState>(['starting', 'connecting', 'draining', 'stopped'])('is not well while %s', (state) => {
    expect(health({ ...idleStatus, state }, 0, versions).reasons).toEqual([state]);
  });

  it('says why the relay is blocked where no part does, and what to do', () => {
    const status = { ...idleStatus, state: 'blocked', reason: 'a statement waits', remedy: 'Look at it.' } as const;
    expect(health(status, 0, versions)).toMatchObject({
      healthy: false,
      reasons: ['blocked: a statement waits'],
      remedy: 'Look at it.',
    });
    expect(readiness(status).code).toBe(200);
  });

  it('is unhealthy when the checkpoint cannot be stored', () => {
    expect(health(withPart('checkpoint', 'disk full'), 0, versions).reasons).toEqual(['checkpoint: disk full']);
  });

  it('shows the runway, and warns when something is to be done', () => {
    const short: RelayStatus['runway'] = {
      seconds: 840,
      purgedBy: 'expiry',
      reason: 'the server keeps binlog.000007 for 14 minutes at least',
      remedy: 'Get the sink going.',
    };
    expect(health({ ...idleStatus, runway: short }, 0, versions)).toMatchObject({
      healthy: false,
      reasons: ['the server keeps binlog.000007 for 14 minutes at least. Get the sink going.'],
      runway: { seconds: 840, purgedBy: 'expiry', reason: short.reason },
    });
    expect(health({ ...idleStatus, runway: { ...short, remedy: undefined } }, 0, versions).healthy).toBe(true);
    expect(readiness({ ...idleStatus, runway: short }).code).toBe(200);
  });

  it.each([
    [Infinity, 'nothing', { seconds: null, purgedBy: 'nothing' }],
    [undefined, undefined, { seconds: null, purgedBy: null }],
    [0, 'gone', { seconds: 0, purgedBy: 'gone' }],
  ] as const)('shows a runway of %s, %s', (seconds, purgedBy, shown) => {
    const runway = { seconds, purgedBy, reason: 'so it is', remedy: undefined };
    expect(health({ ...idleStatus, runway }, 0, versions).runway).toEqual({ ...shown, reason: 'so it is' });
  });

  it('keeps what is unknown as null, so that a reader sees the key', () => {
    const text = JSON.stringify(
      health(
        { ...idleStatus, state: 'starting', position: undefined, lowWaterMark: undefined, head: undefined },
        0,
        versions,
      ),
    );
    expect(JSON.parse(text)).toMatchObject({ position: null, lowWaterMark: null, head: null, lastError: null });
  });
});

describe('lagSeconds', () => {
  it('is 0 when idle, however long ago the last commit was', () => {
    expect(lagSeconds(idleStatus, 9_000_000_000)).toBe(0);
  });

  it('is the age of the oldest unacknowledged commit', () => {
    expect(lagSeconds({ ...idleStatus, progress: 'catching-up', oldestUnacknowledgedMs: 10_000 }, 12_500)).toBe(2.5);
  });

  it('also counts while the head of the server is unknown', () => {
    expect(lagSeconds({ ...idleStatus, progress: 'unknown', oldestUnacknowledgedMs: 10_000 }, 12_500)).toBe(2.5);
  });

  it('is never negative when the clock of the server runs ahead', () => {
    expect(lagSeconds({ ...idleStatus, progress: 'catching-up', oldestUnacknowledgedMs: 10_000 }, 9_000)).toBe(0);
  });

  it.each(['catching-up', 'stuck', 'unknown'] as const)(
    'is unknown when %s with everything read acknowledged',
    (progress) => {
      expect(lagSeconds({ ...idleStatus, progress }, 1)).toBeUndefined();
    },
  );
});
