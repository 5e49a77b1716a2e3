import { describe, expect, it } from 'vitest';
import { readXaPrepare } from '../../../../src/binlog/events/xa-prepare.ts';
import { codeOf, fixtureEvents } from '../../../support/binlog-fixture.ts';

const CHECKSUM_BYTES = 4;

describe.each(['xa.9.7', 'xa.8.0'])('readXaPrepare, %s', (fixture) => {
  const events = fixtureEvents(fixture).filter(({ name }) => name === 'XA_PREPARE');

  it('reads names of any bytes, and whether the branch is committed at once', () => {
    expect(events.map(({ bytes }) => readXaPrepare(bytes, 0, bytes.length - CHECKSUM_BYTES))).toEqual([
      { isOnePhase: false, names: "X'636f6d6d6974',X''" },
      { isOnePhase: false, names: "X'726f6c6c6261636b',X''" },
      { isOnePhase: true, names: "X'6f6e65207068617365',X''" },
      { isOnePhase: false, names: "X'00275c2cff',X'e69c8d01'" },
      { isOnePhase: false, names: "X'00275c2cff',X'e69c8d00'" },
      { isOnePhase: false, names: "X'00275c2cff',X''" },
      { isOnePhase: false, names: "X'6c656674',X''" },
      { isOnePhase: false, names: "X'6c656674',X''" },
    ]);
  });

  it('refuses an event that ends too early', () => {
    const [{ bytes } = { bytes: Buffer.alloc(0) }] = events;
    expect(codeOf(() => readXaPrepare(bytes, 0, bytes.length - CHECKSUM_BYTES - 1))).toBe('BINLOG_DECODE');
  });
});
