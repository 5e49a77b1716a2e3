import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flavourOf, noGtids, parseGtids, serverGtid } from '../../../../src/binlog/gtids/gtids.ts';
import { MariadbPosition, parseGtidList } from '../../../../src/binlog/gtids/mariadb-position.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

const parse = (text: string): MariadbPosition => MariadbPosition.parse(text);

describe('MariadbPosition', () => {
  it('reads what the server prints, and prints it again in the order of the domains', () => {
    expect(parse(' 10-3-7,\n2-1-18446744073709551615 ').toString()).toBe('2-1-18446744073709551615,10-3-7');
    expect(parse('').toString()).toBe('');
  });

  it.each([
    ['uuid', '3e11fa47-71ca-11e1-9e33-c80aa9429562:1'],
    ['a domain twice', '0-1-5,0-2-7'],
    ['number 0', '0-1-0'],
    ['a number too large', '0-1-18446744073709551616'],
    ['a server too large', '0-4294967296-1'],
    ['a part', '0-1'],
  ])('refuses %s', (_what, text) => {
    expect(codeOf(() => parse(text))).toBe('GTID_SET_INVALID');
  });

  it('is the last transaction of each domain, whichever server made it', () => {
    const position = parse('0-1-5');
    position.add('0-2', 3n);
    expect(position.toString()).toBe('0-2-3');
    position.add('0-1', 6n);
    position.add('4-1', 1n);
    expect(position.toString()).toBe('0-1-6,4-1-1');
  });

  it('knows what it has passed of each server', () => {
    const position = parse('0-1-5');
    position.add('0-2', 3n);
    expect(position.hasGtid('0-1', 5n)).toBe(true);
    expect(position.hasGtid('0-1', 6n)).toBe(false);
    expect(position.hasGtid('0-3', 1n)).toBe(false);
    expect(position.contains(parse('0-1-5'))).toBe(true);
    expect(position.contains(parse('0-2-3'))).toBe(true);
    expect(position.contains(parse('0-2-3,1-1-1'))).toBe(false);
    expect(position.contains(parse(''))).toBe(true);
  });

  // How the low-water mark passes segment after segment.
  it('is the same whether a stream is added at once or in pieces', () => {
    const gtid = fc.record({ source: fc.constantFrom('0-1', '0-2', '1-1', '12-1'), step: fc.bigInt(1n, 3n) });
    fc.assert(
      fc.property(fc.array(fc.array(gtid)), (pieces) => {
        const numbers = new Map<string, bigint>();
        const whole = noGtids('mariadb');
        const joined = noGtids('mariadb');
        for (const piece of pieces) {
          const segment = noGtids('mariadb');
          for (const { source, step } of piece) {
            const gno = (numbers.get(source) ?? 0n) + step;
            numbers.set(source, gno);
            whole.add(source, gno);
            segment.add(source, gno);
          }
          joined.union(segment);
        }
        expect(joined.toString()).toBe(whole.toString());
        expect(joined.contains(whole) && whole.contains(joined)).toBe(true);
        joined.add('0-1', 1_000_000n);
        expect(joined.toString()).toMatch(/^0-1-1000000/);
      }),
    );
  });
});

it('a list may have several servers of a domain', () => {
  expect(parseGtidList('0-1-5,0-2-7')).toEqual([
    { source: '0-1', gno: 5n },
    { source: '0-2', gno: 7n },
  ]);
});

describe('gtids', () => {
  it('tells the flavours apart by their text', () => {
    const set = '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5';
    expect([flavourOf(set), flavourOf('0-1-5'), flavourOf(' ')]).toEqual(['mysql', 'mariadb', undefined]);
    expect([flavourOf('', set), flavourOf('', '0-1-5'), flavourOf('', '')]).toEqual(['mysql', 'mariadb', undefined]);
    expect(parseGtids('mysql', set).toString()).toBe(set);
    expect(parseGtids('mariadb', '0-1-5').toString()).toBe('0-1-5');
  });

  it("gives the server's own text of a GTID", () => {
    expect(serverGtid('0-1:23')).toBe('0-1-23');
    expect(serverGtid('3e11fa47-71ca-11e1-9e33-c80aa9429562:23')).toBe('3e11fa47-71ca-11e1-9e33-c80aa9429562:23');
    expect(serverGtid('12345678-71ca-11e1-9e33-c80aa9429562:tag:23')).toBe(
      '12345678-71ca-11e1-9e33-c80aa9429562:tag:23',
    );
  });
});
