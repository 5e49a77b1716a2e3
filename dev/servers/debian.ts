import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { runTool } from './tool.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Unpacks packages of a Debian suite with all they depend on into `folder`/root: no root, and nothing of the system changes, since apt works on
 * lists and a cache of its own. The mirror is the one this machine uses.
 */
export async function unpackDebianPackages(folder: string, suite: string, packages: readonly string[]): Promise<void> {
  const apt = join(folder, 'apt');
  const debs = join(apt, 'debs');
  for (const path of [join(apt, 'lists', 'partial'), join(apt, 'cache', 'archives', 'partial'), debs])
    await mkdir(path, { recursive: true });
  await writeFile(join(apt, 'suite.list'), `deb [signed-by=${KEYRING}] ${debianMirror()} ${suite} main\n`);
  const options = [
    `-oDir::Etc::sourcelist=${join(apt, 'suite.list')}`,
    '-oDir::Etc::sourceparts=/dev/null',
    `-oDir::State::Lists=${join(apt, 'lists')}`,
    `-oDir::Cache=${join(apt, 'cache')}`,
    `-oAPT::Sandbox::User=${userInfo().username}`,
    '-oAcquire::Languages=none',
  ];
  await runTool('apt-get', [...options, '-qq', 'update']);
  const closure = await runTool('apt-cache', [
    ...options,
    'depends',
    '--recurse',
    ...['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`),
    ...packages,
  ]);
  await runTool('apt-get', [...options, '-qq', 'download', ...neededPackages(closure)], { cwd: debs });
  for (const deb of await readdir(debs)) await runTool('dpkg', ['-x', join(debs, deb), join(folder, 'root')]);
  await rm(apt, { recursive: true });
}

/** Package names stand at the start of a line, virtual ones in angle brackets. Perl serves only scripts that we do not run. */
function neededPackages(closure: string): readonly string[] {
  const names = closure.split('\n').filter((line) => /^[a-z0-9]/.test(line));
  return [...new Set(names)].filter((name) => !/^(perl|libperl|perl-modules)/.test(name));
}

/** The first `…/debian` among apt's sources, in either of its two formats. */
function debianMirror(): string {
  const parts = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : []),
  ];
  for (const file of files.filter((path) => existsSync(path))) {
    const mirror = /^(?:URIs:|deb\s)[^#\n]*?(https?:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(readFileSync(file, 'utf8'))?.[1];
    if (mirror !== undefined) return mirror;
  }
  throw new Error("Found no Debian mirror in apt's sources. Use Debian, or start a Docker engine.");
}
