import { readFile } from 'node:fs/promises';
import type { Code } from '../base/error-codes.ts';
import { RelayError } from '../base/errors.ts';
import { currentSecret, unreadableFile } from '../config/config.ts';

export interface Credentials {
  readonly accessKey: string;
  readonly accessSecret: string;
}

/** User and secret of RocketMQ's access control; where they came from files, those are read again at each connect. */
export interface CredentialSettings {
  readonly accessKey?: string | undefined;
  readonly accessSecret?: string | undefined;
  readonly accessKeyFile?: string | undefined;
  readonly accessSecretFile?: string | undefined;
}

/** Undefined: none are configured. `prefix`: `sink.`, as the settings are called. Throws `code`. */
export function currentCredentials(
  { accessKey, accessKeyFile, accessSecret, accessSecretFile }: CredentialSettings,
  prefix: string,
  code: Code,
): Credentials | undefined {
  if (accessKey === undefined || accessSecret === undefined) return undefined;
  return {
    accessKey: currentSecret(accessKey, accessKeyFile, `${prefix}accessKey`, code),
    accessSecret: currentSecret(accessSecret, accessSecretFile, `${prefix}accessSecret`, code),
  };
}

/** The authorities themselves, or of the file that holds them. `key` names it. Throws `code` when it cannot be read. */
export async function readAuthorities(
  ca: Buffer | string | undefined,
  key: string,
  code: Code,
): Promise<Buffer | undefined> {
  if (typeof ca !== 'string') return ca;
  let file: Buffer;
  try {
    file = await readFile(ca);
  } catch (cause) {
    throw unreadableFile(code, ca, key, { cause });
  }
  // What it is made of was looked at with the configuration, but the file is read again at each connect.
  if (file.includes(CERTIFICATE)) return file;
  throw new RelayError(code, `the file ${ca} of ${key} is not a PEM file: it has no line ${CERTIFICATE}`);
}

const CERTIFICATE = '-----BEGIN CERTIFICATE-----';
