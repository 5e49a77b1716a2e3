import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY = ['-newkey', 'rsa:2048', '-nodes'];

/**
 * Makes in the folder an authority (`ca.pem`), a second one (`other-ca.pem`), and a certificate of the first for
 * 127.0.0.1 and localhost (`proxy.pem`, `proxy.key`).
 */
export function makeCertificates(folder: string): void {
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' });
  for (const name of ['ca', 'other-ca']) {
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
    openssl('req', '-x509', ...KEY, ...out, '-days', '2', '-subj', `/CN=${name}`);
  }
  openssl('req', ...KEY, '-keyout', file('proxy.key'), '-out', file('proxy.csr'), '-subj', '/CN=localhost');
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  const by = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'];
  const out = ['-out', file('proxy.pem'), '-days', '2', '-extfile', file('names')];
  openssl('x509', '-req', '-in', file('proxy.csr'), ...by, ...out);
}
