/** src/relay from events to messages, against the texts beside test/fixtures/binlog. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOf, fixtureEvents } from '../../support/binlog-fixture.ts';
import { changesOf, EARLIEST, TestFlow, type FlowOptions } from '../../support/flow.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/binlog');
const captured = readdirSync(FIXTURES).flatMap((file) =>
  file.endsWith('.bin') ? [file.slice(0, -'.bin'.length)] : [],
);

/** What cannot be published exactly stops the relay, and with what. */
const REFUSED: Readonly<Record<string, string>> = {
  'minimal.8.0': 'ROW_METADATA_NOT_FULL',
  // A column of which it cannot be told how long it is, and a sequence: see mariadb-types.test.ts.
  'mariadb-types.10.11': 'BINLOG_UNSUPPORTED',
  'minimal.9.7': 'ROW_METADATA_NOT_FULL',
  'noblob.8.0': 'ROW_IMAGE_NOT_FULL',
  'noblob.9.7': 'ROW_IMAGE_NOT_FULL',
  'transactions.8.0': 'ROW_IMAGE_NOT_FULL',
  'transactions.9.7': 'ROW_IMAGE_NOT_FULL',
};

const optionsFor = (name: string): FlowOptions => ({
  ordering: 'total',
  flavour: name.startsWith('mariadb') ? 'mariadb' : 'mysql',
  ...(name.startsWith('anonymous') && { start: { ...EARLIEST, gtidSet: undefined } }),
});

/** Transactions are numbered from the first one with rows, so that every server gives the same text. */
function withoutServer(changes: readonly string[]): string {
  const numbers = new Map<string, number>();
  const line = (change: string): string =>
    change.replace(/^\S+(?=#)/, (id) => {
      const number = numbers.get(id) ?? numbers.size + 1;
      numbers.set(id, number);
      return String(number);
    });
  return changes.map((change) => `${line(change)}\n`).join('');
}

describe('a captured binlog', () => {
  // The text was compared with the statements of the .sql file by hand; both servers must give the same.
  it.each(captured.filter((name) => !(name in REFUSED)))('%s is published whole', async (name) => {
    const changes = await changesOf(fixtureEvents(name), optionsFor(name));
    await expect(withoutServer(changes)).toMatchFileSnapshot(join(FIXTURES, `${name.replace(/\.\d.*/, '')}.changes`));
  });

  it.each(Object.entries(REFUSED))('%s is refused: %s', (name, code) => {
    expect(codeOf(() => new TestFlow(optionsFor(name)).read(fixtureEvents(name)))).toBe(code);
  });
});
