/**
 * What must fit together across keys. Each rule sees a configuration whose values are valid one by one.
 */
import { isAbsolute, relative, resolve } from 'node:path';
import { parseGlob } from '../base/glob.ts';
import { SYSTEM_SCHEMAS } from '../base/system-schemas.ts';
import type { SinkConfig, SourceConfig, TablesConfig, Written as Config } from './config.ts';
import type { Breach, File } from './breach.ts';
import { reasonOf } from './resolve.ts';
import { sourceHostsBreaches } from './source-hosts.ts';
import { formatSize } from './units.ts';
import type { Path } from './yaml-tree.ts';

export type { Breach, File };

export function breaches(config: Config, file: File): readonly Breach[] {
  return [
    ...sourceHostsBreaches(config, file),
    ...mysqlTlsBreaches(['source'], config.source.tls),
    ...(config.copy.source?.tls === undefined ? [] : mysqlTlsBreaches(['copy', 'source'], config.copy.source.tls)),
    ...sinkBreaches(config.sink),
    ...tablesBreaches(config.tables),
    ...laneBreaches(config, file),
    ...progressBreaches(config),
    ...placeBreaches(config),
    ...haBreaches(config),
    ...ddlBreaches(config),
    ...formatBreaches(config, file),
    ...checkpointTlsBreaches(config),
    ...pemBreaches(config, file),
  ];
}

/** `section`: the one that `tls` stands in. */
export function mysqlTlsBreaches(section: Path, tls: SourceConfig['tls']): readonly Breach[] {
  const found: Breach[] = [];
  const at = (key: string, text: string): void => void found.push({ path: [...section, 'tls', key], text });
  if (tls.ca !== undefined && tls.mode !== 'verify-ca' && tls.mode !== 'verify-identity') {
    at('ca', `is not looked at in mode ${tls.mode}: set mode to verify-identity or verify-ca, or remove ca`);
  }
  if (tls.cert !== undefined && tls.key === undefined)
    at('cert', 'needs key beside it: the private key of the certificate');
  if (tls.key !== undefined && tls.cert === undefined)
    at('key', 'needs cert beside it: the certificate of the private key');
  if (tls.cert !== undefined && tls.key !== undefined && tls.mode === 'disabled') {
    at('cert', 'is not used in mode disabled: choose another mode, or remove cert and key');
  }
  return found;
}

function sinkBreaches(sink: SinkConfig): readonly Breach[] {
  return sink.type === 'rocketmq' ? rocketmqBreaches('sink', sink) : [];
}

/** `section`: the one that holds the keys. */
export function rocketmqBreaches(
  section: string,
  sink: Pick<Extract<SinkConfig, { readonly type: 'rocketmq' }>, 'accessKey' | 'accessSecret' | 'tls'>,
): readonly Breach[] {
  const found: Breach[] = [];
  const at = (path: Path, text: string): void => void found.push({ path: [section, ...path], text });
  if (sink.accessKey !== undefined && sink.accessSecret === undefined)
    at(['accessKey'], 'needs accessSecret beside it');
  if (sink.accessSecret !== undefined && sink.accessKey === undefined)
    at(['accessSecret'], 'needs accessKey beside it');
  if (sink.tls.ca !== undefined && !sink.tls.enabled)
    at(['tls', 'ca'], 'is not used while tls.enabled is false: set it to true, or remove ca');
  return found;
}

const EVERYTHING = /^\*+\.\*+$/;

