import type { Program } from './program.ts';
import type { RunFolder } from './run-folder.ts';

/** What differs by where RocketMQ comes from. */
export interface RunningRocketmq {
  readonly folder: RunFolder;
  readonly namesrv: Program;
  /** The gRPC proxy, which runs the broker in its own process. */
  readonly broker: Program;
  /** Proxies without a broker. */
  readonly proxies: readonly Program[];
  mqadmin(args: readonly string[]): Promise<string>;
}
