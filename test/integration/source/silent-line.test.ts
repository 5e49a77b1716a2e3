/** What is said of a server that a copy reads tables of, when the line to it brings nothing any more. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { openControlSession, type ControlSession } from '../../../src/source/control-session.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { sharedMysql } from '../../support/servers.ts';
import { errorOf, relaySettings } from './both-servers.ts';

let line: FaultProxy;
let session: ControlSession;
let lost: number;

beforeEach(async () => {
  lost = 0;
  line = await FaultProxy.to(sharedMysql());
  const settings = {
    ...relaySettings(sharedMysql(), { host: line.host, port: line.port }),
    section: 'copy.source' as const,
  };
  session = await openControlSession(settings, systemClock, () => (lost += 1), new AbortController().signal);
  line.freeze();
});

afterEach(async () => {
  session.destroy();
  await line.close();
});

it.each<[string, () => Promise<unknown>, string]>([
  ['a statement', () => session.query('SELECT 1', [], 200), 'no answer within 200 ms'],
  ['rows', () => session.rows('SELECT 1', () => true, 200), 'no row for 200 ms'],
])('names the server that does not answer %s', async (_, work, text) => {
  expect(await errorOf(work())).toMatchObject({
    code: 'SOURCE_UNREACHABLE',
    message: `MySQL at ${line.host}:${line.port} (copy.source): ${text}`,
  });
  expect(lost).toBe(1);
});
