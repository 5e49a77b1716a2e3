import type { Config, CopySourceConfig, Written } from './config.ts';
import { sourceHosts } from './source-hosts.ts';

type SecretFiles = Readonly<Record<string, string>>;

/** The section `copy` with a complete `copy.source`: what it leaves out is as in `source`. */
export function completeCopy(
  { source, copy: { source: own, ...copy } }: Pick<Written, 'source' | 'copy'>,
  filesOf: (section: string) => SecretFiles,
): Config['copy'] {
  if (own === undefined) return copy;
  const [first] = sourceHosts(source);
  const completed: CopySourceConfig = {
    host: own.host ?? first.host,
    port: own.port ?? first.port,
    user: own.user ?? source.user,
    password: own.password ?? source.password,
    tls: own.tls ?? source.tls,
    connectTimeoutMs: own.connectTimeoutMs ?? source.connectTimeoutMs,
    section: 'copy.source',
    ...filesOf(own.password === undefined ? 'source' : 'copy.source'),
  };
  return { ...copy, source: completed };
}
