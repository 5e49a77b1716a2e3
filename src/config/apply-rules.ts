import { SYSTEM_SCHEMAS } from '../base/system-schemas.ts';
import type { WrittenApply } from './config.ts';
import { mysqlTlsBreaches, pemFileBreaches, rocketmqBreaches, type Breach, type File } from './rules.ts';

/** What must fit together across keys of the configuration of `apply`. */
export function applyBreaches(config: WrittenApply, file: File): readonly Breach[] {
  const { source, target } = config;
  return [
    ...rocketmqBreaches('source', source),
    ...mysqlTlsBreaches(['target'], target.tls),
    ...verifyBreaches(config, file),
    ...nameBreaches(config),
    ...pemFileBreaches(
      [
        [['source', 'tls', 'ca'], source.tls.ca, 'CERTIFICATE'],
        [['target', 'tls', 'ca'], target.tls.ca, 'CERTIFICATE'],
        [['target', 'tls', 'cert'], target.tls.cert, 'CERTIFICATE'],
        [['target', 'tls', 'key'], target.tls.key, 'PRIVATE KEY'],
      ],
      file,
    ),
  ];
}

function verifyBreaches({ verify }: WrittenApply, file: File): readonly Breach[] {
  if (verify === undefined) return [];
  const { tls } = verify.source;
  const files = pemFileBreaches(
    [
      [['source', 'tls', 'ca'], tls.ca, 'CERTIFICATE'],
      [['source', 'tls', 'cert'], tls.cert, 'CERTIFICATE'],
      [['source', 'tls', 'key'], tls.key, 'PRIVATE KEY'],
    ],
    file,
  );
  return [...mysqlTlsBreaches(['source'], tls), ...files].map(({ path, text }) => ({
    path: ['verify', ...path],
    text,
  }));
}

function nameBreaches({ tables, ledger }: WrittenApply): readonly Breach[] {
  const found: Breach[] = [];
  const takenBy = new Map<string, string>();
  for (const [from, to] of Object.entries(tables.rename)) {
    const path = ['tables', 'rename', from];
    if (SYSTEM_SCHEMAS.has(to.toLowerCase())) found.push({ path, text: 'is a system schema: choose another name' });
    if (to.toLowerCase() === ledger.toLowerCase())
      found.push({ path, text: 'is the database of the ledger: choose another name' });
    const other = takenBy.get(to);
    if (other !== undefined) found.push({ path, text: `is the name of ${other} already: their tables would mix` });
    takenBy.set(to, from);
  }
  if (SYSTEM_SCHEMAS.has(ledger.toLowerCase())) {
    found.push({ path: ['ledger'], text: 'is a system schema: choose another name' });
  }
  return found;
}
