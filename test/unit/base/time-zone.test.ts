import { describe, expect, it } from 'vitest';
import { timeZoneOf, timeZoneProblem } from '../../../src/base/time-zone.ts';

const offsetsOf = (name: string, ...times: readonly string[]): (number | undefined)[] => {
  const zone = timeZoneOf(name);
  return times.map((time) => zone?.offsetSeconds(Date.parse(time) / 1000));
};

describe('timeZoneProblem', () => {
  it.each([
    'UTC',
    '+08:00',
    '-13:59',
    '+14:00',
    '-00:00',
    'Asia/Shanghai',
    'Europe/Berlin',
    'America/Argentina/Buenos_Aires',
  ])('takes %s', (name) => {
    expect(timeZoneProblem(name)).toBeUndefined();
  });

  it.each(['', 'SYSTEM', 'Asia/Peking', '+8:00', '+08', '+14:01', '-14:00', '+08:60', '+08:00:00', '8'])(
    'refuses %j',
    (name) => {
      expect(timeZoneProblem(name)).toMatch(/^is no /);
    },
  );
});

describe('timeZoneOf', () => {
  it('is nothing for UTC', () => {
    expect(timeZoneOf('UTC')).toBeUndefined();
  });

  it.each([
    ['+08:00', 28_800],
    ['-03:30', -12_600],
  ])('knows %s at all times', (name, seconds) => {
    expect(offsetsOf(name, '1970-01-01T00:00:01Z', '2026-07-01T00:00:00Z')).toEqual([seconds, seconds]);
  });

  it('knows to the second when clocks are changed, in whatever order it is asked', () => {
    const spring = ['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z'];
    const autumn = ['2026-10-25T00:59:59Z', '2026-10-25T01:00:00Z'];
    expect(offsetsOf('Europe/Berlin', ...spring, ...autumn)).toEqual([3600, 7200, 7200, 3600]);
    expect(offsetsOf('Europe/Berlin', ...autumn.toReversed(), ...spring.toReversed())).toEqual([
      3600, 7200, 7200, 3600,
    ]);
    // By half an hour.
    expect(offsetsOf('Australia/Lord_Howe', '2026-04-04T14:59:59Z', '2026-04-04T15:00:00Z')).toEqual([39_600, 37_800]);
    // An offset that is no whole minute.
    expect(offsetsOf('Africa/Monrovia', '1972-01-07T00:44:29Z', '1972-01-07T00:44:30Z')).toEqual([-2670, 0]);
  });

  it('reaches as far as a TIMESTAMP can', () => {
    expect(offsetsOf('Asia/Shanghai', '1970-01-01T00:00:01Z', '2106-02-07T06:28:15Z')).toEqual([28_800, 28_800]);
  });
});
