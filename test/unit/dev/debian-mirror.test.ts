/** dev/servers/debian-mirror.ts. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mirrorOf } from '../../../dev/servers/debian-mirror.ts';

/** What apt would fetch for sources of the given name and text, which it reads as it reads the machine's. */
function urisOf(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'binlog-relay-apt-'));
  try {
    mkdirSync(join(folder, 'parts'));
    writeFileSync(join(folder, 'parts', name), text);
    const options = ['-oDir::Etc::sourcelist=/dev/null', `-oDir::Etc::sourceparts=${join(folder, 'parts')}`];
    return execFileSync('apt-get', [...options, 'update', '--print-uris'], { encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const OTHERS =
  'deb https://packages.example/apt bookworm main\ndeb https://docker.example/linux/debian bookworm stable\n';

test.skipIf(!existsSync('/usr/bin/apt-get')).each([
  ['one line', 'a.list', `${OTHERS}deb http://mirror.example/debian bookworm main\n`, 'http://mirror.example/debian/'],
  [
    'options',
    'a.list',
    'deb [arch=amd64 trusted=yes] https://m.example/debian/ sid main\n',
    'https://m.example/debian/',
  ],
  [
    'another path',
    'a.list',
    'deb http://m.example/linux/deb12 bookworm main contrib\n',
    'http://m.example/linux/deb12/',
  ],
  [
    'deb822',
    'a.sources',
    'Types: deb\nURIs: http://m.example/debian\nSuites: trixie\nComponents: main\n',
    'http://m.example/debian/',
  ],
  [
    'a list of mirrors',
    'a.list',
    'deb mirror+file:/etc/apt/mirrors/debian.list bookworm main\n',
    'mirror+file:/etc/apt/mirrors/debian.list/',
  ],
  [
    'security only',
    'a.list',
    'deb http://m.example/debian-security bookworm-security main\n',
    'http://deb.debian.org/debian/',
  ],
  ['Ubuntu', 'a.list', 'deb http://archive.ubuntu.com/ubuntu noble main\n', 'http://deb.debian.org/debian/'],
])('the mirror of Debian is found in sources with %s', (_, name, text, mirror) => {
  expect(mirrorOf(urisOf(name, text))).toBe(mirror);
});
