import * as nodeFs from 'node:fs/promises';
import { resolve } from 'node:path';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Checkpoint, CheckpointStore } from './checkpoint.ts';
import { folderError, fsCode } from './file-errors.ts';
import { renderCheckpoint } from './file-format.ts';
import {
  checkpointPaths,
  readGenerations,
  type CheckpointFs,
  type CheckpointPaths,
  type Generation,
} from './file-generations.ts';
import { withNextEpoch } from './next-epoch.ts';

export interface FileCheckpointOptions {
  /** Created by the first save when only its last part is missing. */
  readonly folder: string;
}

export interface FileCheckpointSurroundings {
  readonly logger: Logger;
  readonly fs?: CheckpointFs;
}

/**
 * The checkpoint as two files of a folder. At every moment of a save one of them is sound, so a crash costs at most the last save, and a damaged
 * file at most the time between two: that is published again.
 */
export function createFileCheckpointStore(
  { folder }: FileCheckpointOptions,
  { logger, fs = nodeFs }: FileCheckpointSurroundings,
): CheckpointStore {
  return new FileCheckpointStore(checkpointPaths(resolve(folder)), logger, fs);
}

class FileCheckpointStore implements CheckpointStore {
  readonly #paths: CheckpointPaths;
  readonly #logger: Logger;
  readonly #fs: CheckpointFs;
  /** Whether checkpoint.json may become the previous generation; undefined until it was looked at. */
  #isCurrentSound: boolean | undefined;

  constructor(paths: CheckpointPaths, logger: Logger, fs: CheckpointFs) {
    this.#paths = paths;
    this.#logger = logger;
    this.#fs = fs;
  }

  get location(): string {
    return this.#paths.folder;
  }

  async load(): Promise<Checkpoint | undefined> {
    const { current, previous } = await readGenerations(this.#paths, this.#fs);
    this.#isCurrentSound = current.state === 'sound';
    return this.#choose(current, previous);
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const text = renderCheckpoint(checkpoint);
    this.#isCurrentSound ??= (await readGenerations(this.#paths, this.#fs)).current.state === 'sound';
    try {
      await this.#createFolder();
      if (this.#isCurrentSound) {
        await this.#write(text, this.#paths.current, () => this.#keepCurrent());
      } else {
        // The only sound generation may be the previous one: it stays until the new one is safe. Then it goes as well, since it is of an older
        // epoch than the one before the new, and a second fall-back to it would give out an epoch twice.
        await this.#write(text, this.#paths.current);
        await this.#write(text, this.#paths.previous);
      }
    } catch (error) {
      // Where it stopped is not known: the next save looks.
      this.#isCurrentSound = undefined;
      throw folderError(this.#paths.folder, error);
    }
    this.#isCurrentSound = true;
  }

  #choose(current: Generation, previous: Generation): Checkpoint | undefined {
    if (current.state === 'sound') return current.checkpoint;
    if (previous.state === 'sound') {
      this.#report(current, previous);
      return withNextEpoch(previous.checkpoint);
    }
    if (current.state === 'absent' && previous.state === 'absent') return undefined;
    throw new RelayError(
      'CHECKPOINT_DAMAGED',
      `no sound checkpoint in ${this.location}: ${[current, previous].map(describe).join('; ')}`,
      { details: { folder: this.location } },
    );
  }

  #report(current: Generation, previous: Generation): void {
    if (current.state === 'damaged') {
      this.#logger.warn(
        { file: current.path, problem: current.problem, instead: previous.path },
        'the newest checkpoint is damaged; going on from the previous one, what came after it is published again',
      );
    } else {
      this.#logger.info(
        { missing: current.path, instead: previous.path },
        'the relay ended in the middle of storing a checkpoint; going on from the previous one',
      );
    }
  }

  async #createFolder(): Promise<void> {
    try {
      await this.#fs.mkdir(this.#paths.folder);
    } catch (error) {
      // Also when it is a file: then opening a file in it says so.
      if (fsCode(error) !== 'EEXIST') throw error;
    }
  }

  /** Makes `text` the content of `path`, all or nothing, in a way that survives a power cut. */
  async #write(text: string, path: string, beforeRename?: () => Promise<void>): Promise<void> {
    const file = await this.#fs.open(this.#paths.temporary, 'w', 0o640);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await beforeRename?.();
    await this.#fs.rename(this.#paths.temporary, path);
    await this.#syncFolder();
  }

  async #keepCurrent(): Promise<void> {
    await this.#fs.rename(this.#paths.current, this.#paths.previous);
  }

  /** Names are data of the folder: without this, a power cut may undo a rename. */
  async #syncFolder(): Promise<void> {
    const folder = await this.#fs.open(this.#paths.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function describe(generation: Generation): string {
  switch (generation.state) {
    case 'damaged':
      return `${generation.path}: ${generation.problem}`;
    case 'absent':
      return `${generation.path} does not exist`;
    case 'sound':
      return `${generation.path} is sound`;
  }
}