function tablesBreaches({ include, exclude, excludeColumns }: TablesConfig): readonly Breach[] {
  const found: Breach[] = [];
  const at = (path: Path, text: string): void => void found.push({ path: ['tables', ...path], text });
  include.forEach((pattern, index) => {
    const parsed = parseGlob(pattern, 2);
    const database = parsed.ok ? parsed.parts[0]?.literal : undefined;
    if (database !== undefined && SYSTEM_SCHEMAS.has(database)) {
      at(['include', index], `names the system schema ${database}, which is never published`);
    }
    if (exclude.includes(pattern) && !EVERYTHING.test(pattern)) {
      at(['include', index], 'stands under exclude as well, so it publishes nothing: remove one of the two');
    }
  });
  exclude.forEach((pattern, index) => {
    if (EVERYTHING.test(pattern)) at(['exclude', index], 'excludes every table: nothing would be published');
  });
  excludeColumns.forEach((pattern, index) => {
    if (/\.\*+$/.test(pattern))
      at(['excludeColumns', index], 'leaves out every column: exclude the table instead, under exclude');
  });
  return found;
}

function laneBreaches({ ordering, limits }: Config, { has }: File): readonly Breach[] {
  const path = ['limits', 'lanes'];
  if (ordering === 'total') {
    const text = 'must be 1, or left out, with ordering total: the whole commit order is one lane';
    return has(path) && limits.lanes !== 1 ? [{ path, text }] : [];
  }
  const needed = 2 * limits.lanes * limits.messageBytes;
  if (limits.heldBytes >= needed) return [];
  // A message in flight and one that gathers, for each lane.
  const text = `is less than 2 × lanes × messageBytes = 2 × ${limits.lanes} × ${formatSize(limits.messageBytes)} = ${formatSize(needed)}: raise it, or lower one of them`;
  return [{ path: ['limits', 'heldBytes'], text }];
}

/** What progress messages may take of the requests that the lanes may send. */
const PROGRESS_SHARE = 0.1;

function progressBreaches({ publish, ordering, limits }: Config): readonly Breach[] {
  // A format of one row a message is not held to it.
  if (publish.progressMs === undefined || publish.format !== 'canal-json') return [];
  const lanes = ordering === 'total' ? 1 : limits.lanes;
  const seconds = Math.ceil(lanes / limits.requestsPerSecond / PROGRESS_SHARE);
  if (publish.progressMs >= seconds * 1000) return [];
  const text = `is too often for ${lanes} lanes and ${limits.requestsPerSecond} requests a second, which rows need: allowed is ${seconds}s or more, or raise limits.requestsPerSecond`;
  return [{ path: ['publish', 'progress'], text }];
}

function placeBreaches({ sink, checkpoint }: Config): readonly Breach[] {
  if (sink.type !== 'file' || checkpoint.type !== 'file') return [];
  const fromFolder = relative(resolve(checkpoint.path), resolve(sink.path));
  if (fromFolder.startsWith('..') || isAbsolute(fromFolder)) return [];
  return [{ path: ['sink', 'path'], text: 'lies in the folder of the checkpoint: choose a place outside of it' }];
}

/** Why relays of this configuration cannot take over from one another; empty when they can. */
export function haBreaches({ ha, sink, checkpoint }: Pick<Config, 'ha' | 'sink' | 'checkpoint'>): readonly Breach[] {
  if (ha === 'single') return [];
  const found: Breach[] = [];
  if (sink.type === 'file') {
    const text = 'cannot be kept by two relays: with ha: standby publish to rocketmq';
    found.push({ path: ['sink', 'type'], text });
  }
  if (checkpoint.type === 'file' && !checkpoint.shared) {
    const text =
      'needs a checkpoint that all relays reach: checkpoint.type mysql or mysqlx; if all of them see the folder of checkpoint.path, on one machine or a network file system, say so with checkpoint.shared: true';
    found.push({ path: ['ha'], text });
  }
  return found;
}

function checkpointTlsBreaches({ checkpoint }: Config): readonly Breach[] {
  if (checkpoint.type === 'mysql') return mysqlTlsBreaches(['checkpoint'], checkpoint.tls);
  if (checkpoint.type !== 'mysqlx') return [];
  const { mode, ca } = checkpoint.tls;
  const path = ['checkpoint', 'tls'];
  if (mode === 'required' && ca !== undefined) {
    const text = 'is not looked at in mode required: set mode to verify-identity or verify-ca, or remove ca';
    return [{ path: [...path, 'ca'], text }];
  }
  if (mode !== 'required' && ca === undefined)
    return [{ path: [...path, 'mode'], text: 'needs ca beside it: the authority that signed the certificate' }];
  return [];
}

