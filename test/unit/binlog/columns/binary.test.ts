import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binaryCodec } from '../../../../src/binlog/columns/binary.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { expectOverflowContract, textOf } from '../../../support/columns.ts';

const values = fc.uint8Array({ maxLength: 100, size: 'max' });

describe('VARBINARY and BLOB', () => {
  test('are base64', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(textOf(binaryCodec('c', 0, 'base64').json, value)).toBe(Buffer.from(value).toString('base64'));
      }),
    );
  });

  test('are a character a byte where latin1 is asked for', () => {
    const { text, json } = binaryCodec('c', 0, 'latin1');
    fc.assert(
      fc.property(values, (value) => {
        const characters = Buffer.from(value).toString('latin1');
        expect(textOf(text, value)).toBe(characters);
        expect(textOf(json, value)).toBe(JSON.stringify(characters).slice(1, -1));
      }),
    );
  });
});

describe('BINARY(n)', () => {
  test('gets back the zeros that the binlog leaves out', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(10), (value, zeros) => {
        const whole = Buffer.concat([value, Buffer.alloc(zeros)]);
        expect(textOf(binaryCodec('c', whole.length, 'base64').json, value)).toBe(whole.toString('base64'));
        expect(textOf(binaryCodec('c', whole.length, 'latin1').text, value)).toBe(whole.toString('latin1'));
      }),
    );
  });

  test('refuses a value longer than the column', () => {
    expect(codeOf(() => textOf(binaryCodec('c', 2, 'base64').text, Buffer.alloc(3)))).toBe('BINLOG_DECODE');
  });
});

test('keep the overflow contract', () => {
  for (const fixedBytes of [0, 100]) {
    expectOverflowContract(binaryCodec('c', fixedBytes, 'base64'), values);
    expectOverflowContract(binaryCodec('c', fixedBytes, 'latin1'), values);
  }
});
