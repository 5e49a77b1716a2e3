/** A broker that answers, and takes nothing. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fill } from '../small-disk.ts';
import type { Fault, Scene } from './fault.ts';

const READABLE = 4;
const READABLE_AND_WRITABLE = 6;

export const readOnly: Fault = async (scene) => {
  await permit(scene, READABLE);
  return () => permit(scene, READABLE_AND_WRITABLE);
};

async function permit({ servers }: Scene, permission: number): Promise<void> {
  const option = ['-k', 'brokerPermission', '-v', String(permission)];
  await servers.rocketmq.mqadmin(['updateBrokerConfig', '-c', 'DefaultCluster', ...option]);
}

/** Above the 90 % at which it takes no more, as it does by default. */
const FREE_SHARE = 0.04;

/**
 * It looks at its disk every 10 s, and has room until then. (One that has none maps files that have no blocks: it loses
 * messages that it has acknowledged, docs/guarantees.md.)
 */
export const diskFull: Fault = async ({ servers }) => {
  const { store } = servers;
  if (store === undefined) return { skipped: 'its store is a disk of its own only in runs of 10 minutes, and as root' };
  const filler = join(store, 'filler');
  await fill(filler, FREE_SHARE);
  return () => rm(filler, { force: true });
};
