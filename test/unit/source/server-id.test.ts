import fc from 'fast-check';
import { expect, it } from 'vitest';
import { deriveServerId, requireFreeServerId } from '../../../src/source/server-id.ts';

const input = fc.record({ serverUuid: fc.uuid(), identity: fc.string(), hostName: fc.string() });

it('is the same every time, in the upper half of the range, and none that is taken', () => {
  fc.assert(
    fc.property(input, (of) => {
      const first = deriveServerId({ ...of, taken: new Set() });
      expect(deriveServerId({ ...of, taken: new Set() })).toBe(first);
      const second = deriveServerId({ ...of, taken: new Set([first]) });
      expect(second).not.toBe(first);
      for (const id of [first, second]) {
        expect(id).toBeGreaterThanOrEqual(2 ** 31);
        expect(id).toBeLessThan(2 ** 32);
      }
    }),
  );
});

it('differs with server, identity and host', () => {
  const of = { serverUuid: 'a', identity: 'b', hostName: 'c', taken: new Set<number>() };
  const ids = [of, { ...of, serverUuid: 'x' }, { ...of, identity: 'x' }, { ...of, hostName: 'x' }].map(deriveServerId);
  expect(new Set(ids).size).toBe(4);
});

it('refuses a configured id that is taken', () => {
  expect(() => requireFreeServerId(7, new Set([7]))).toThrow('source.serverId 7');
  expect(() => requireFreeServerId(8, new Set([7]))).not.toThrow();
});