function ddlBreaches({ ddl, sink }: Config): readonly Breach[] {
  if (typeof ddl === 'string') return [];
  const path = ['ddl', 'topic'];
  if (sink.type !== 'rocketmq')
    return [{ path, text: `needs sink.type rocketmq: with ${sink.type} set ddl to inline` }];
  const text = 'is the topic of the rows: give the statements one of their own, or set ddl to inline';
  return sink.topic === ddl.topic ? [{ path, text }] : [];
}

/** What has no meaning where every row is a message of its own. */
function formatBreaches({ publish: { format }, ddl }: Config, { has }: File): readonly Breach[] {
  if (format === 'canal-json') return [];
  const found: Breach[] = [];
  if (ddl === 'inline') {
    const text = `puts statements among the rows, where readers of ${format} expect changes of rows alone: choose warn, stop, or a topic of their own, ddl: { topic: … }`;
    found.push({ path: ['ddl'], text });
  }
  const rate = ['limits', 'requestsPerSecond'];
  if (has(rate)) {
    const text = `has no effect with publish.format ${format}: each row is a request of its own, and would only wait. Remove it`;
    found.push({ path: rate, text });
  }
  return found;
}

function pemBreaches({ source, copy, sink, checkpoint }: Config, file: File): readonly Breach[] {
  const checkpointTls = checkpoint.type === 'mysql' ? checkpoint.tls : undefined;
  const sinkCa = sink.type === 'rocketmq' ? sink.tls.ca : undefined;
  return pemFileBreaches(
    [
      [['source', 'tls', 'ca'], source.tls.ca, 'CERTIFICATE'],
      [['source', 'tls', 'cert'], source.tls.cert, 'CERTIFICATE'],
      [['source', 'tls', 'key'], source.tls.key, 'PRIVATE KEY'],
      [['copy', 'source', 'tls', 'ca'], copy.source?.tls?.ca, 'CERTIFICATE'],
      [['copy', 'source', 'tls', 'cert'], copy.source?.tls?.cert, 'CERTIFICATE'],
      [['copy', 'source', 'tls', 'key'], copy.source?.tls?.key, 'PRIVATE KEY'],
      [['sink', 'tls', 'ca'], sinkCa, 'CERTIFICATE'],
      [['checkpoint', 'tls', 'ca'], checkpoint.type === 'file' ? undefined : checkpoint.tls.ca, 'CERTIFICATE'],
      [['checkpoint', 'tls', 'cert'], checkpointTls?.cert, 'CERTIFICATE'],
      [['checkpoint', 'tls', 'key'], checkpointTls?.key, 'PRIVATE KEY'],
    ],
    file,
  );
}

/**
 * A file that is missing, or is not what it should be, would otherwise show only as a failed handshake. `files`: key,
 * path, and what the file must hold.
 */
export function pemFileBreaches(
  files: readonly (readonly [Path, string | undefined, string])[],
  { readFile }: File,
): readonly Breach[] {
  return files.flatMap(([path, file, kind]): readonly Breach[] => {
    if (file === undefined) return [];
    try {
      const content = readFile(file);
      if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(content)) {
        return [{ path, text: 'has a passphrase, which the relay cannot enter: write it without one (openssl pkey)' }];
      }
      const isPem = new RegExp(`^-----BEGIN ([A-Z0-9]+ )*${kind}-----`, 'm').test(content);
      return isPem ? [] : [{ path, text: `is not a PEM file with a line -----BEGIN ${kind}-----` }];
    } catch (error) {
      return [{ path, text: `cannot be read (${reasonOf(error)})` }];
    }
  });
}
