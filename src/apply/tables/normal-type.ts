/**
 * A declared type in the words that the messages use, whatever server says it: without display widths, ZEROFILL and
 * what does not change the values that fit.
 */
export function normalType(declared: string): string {
  const type = declared
    .replaceAll(/\/\*.*?\*\//g, '')
    .trim()
    // Labels keep their case.
    .replace(/^[^']*/, (words) => words.toLowerCase().replaceAll(/ +/g, ' '));
  const bare = type
    .replace(/ zerofill$/, '')
    .replace(/^((?:tiny|small|medium|big)?int)\(\d+\)/, '$1')
    .replace(/^(float|double|year)\(\d+(,\d+)?\)/, '$1')
    .replace(/^geomcollection$/, 'geometrycollection')
    .trimEnd();
  return OF_BYTES.get(bare) ?? bare;
}

/** Types of MariaDB that the binlog has as BINARY. */
const OF_BYTES: ReadonlyMap<string, string> = new Map([
  ['uuid', 'binary(16)'],
  ['inet6', 'binary(16)'],
  ['inet4', 'binary(4)'],
]);
