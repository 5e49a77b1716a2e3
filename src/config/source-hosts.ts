/** What must fit together in `source.host`, `source.port` and `source.hosts`. */
import { RelayError } from '../base/errors.ts';
import type { Breach, File } from './breach.ts';
import type { MysqlHosts, Written } from './config.ts';

/** Of a configuration that the schema accepts. */
export function sourceHosts({ hosts }: Pick<Written['source'], 'hosts'>): MysqlHosts {
  const [first, ...others] = hosts;
  if (first === undefined) throw new RelayError('INTERNAL', 'no server is configured');
  return [first, ...others];
}

export function sourceHostsBreaches(
  { source, copy }: Pick<Written, 'source' | 'copy'>,
  { has }: Pick<File, 'has'>,
): readonly Breach[] {
  const found: Breach[] = [];
  const at = (key: string, text: string): void => void found.push({ path: ['source', key], text });
  const { hosts, start } = source;
  if (!has(['source', 'hosts'])) return found;
  for (const key of ['host', 'port'])
    if (has(['source', key]))
      at(
        key,
        'stands beside source.hosts: write source.host and source.port, or source.hosts with host:port, not both',
      );
  hosts.forEach(({ host, port }, index) => {
    const first = hosts.findIndex((other) => other.host === host && other.port === port);
    if (first < index) at('hosts', `names ${host}:${port} twice: remove one`);
  });
  if (hosts.length === 1) return found;
  if (typeof start === 'object' && 'file' in start)
    at('start', 'is a file, which each of source.hosts has another one of: write gtidSet, or name one server');
  if (copy.source !== undefined && copy.source.host === undefined) {
    const text = 'is missing: source.hosts names several servers, and a copy reads of one';
    found.push({ path: ['copy', 'source', 'host'], text });
  }
  return found;
}
