import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { RelayError } from '../base/errors.ts';

/** Asks on the terminal without showing what is typed. Throws USAGE when there is no terminal to ask on. */
export async function askPassword(user: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new RelayError('USAGE', `no password for ${user}`, {
      remedy: 'Set MYSQL_PASSWORD, or start it from a terminal to be asked.',
    });
  }
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  // Only now does the terminal show nothing: what is typed at the sight of the question must not appear.
  process.stderr.write(`Password of ${user}: `);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('SIGINT', () => reject(new RelayError('USAGE', 'no password was given')));
      lines.once('close', () => reject(new RelayError('USAGE', 'no password was given')));
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
