import type { Program } from './program.ts';
import type { RunFolder } from './run-folder.ts';

/** What differs by where RocketMQ comes from. */
export interface RunningRocketmq {
  readonly folder: RunFolder;
  readonly namesrv: Program;
  /** The gRPC proxy, which runs the broker in its own process. */
  readonly broker: Program;
  mqadmin(args: readonly string[]): Promise<string>;
}
