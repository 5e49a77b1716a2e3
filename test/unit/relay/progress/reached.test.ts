import { expect, it } from 'vitest';
import { hasReached } from '../../../../src/relay/progress/reached.ts';

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562';

it.each([
  [`${UUID}:1-5`, `${UUID}:1-4`, true],
  [`${UUID}:1-5`, `${UUID}:1-6`, false],
  ['0-1-5', '0-1-5', true],
  ['', '', true],
  ['', '0-1-5', false],
  // The address leads to a server of the other make by now.
  [`${UUID}:1-5`, '0-1-5', false],
  ['0-1-5', `${UUID}:1-5`, false],
])('%j has reached %j: %j', (position, head, isReached) => {
  const at = { file: 'binlog.000001', offset: 4 };
  expect(hasReached({ ...at, gtidSet: position }, { ...at, gtidSet: head })).toBe(isReached);
});
