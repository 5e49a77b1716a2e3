import { describe, expect, it } from 'vitest';
import { ChangedKeys } from '../../../../src/relay/copies/changed-keys.ts';

describe('ChangedKeys', () => {
  it('remembers every key while there are few', () => {
    const changed = new ChangedKeys(3);
    for (const key of ['a', 'b', 'c']) changed.add(key, key === 'b');
    expect([...changed.keys]).toEqual(['a', 'b', 'c']);
    expect([...changed.partial]).toEqual(['b']);
    changed.clear();
    expect(changed.keys.size + changed.partial.size).toBe(0);
  });

  it('keeps only those of the chunk when there are too many, and asks for them once', () => {
    const changed = new ChangedKeys(3);
    let asked = 0;
    for (const key of ['a', 'b']) changed.add(key, true);
    changed.narrow(() => {
      asked += 1;
      return new Set(['b', 'x', 'y']);
    });
    for (let i = 0; i < 1000; i += 1) changed.add(`other ${i}`, true);
    changed.add('y', false);
    expect([...changed.keys]).toEqual(['b', 'y']);
    expect([...changed.partial]).toEqual(['b']);
    expect(asked).toBe(1);
    expect(changed.isOverflown).toBe(false);
  });

  it('forgets all, and says so, when the rows of the chunk have another shape than was thought', () => {
    const changed = new ChangedKeys(3);
    changed.narrow(() => {
      throw new Error('BINLOG_DECODE');
    });
    for (let i = 0; i < 10; i += 1) changed.add(String(i), false);
    expect(changed.isOverflown).toBe(true);
  });

  it('forgets all, and says so, when too many come before the chunk was read', () => {
    const changed = new ChangedKeys(3);
    for (let i = 0; i < 1000; i += 1) changed.add(String(i), false);
    expect(changed.isOverflown).toBe(true);
    expect(changed.keys.size).toBe(0);
    changed.clear();
    changed.add('a', false);
    expect(changed.isOverflown).toBe(false);
    expect([...changed.keys]).toEqual(['a']);
  });
});
