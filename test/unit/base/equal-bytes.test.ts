import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalBytes } from '../../../src/base/equal-bytes.ts';

describe('equalBytes', () => {
  it('is that of Buffer.equals, at any place and length', () => {
    const bytes = fc.uint8Array({ maxLength: 80, max: 2 });
    fc.assert(
      fc.property(bytes, fc.nat(70), fc.nat(5), fc.nat(5), (content, other, p, q) => {
        const a = Buffer.concat([Buffer.alloc(p, 9), content, Buffer.alloc(3, 8)]);
        const b = Buffer.concat([Buffer.alloc(q, 7), content, Buffer.alloc(3, 6)]);
        expect(equalBytes(a, p, b, q, content.length)).toBe(true);
        if (content.length === 0) return;
        const at = q + (other % content.length);
        b.writeUInt8(5, at);
        expect(equalBytes(a, p, b, q, content.length)).toBe(false);
      }),
    );
  });
});
