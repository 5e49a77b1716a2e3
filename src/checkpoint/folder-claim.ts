/**
 * Who has a checkpoint folder: `claim-<epoch>.json`, which the run of that epoch makes before it reads the checkpoint,
 * and which nobody but a later run removes. So an epoch is given out once, by the one call that makes its file, on
 * every file system, however it was mounted or named.
 *
 * - A run that lives keeps all others out. Whether it does is seen by its process, on the same machine (in the same
 *   container); from elsewhere by
 *   whether it renews the time of its file.
 * - A run that was taken for dead, and is not, finds its claim gone, and ends: before each save it looks.
 */
import { join } from 'node:path';
import * as z from 'zod';
import type { Clock } from '../base/clock.ts';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { takenError } from './fence.ts';
import { fsCode } from './file-errors.ts';
import type { CheckpointFs } from './file-generations.ts';
import { processIdentitySchema, type ProcessIdentity } from './process-identity.ts';

export interface ClaimSurroundings {
  readonly fs: CheckpointFs;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the watching: the run ended before it had begun. */
  readonly closing: AbortSignal;
  /** This process. */
  readonly identity: () => ProcessIdentity;
  /** Undefined when it cannot be seen from here. */
  readonly isRunning: (identity: ProcessIdentity) => boolean | undefined;
}

const RENEW_MS = 1000;
/** A claim that is not renewed for so long, while somebody watches, is of a process that is gone. */
const WATCH_MS = 5000;
const LOOK_MS = 250;
const NAME = /^claim-([1-9]\d{0,14})\.json$/;

const claimSchema = z.object({ process: processIdentitySchema, state: z.enum(['held', 'released']) });

export class FolderClaim {
  readonly epoch: number;
  readonly #folder: string;
  readonly #surroundings: ClaimSurroundings;
  #stopRenewing: () => void = () => undefined;

  private constructor(folder: string, epoch: number, surroundings: ClaimSurroundings) {
    this.#folder = folder;
    this.epoch = epoch;
    this.#surroundings = surroundings;
  }

