import { expect, it } from 'vitest';
import { Distance } from '../../../../src/relay/run/distance.ts';
import type { StartPosition } from '../../../../src/source/source.ts';

const at = (offset: number): StartPosition => ({ file: 'binlog.000001', offset, gtidSet: undefined });
const HEAD_MS = 5_000;

/** Looks every second for `seconds`: `headOf` and `reachedOf` are where server and relay are then. */
function looks(
  seconds: number,
  headOf: (second: number) => number | undefined,
  reachedOf: (second: number) => number,
): readonly (string | undefined)[] {
  const distance = new Distance();
  distance.sessionOpened();
  return Array.from({ length: seconds }, (_, second) => {
    const head = headOf(second);
    if ((second * 1000) % HEAD_MS === 0) distance.headSeen(head === undefined ? undefined : at(head), second * 1000);
    return distance.behind(at(reachedOf(second)), second * 1000);
  });
}

/** How often the relay began, and ended, to be behind. */
const changes = (found: readonly (string | undefined)[]): number =>
  found.filter((now, n) => n > 0 && (now === undefined) !== (found[n - 1] === undefined)).length;

it('is none for an idle relay, as soon as the server was asked', () => {
  expect(
    looks(
      20,
      () => 100,
      () => 100,
    ),
  ).toEqual(Array(20).fill(undefined));
});

it('does not alternate for a busy source that is always a little ahead', () => {
  const found = looks(
    600,
    (second) => second * 100 + 100,
    (second) => second * 100,
  );
  expect(changes(found)).toBe(1);
  expect(found.slice(5)).toEqual(Array(595).fill(undefined));
});

it('is behind from the first look on until what the server had is reached', () => {
  // A million behind, and ten times as fast as the source.
  const found = looks(
    2000,
    (second) => 1_000_000 + second * 100,
    (second) => Math.min(second * 1000, 1_000_000 + second * 100),
  );
  expect(changes(found)).toBe(1);
  expect(found[999]).toBe('has not reached yet what the server had when the session was opened');
  expect(found[1000]).toMatch(/^behind the server by \d+ s$/);
  expect(found.at(-1)).toBeUndefined();
});

it('begins after ten seconds behind, and ends below five, once each', () => {
  // From second 100 to 160 nothing is taken; afterwards twice as much as comes.
  const reached = (second: number): number => {
    if (second < 100) return second * 10;
    return second < 160 ? 1000 : Math.min(second * 10, 1000 + (second - 160) * 20);
  };
  const found = looks(400, (second) => second * 10, reached);
  expect(changes(found)).toBe(2);
  expect(found[105]).toBeUndefined();
  expect(found[118]).toMatch(/^behind the server by 1\d s$/);
  expect(found[159]).toMatch(/^behind the server by 5\d s$/);
  expect(found.at(-1)).toBeUndefined();
});

it('remembers few positions of a relay that stays behind for a day', () => {
  const found = looks(
    86_400,
    (second) => 100 + second,
    () => 50,
  );
  expect(found.at(-1)).toBe('has not reached yet what the server had when the session was opened');
  const reached = looks(
    86_400,
    (second) => 100 + second,
    () => 100,
  );
  expect(reached.at(-1)).toBe('behind the server by 86394 s');
});

it('says so while the server cannot be asked', () => {
  expect(
    looks(
      3,
      () => undefined,
      () => 100,
    ),
  ).toEqual(Array(3).fill('how far the server is, is not known yet'));
});

it('of a session that is opened again is known at once where the server has just been asked, and else not', () => {
  const distance = new Distance();
  distance.headSeen(at(100), 0);
  distance.sessionOpened();
  expect(distance.behind(at(100), 1000)).toBeUndefined();
  distance.headSeen(undefined, 5000);
  distance.sessionOpened();
  expect(distance.behind(at(100), 6000)).toBe('how far the server is, is not known yet');
  distance.headSeen(at(100), 10_000);
  expect(distance.behind(at(100), 10_000)).toBeUndefined();
});
