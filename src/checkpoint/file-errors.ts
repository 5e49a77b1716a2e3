import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RelayError } from '../base/errors.ts';

/** The `code` of an error of the file system, such as ENOENT; undefined for any other error. */
export function fsCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const REASONS: Readonly<Record<string, { readonly reason: string; readonly remedy: (folder: string) => string }>> = {
  EACCES: {
    reason: 'the relay may not read and write there',
    remedy: (folder) => `Give the user that the relay runs as the folder: chown -R <user> ${folder}`,
  },
  EPERM: {
    reason: 'the relay may not read and write there',
    remedy: (folder) => `Give the user that the relay runs as the folder: chown -R <user> ${folder}`,
  },
  EROFS: {
    reason: 'the file system is read-only',
    remedy: () => 'Mount it writable, or put checkpoint.path on a writable volume.',
  },
  ENOENT: {
    reason: 'the folder above it does not exist',
    remedy: (folder) => `Create it: mkdir -p ${folder}`,
  },
  ENOTDIR: {
    reason: 'it, or a part of its path, is a file and not a folder',
    remedy: () => 'Give checkpoint.path a folder: the relay keeps two files in it.',
  },
  EEXIST: {
    reason: 'it is a file and not a folder',
    remedy: () => 'Give checkpoint.path a folder: the relay keeps two files in it.',
  },
};
const FULL = new Set(['ENOSPC', 'EDQUOT']);
/**
 * Nothing that a configuration is to blame for: a disk, its server, its connection, or a machine that is short of
 * something.
 */
const MAY_PASS = new Set(
  'EIO ESTALE EMFILE ENFILE ENOMEM EAGAIN EINTR ETIMEDOUT ENOTCONN ECONNRESET ECONNREFUSED EHOSTDOWN EHOSTUNREACH EREMOTEIO'.split(
    ' ',
  ),
);

/**
 * What the file system refused: CHECKPOINT_DISK_FULL and CHECKPOINT_DISK_FAILS, which are tried again, or
 * CHECKPOINT_NOT_WRITABLE.
 */
export function folderError(folder: string, error: unknown): RelayError {
  if (error instanceof RelayError) return error;
  const code = fsCode(error);
  if (code !== undefined && FULL.has(code)) {
    return new RelayError('CHECKPOINT_DISK_FULL', `no room for the checkpoint in ${folder} (${code})`, {
      details: { folder },
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (code !== undefined && MAY_PASS.has(code)) {
    return new RelayError(
      'CHECKPOINT_DISK_FAILS',
      `the checkpoint folder ${folder} cannot be used at the moment: ${message}`,
      {
        details: { folder },
        cause: error,
      },
    );
  }
  const known = code === undefined ? undefined : REASONS[code];
  return new RelayError(
    'CHECKPOINT_NOT_WRITABLE',
    `the checkpoint folder ${folder} cannot be used: ${known === undefined ? message : `${known.reason} (${String(code)})`}`,
    { details: { folder }, cause: error, ...(known !== undefined && { remedy: known.remedy(folder) }) },
  );
}

/**
 * Throws CHECKPOINT_NOT_WRITABLE when the folder, or the one that it would be made in, does not allow it. Changes
 * nothing, so a full disk goes unnoticed.
 */
export async function requireUsableFolder(folder: string): Promise<void> {
  const allowed = constants.W_OK | constants.X_OK;
  try {
    await access(folder, allowed).catch(async (error: unknown) => {
      if (fsCode(error) !== 'ENOENT') throw error;
      await access(dirname(folder), allowed);
    });
  } catch (error) {
    throw folderError(folder, error);
  }
}
