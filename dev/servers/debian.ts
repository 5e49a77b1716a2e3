import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { debianMirror } from './debian-mirror.ts';
import { runTool } from './tool.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Unpacks packages of a Debian suite with all they depend on into `folder`/root: no root, and nothing of the system
 * changes, since apt works on lists and a cache of its own. It knows of no package that is installed either: the
 * version of one would decide which it looks for, and that may be one that the suite does not have. The mirror is the
 * one this machine uses, and so are apt's settings, such as a proxy.
 */
export async function unpackDebianPackages(folder: string, suite: string, packages: readonly string[]): Promise<void> {
  const apt = join(folder, 'apt');
  const debs = join(apt, 'debs');
  if (!existsSync(KEYRING))
    throw new Error(
      `${KEYRING} is missing. Install it (apt-get install debian-archive-keyring), or start a Docker engine.`,
    );
  for (const path of [join(apt, 'lists', 'partial'), join(apt, 'cache', 'archives', 'partial'), debs])
    await mkdir(path, { recursive: true });
  const mirror = await debianMirror();
  await writeFile(join(apt, 'suite.list'), `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`);
  await writeFile(join(apt, 'status'), '');
  const options = [
    `-oDir::State::status=${join(apt, 'status')}`,
    `-oDir::Etc::sourcelist=${join(apt, 'suite.list')}`,
    '-oDir::Etc::sourceparts=/dev/null',
    `-oDir::State::Lists=${join(apt, 'lists')}`,
    `-oDir::Cache=${join(apt, 'cache')}`,
    `-oAPT::Sandbox::User=${userInfo().username}`,
    '-oAcquire::Languages=none',
    // A mirror that lags or stands still, or a clock that is wrong, is none of our business; the signature is checked.
    '-oAcquire::Check-Valid-Until=false',
    '-oAcquire::Check-Date=false',
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

/**
 * Package names stand at the start of a line, virtual ones in angle brackets. Perl serves only scripts that we do not
 * run.
 */
function neededPackages(closure: string): readonly string[] {
  const names = closure.split('\n').filter((line) => /^[a-z0-9]/.test(line));
  return [...new Set(names)].filter((name) => !/^(perl|libperl|perl-modules)/.test(name));
}
