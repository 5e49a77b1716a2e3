import { expect, it } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import type { Retention } from '../../../../src/source/source.ts';
import { KEEPS_ALL, RelayRun, type RelayRunOptions } from '../../../support/relay-ends.ts';

const MINUTE_MS = 60_000;
const BEGINS_MS = 1_800_000_000_000;
const SHORT = 'the server will soon purge binlog that is not acknowledged yet';
const OVER = 'the server keeps its binlog for long enough again';
const FORBIDDEN = 'it is not known how long the server keeps its binlog: the account may not ask for it';

/** The file of the checkpoint was the newest at `BEGINS_MS`, and the next one has begun since. */
const later = (minutes: number, expireSeconds: number): Retention => ({
  ...KEEPS_ALL,
  asOfMs: BEGINS_MS + minutes * MINUTE_MS,
  files: [...KEEPS_ALL.files, ...(minutes > 0 ? [{ name: 'binlog.000002', sizeBytes: 1000 }] : [])],
  expireSeconds,
});

/** What the server answers, minute by minute. */
async function answering(
  answers: readonly (Retention | RelayError)[],
  options: RelayRunOptions = {},
): Promise<{ readonly run: RelayRun; readonly runways: ReturnType<RelayRun['relay']['status']>['runway'][] }> {
  const run = new RelayRun(options);
  let asked = 0;
  run.source.onRetention = () => {
    const answer = answers[asked];
    asked += 1;
    if (answer === undefined) throw new Error('asked once too often');
    return answer instanceof RelayError ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const runways = [];
  await run.start();
  runways.push(run.relay.status().runway);
  for (let minute = 1; minute < answers.length; minute += 1) {
    await run.clock.advance(MINUTE_MS);
    runways.push(run.relay.status().runway);
  }
  await run.stop();
  expect(asked).toBe(answers.length);
  return { run, runways };
}

const told = (run: RelayRun): string[] => run.log.filter((line) => [SHORT, OVER, FORBIDDEN].includes(line));

it('is asked for every minute, and warns once until it is over', async () => {
  const { run, runways } = await answering([later(0, 3600), later(46, 3600), later(47, 3600), later(48, 86_400)]);
  expect(runways.map(({ seconds }) => seconds)).toEqual([3600, 14 * 60, 13 * 60, 86_400 - 48 * 60]);
  expect(runways.map(({ remedy }) => remedy !== undefined)).toEqual([false, true, true, false]);
  expect(runways[1]).toEqual({
    seconds: 840,
    purgedBy: 'expiry',
    reason:
      'the server keeps binlog.000001, which a restart would begin with, for 14 minutes at least, and every binlog for 60 minutes',
    remedy: 'Get the sink going, or make the server keep more: SET PERSIST binlog_expire_logs_seconds = 604800;',
  });
  expect(told(run)).toEqual([SHORT, OVER]);
});

it('warns below what was configured', async () => {
  const { runways } = await answering([later(0, 3600), later(1, 3600)], { runwayWarningMs: 3600_000 });
  expect(runways.map(({ remedy }) => remedy !== undefined)).toEqual([false, true]);
});

it('does not warn when it is not to', async () => {
  const { run, runways } = await answering([later(0, 3600), later(61, 3600)], { runwayWarningMs: 0 });
  expect(runways[1]).toMatchObject({ seconds: 0, remedy: undefined });
  expect(told(run)).toEqual([]);
});

it('warns on through minutes in which the server cannot be asked', async () => {
  const away = new RelayError('SOURCE_UNREACHABLE', 'no answer');
  const { run, runways } = await answering([later(0, 3600), later(50, 3600), away, later(52, 3600)]);
  expect(runways[2]).toEqual({
    seconds: undefined,
    purgedBy: undefined,
    reason: 'the server could not be asked: no answer',
    remedy: undefined,
  });
  expect(told(run)).toEqual([SHORT]);
});

it('says once that the account may not ask', async () => {
  const forbidden = new RelayError('SOURCE_GRANT_MISSING', 'Access denied');
  const { run, runways } = await answering([forbidden, forbidden, later(0, 3600)]);
  expect(runways.map(({ seconds }) => seconds)).toEqual([undefined, undefined, 3600]);
  expect(told(run)).toEqual([FORBIDDEN]);
});

it('is over when the server has purged the file', async () => {
  const { run, runways } = await answering([{ ...later(1, 3600), needed: 'binlog.000000' }]);
  expect(runways).toMatchObject([{ seconds: 0, purgedBy: 'gone' }]);
  expect(told(run)).toEqual([SHORT]);
});

it('is unlimited when the server purges nothing, and unknown when it does not tell the file', async () => {
  const { runways } = await answering([KEEPS_ALL, { ...KEEPS_ALL, needed: undefined }]);
  expect(runways).toMatchObject([
    { seconds: Infinity, purgedBy: 'nothing' },
    { seconds: undefined, purgedBy: undefined },
  ]);
});

it('asks again soon as long as nothing tells how old the file is', async () => {
  const run = new RelayRun();
  let asked = 0;
  run.source.onRetention = () => {
    asked += 1;
    return Promise.resolve(later(1, 3600));
  };
  await run.start();
  expect(run.relay.status().runway.seconds).toBeUndefined();
  await run.clock.advance(5000);
  expect(asked).toBe(2);
  await run.stop();
});
