import type { MessageBody } from '../dev/replay.ts';

/** The value below which the share `p` of the values lies; 0 without values. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0;
}

/** The parts of a message that one wants to see first. */
export function showMessage(body: MessageBody | undefined): string {
  if (body === undefined) return '    (it has not come)';
  const { database, table, type, data, old, source, changes, gtid, es } = body;
  const parts = { database, table, type, data, old, source, changes, gtid, es };
  return Object.entries(parts)
    .map(
      ([name, value], i, all) =>
        `    ${i === 0 ? '{ ' : '  '}"${name}": ${JSON.stringify(value)}${i === all.length - 1 ? ' … }' : ','}`,
    )
    .join('\n');
}