  /**
   * Claims an epoch above `stored`, and above all that were claimed. The folder exists. Throws CHECKPOINT_LOCKED when a
   * relay that lives has it.
   */
  static async take(folder: string, stored: number, surroundings: ClaimSurroundings): Promise<FolderClaim> {
    const { fs, clock } = surroundings;
    for (;;) {
      const others = await claimedEpochs(folder, fs);
      for (const other of others) await requireGone(folder, other, surroundings);
      const claim = new FolderClaim(folder, Math.max(stored, ...others) + 1, surroundings);
      if (!(await claim.#create())) continue;
      if ((await claimedEpochs(folder, fs)).some((other) => other > claim.epoch)) {
        // Others have come and gone since this one looked: the epoch was given out before.
        await removed(fs.unlink(claimPath(folder, claim.epoch)));
        continue;
      }
      for (const other of others) await removed(fs.unlink(claimPath(folder, other)));
      // Not knowing whether it was renewed is no reason to end: the save that comes next asks.
      claim.#stopRenewing = clock.every(RENEW_MS, () => void claim.#renew().catch(() => undefined));
      return claim;
    }
  }

  /** Throws CHECKPOINT_TAKEN when a later run has removed it. */
  async confirm(): Promise<void> {
    if (await this.#renew()) return;
    // The whole folder was emptied by hand: nobody has it, so it is still ours.
    if ((await claimedEpochs(this.#folder, this.#surroundings.fs)).length === 0 && (await this.#create())) return;
    throw takenError(this.#folder, `it has removed the claim of this run, ${claimPath(this.#folder, this.epoch)}`);
  }

  /** Lets the next run begin at once, wherever it is. The claim itself stays: it says which epochs were given out. */
  async release(): Promise<void> {
    this.#stopRenewing();
    const file = await this.#surroundings.fs.open(claimPath(this.#folder, this.epoch), 'r+');
    try {
      await file.writeFile(this.#text('released'));
    } finally {
      await file.close();
    }
  }

  /** Stops renewing without a word on the disk. */
  abandon(): void {
    this.#stopRenewing();
  }

  /** False when it is gone. */
  async #renew(): Promise<boolean> {
    const now = new Date(this.#surroundings.clock.now());
    try {
      await this.#surroundings.fs.utimes(claimPath(this.#folder, this.epoch), now, now);
      return true;
    } catch (error) {
      if (fsCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** False when another run has made it. */
  async #create(): Promise<boolean> {
    const { fs } = this.#surroundings;
    try {
      const file = await fs.open(claimPath(this.#folder, this.epoch), 'wx', 0o640);
      try {
        await file.writeFile(this.#text('held'));
        await file.sync();
      } finally {
        await file.close();
      }
      return true;
    } catch (error) {
      if (fsCode(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /** Longer when it is released, so that it can be written over itself. */
  #text(state: 'held' | 'released'): string {
    return `${JSON.stringify({ process: this.#surroundings.identity(), state }, undefined, 2)}\n`;
  }
}

function claimPath(folder: string, epoch: number): string {
  return join(folder, `claim-${epoch}.json`);
}

async function claimedEpochs(folder: string, fs: CheckpointFs): Promise<readonly number[]> {
  const names = await fs.readdir(folder);
  return names.flatMap((name) => {
    const [, epoch] = NAME.exec(name) ?? [];
    return epoch === undefined ? [] : [Number(epoch)];
  });
}

async function requireGone(folder: string, epoch: number, surroundings: ClaimSurroundings): Promise<void> {
  const owner = await ownerOf(folder, epoch, surroundings.fs);
  if (owner === 'none') return;
  const isAlive =
    (owner === 'unknown' ? undefined : surroundings.isRunning(owner)) ??
    (await isRenewed(folder, epoch, owner, surroundings));
  if (!isAlive) return;
  const who = owner === 'unknown' ? 'a relay' : `process ${owner.pid} on ${owner.host}`;
  throw new RelayError(
    'CHECKPOINT_LOCKED',
    `another relay is running on the checkpoint in ${folder}: ${who}, epoch ${epoch}`,
    {
      details: { folder },
    },
  );
}

/** `none` when it was released, or is gone; `unknown` when it is just being written, or was never finished. */
async function ownerOf(folder: string, epoch: number, fs: CheckpointFs): Promise<ProcessIdentity | 'none' | 'unknown'> {
  const text = await removed(fs.readFile(claimPath(folder, epoch)));
  if (text === undefined) return 'none';
  const claim = claimSchema.safeParse(parseJson(text.toString()));
  if (!claim.success) return 'unknown';
  return claim.data.state === 'released' ? 'none' : claim.data.process;
}

/**
 * Watches until it is renewed, or should have been. Reads it each time, since a file that is opened is what the server
 * of a network file system has.
 */
async function isRenewed(
  folder: string,
  epoch: number,
  owner: ProcessIdentity | 'unknown',
  { fs, clock, logger, closing }: ClaimSurroundings,
): Promise<boolean> {
  logger.info(
    { folder, epoch, ...(owner !== 'unknown' && { host: owner.host, pid: owner.pid }), seconds: WATCH_MS / 1000 },
    'the last run on this checkpoint ended without a word, or is running on another machine or in another container; watching which',
  );
  const path = claimPath(folder, epoch);
  const look = async (): Promise<string | undefined> => {
    const text = await removed(fs.readFile(path));
    const stat = await removed(fs.stat(path));
    return text === undefined || stat === undefined ? undefined : `${stat.mtimeMs} ${text.toString()}`;
  };
  const first = await look();
  for (let watchedMs = 0; watchedMs < WATCH_MS; watchedMs += LOOK_MS) {
    await clock.sleep(LOOK_MS, closing);
    if (closing.aborted) throw new RelayError('INTERNAL', 'the checkpoint was given back before it was taken');
    const now = await look();
    if (now === undefined) return false;
    if (now !== first) return true;
  }
  return false;
}

/** Undefined when there is no such file any more. */
async function removed<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (fsCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
