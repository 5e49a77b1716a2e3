import type { Surroundings } from './resolve.ts';
import type { Path } from './yaml-tree.ts';

/** What does not fit together across keys whose values are valid one by one. */
export interface Breach {
  /** The key that the operator most likely wants to change. */
  readonly path: Path;
  readonly text: string;
}

export interface File {
  /** True when the configuration file itself says something at the path. */
  readonly has: (path: Path) => boolean;
  readonly readFile: Surroundings['readFile'];
}
