import * as nodeFs from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Checkpoint, CheckpointStore, Taken } from './checkpoint.ts';
import { DeadlineFs } from './deadline-fs.ts';
import { requireNotReplaced } from './fence.ts';
import { folderError, fsCode } from './file-errors.ts';
import { renderCheckpoint } from './file-format.ts';
import {
  checkpointPaths,
  readGenerations,
  type CheckpointFs,
  type CheckpointPaths,
  type Generation,
} from './file-generations.ts';
import { FolderClaim, type ClaimSurroundings } from './folder-claim.ts';
import { withNextEpoch } from './next-epoch.ts';
import { isRunning, ownIdentity } from './process-identity.ts';

export interface FileCheckpointOptions {
  /** Created when only its last part is missing. */
  readonly folder: string;
}

export interface FileCheckpointSurroundings {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly fs?: CheckpointFs;
  /** Replaced in tests. */
  readonly processes?: Pick<ClaimSurroundings, 'identity' | 'isRunning'>;
}

/**
 * The checkpoint as two files of a folder, beside the claim of the run that has it. At every moment of a save one of
 * them is sound, so a crash costs at most the last save, and a damaged file at most the time between two: that is
 * published again.
 */
export function createFileCheckpointStore(
  { folder }: FileCheckpointOptions,
  { logger, clock, fs = nodeFs, processes = { identity: ownIdentity, isRunning } }: FileCheckpointSurroundings,
): CheckpointStore {
  const paths = checkpointPaths(resolve(folder));
  return new FileCheckpointStore(paths, { logger, clock, fs: new DeadlineFs(fs, clock, paths.folder), ...processes });
}

type Surroundings = Omit<ClaimSurroundings, 'fs' | 'closing'> & { readonly fs: DeadlineFs };

class FileCheckpointStore implements CheckpointStore {
  readonly #paths: CheckpointPaths;
  readonly #surroundings: Surroundings;
  readonly #closing = new AbortController();
  #claim: FolderClaim | undefined;

  constructor(paths: CheckpointPaths, surroundings: Surroundings) {
    this.#paths = paths;
    this.#surroundings = surroundings;
  }

  get location(): string {
    return this.#paths.folder;
  }

  async load(): Promise<Checkpoint | undefined> {
    const { current, previous } = await readGenerations(this.#paths, this.#surroundings.fs);
    const found = this.#choose(current, previous);
    if (found !== undefined && current.state !== 'sound') this.#report(current, previous);
    return found;
  }

  async take(): Promise<Taken> {
    // Tried again, it has the folder already.
    this.#claim ??= await this.#takeFolder();
    const { epoch } = this.#claim;
    // It was closed meanwhile, when there was nothing to give back yet.
    if (this.#closing.signal.aborted) await this.close();
    // Only now, with nobody else to move it.
    return { stored: await this.load(), epoch };
  }

  async #takeFolder(): Promise<FolderClaim> {
    const { folder } = this.#paths;
    try {
      await this.#createFolder();
      const { current, previous } = await readGenerations(this.#paths, this.#surroundings.fs);
      const stored = this.#choose(current, previous)?.epoch ?? 0;
      return await FolderClaim.take(folder, stored, { ...this.#surroundings, closing: this.#closing.signal });
    } catch (error) {
      throw folderError(folder, error);
    }
  }

  async confirm(): Promise<void> {
    try {
      await this.#createFolder();
      await this.#claim?.confirm();
    } catch (error) {
      throw folderError(this.#paths.folder, error);
    }
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const text = renderCheckpoint(checkpoint);
    await this.confirm();
    const { current, previous } = await readGenerations(this.#paths, this.#surroundings.fs);
    for (const found of [current, previous])
      if (found.state === 'sound') requireNotReplaced(found.checkpoint, checkpoint, this.location);
    try {
      if (current.state === 'sound') {
        await this.#write(text, this.#paths.current, () => this.#keepCurrent());
      } else {
        // The only sound generation may be the previous one: it stays until the new one is safe. Then it goes as well,
        // since it is of an older epoch than the one before the new, and a second fall-back to it would give out an
        // epoch twice.
        await this.#write(text, this.#paths.current);
        await this.#write(text, this.#paths.previous);
      }
    } catch (error) {
      throw folderError(this.#paths.folder, error);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const claim = this.#claim;
    this.#claim = undefined;
    // On a disk that hangs the next run has to watch whether this one is gone.
    if (this.#surroundings.fs.isHanging) claim?.abandon();
    else await claim?.release().catch(() => undefined);
  }

  #choose(current: Generation, previous: Generation): Checkpoint | undefined {
    if (current.state === 'sound') return current.checkpoint;
    if (previous.state === 'sound') return withNextEpoch(previous.checkpoint);
    if (current.state === 'absent' && previous.state === 'absent') return undefined;
    throw new RelayError(
      'CHECKPOINT_DAMAGED',
      `no sound checkpoint in ${this.location}: ${[current, previous].map(describe).join('; ')}`,
      { details: { folder: this.location } },
    );
  }

  #report(current: Generation, previous: Generation): void {
    if (current.state === 'damaged') {
      this.#surroundings.logger.warn(
        { file: current.path, problem: current.problem, instead: previous.path },
        'the newest checkpoint is damaged; going on from the previous one, what came after it is published again',
      );
    } else {
      this.#surroundings.logger.info(
        { missing: current.path, instead: previous.path },
        'the relay ended in the middle of storing a checkpoint; going on from the previous one',
      );
    }
  }

  async #createFolder(): Promise<void> {
    try {
      await this.#surroundings.fs.mkdir(this.#paths.folder);
    } catch (error) {
      // Also when it is a file: then opening a file in it says so.
      if (fsCode(error) !== 'EEXIST') throw error;
    }
  }

  /** Makes `text` the content of `path`, all or nothing, in a way that survives a power cut. */
  async #write(text: string, path: string, beforeRename?: () => Promise<void>): Promise<void> {
    const file = await this.#surroundings.fs.open(this.#paths.temporary, 'w', 0o640);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await beforeRename?.();
    await this.#surroundings.fs.rename(this.#paths.temporary, path);
    await this.#syncFolder();
  }

  async #keepCurrent(): Promise<void> {
    await this.#surroundings.fs.rename(this.#paths.current, this.#paths.previous);
  }

  /** Names are data of the folder: without this, a power cut may undo a rename. */
  async #syncFolder(): Promise<void> {
    const folder = await this.#surroundings.fs.open(this.#paths.folder, 'r');
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
