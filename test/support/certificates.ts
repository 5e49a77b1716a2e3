import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * In `folder`: an authority (`ca.pem`), a certificate of it for 127.0.0.1 and localhost (`proxy.pem`, `proxy.key`), and
 * an authority that has signed nothing (`other-ca.pem`).
 */
export function makeCertificates(folder: string): void {
  const file = (name: string): string => join(folder, name);
  const openssl = (args: string): void =>
    void execFileSync('openssl', args.split(' '), { cwd: folder, stdio: 'ignore' });
  for (const name of ['ca', 'other-ca'])
    openssl(`req -x509 -newkey rsa:2048 -nodes -keyout ${name}.key -out ${name}.pem -days 2 -subj /CN=${name}`);
  openssl('req -newkey rsa:2048 -nodes -keyout proxy.key -out proxy.csr -subj /CN=localhost');
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  openssl('x509 -req -in proxy.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out proxy.pem -days 2 -extfile names');
}
