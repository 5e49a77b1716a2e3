/** A byte of an encrypted connection that was damaged on the way is the line's fault, whichever byte it is. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { asRelayError } from '../../../src/base/errors.ts';
import { openControlSession } from '../../../src/source/control-session.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { sharedMysql } from '../../support/servers.ts';
import { relaySettings } from './both-servers.ts';

/** Behind the greeting of the server and its ServerHello, which are not encrypted. */
const FIRST_BYTE = 260;
const LAST_BYTE = 3200;
/** Every byte would take a minute. */
const STEP = 41;

let line: FaultProxy;

beforeAll(async () => {
  line = await FaultProxy.to(sharedMysql());
});
afterAll(() => line.close());

async function opened(): Promise<string> {
  const place = { host: line.host, port: line.port, tls: { mode: 'required' } } as const;
  const session = await openControlSession(
    relaySettings(sharedMysql(), place),
    systemClock,
    () => undefined,
    new AbortController().signal,
  );
  try {
    await session.query('SHOW VARIABLES');
    return 'whole';
  } finally {
    session.destroy();
  }
}

it('is SOURCE_UNREACHABLE in the handshake and behind it', async () => {
  expect(await opened()).toBe('whole');
  const results = new Map<string, number[]>();
  for (let atByte = FIRST_BYTE; atByte < LAST_BYTE; atByte += STEP) {
    line.fault = { kind: 'flip', atByte };
    const result = await opened().catch((thrown: unknown) => {
      const { code, message } = asRelayError(thrown);
      return `${code} ${message}`;
    });
    const kind = result.replace(/^(\w+).*?(?::error:[^:]*:[^:]*:[^:]*:([^:]*):.*)?$/s, '$1 $2');
    results.set(kind, [...(results.get(kind) ?? []), atByte]);
  }
  expect(
    [...results.keys()].filter((kind) => !kind.startsWith('SOURCE_UNREACHABLE')),
    JSON.stringify([...results]),
  ).toEqual([]);
});
