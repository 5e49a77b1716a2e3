import { expect, it } from 'vitest';
import { isLaterCopy } from '../../../../src/apply/run/copy-order.ts';

it.each([
  ['copy/1/1:1#0', 'copy/1/1:1#0', false],
  ['copy/10/1:1#0', 'copy/9/7:40#0', true],
  ['copy/9/7:40#0', 'copy/10/1:1#0', false],
  ['copy/1/2:1#0', 'copy/1/1:30#0', true],
  ['copy/1/1:31#0', 'copy/1/1:30#0', true],
  ['something else', 'copy/1/1:30#0', false],
])('%s is later than %s: %s', (mark, other, isLater) => {
  expect(isLaterCopy(mark, other)).toBe(isLater);
});
