import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Progress } from '../servers/servers.ts';
import { runTool } from '../servers/tool.ts';

/** buildah builds and runs the image; debootstrap makes the Debian below it. */
const TOOLS = ['buildah', 'debootstrap'];
const WAY_OUT = 'Start a Docker engine; or, as root on Debian: apt-get install -y buildah debootstrap';

/**
 * Brings what is missing, by apt. Resolves to why that cannot be done here and what to do about it; to undefined when
 * all is there.
 */
export async function bringBuildah(progress: Progress): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return `no Docker engine answers, and buildah needs root here. ${WAY_OUT}`;
  if (!(await mayMount()))
    return `no Docker engine answers, and buildah may not mount anything in this container. ${WAY_OUT}`;
  const missing = TOOLS.filter((tool) => !isInstalled(tool));
  if (missing.length === 0) return undefined;
  if (!isInstalled('apt-get')) return `no Docker engine answers, and ${missing.join(' and ')} is missing. ${WAY_OUT}`;
  progress(`apt installs ${missing.join(' and ')}`);
  try {
    await install(missing);
    return undefined;
  } catch (error) {
    return `no Docker engine answers, and ${missing.join(' and ')} cannot be installed: ${String(error)}. ${WAY_OUT}`;
  }
}

/** With package lists of its own, and patience: another apt may be at work. */
async function install(packages: readonly string[]): Promise<void> {
  const lists = await mkdtemp(join(tmpdir(), 'binlog-relay-apt-'));
  const options = ['-qq', `-oDir::State::Lists=${lists}`, '-oAPT::Sandbox::User=root', '-oDPkg::Lock::Timeout=600'];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await mkdir(join(lists, 'partial'));
    await runTool('apt-get', [...options, 'update'], { env });
    await runTool('apt-get', [...options, '-y', '--no-install-recommends', 'install', ...packages], { env });
  } finally {
    await rm(lists, { recursive: true });
  }
}

/** Root of an unprivileged container may not. */
function mayMount(): Promise<boolean> {
  return runTool('unshare', ['--mount', 'true']).then(
    () => true,
    () => false,
  );
}

const isInstalled = (tool: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => isProgram(join(folder, tool)));

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
