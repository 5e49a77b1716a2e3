/** Faults of MySQL and RocketMQ as a whole. */
import type { Controls } from '../../../dev/servers/servers.ts';
import type { Fault, Scene } from './fault.ts';

type Of = (scene: Scene) => Pick<Controls, 'kill9' | 'stop' | 'start' | 'freeze' | 'thaw'>;

export const serverKilled =
  (of: Of): Fault =>
  async (scene) => {
    await of(scene).kill9();
    return () => of(scene).start();
  };

export const serverStopped =
  (of: Of): Fault =>
  async (scene) => {
    await of(scene).stop();
    return () => of(scene).start();
  };

export const serverFrozen =
  (of: Of): Fault =>
  async (scene) => {
    await of(scene).freeze();
    return () => of(scene).thaw();
  };
