/**
 * The room of the configuration. What the rest of the relay gets is complete and checked: every default is filled in,
 * every secret is read, durations are milliseconds, sizes are bytes. What each key means, with its default:
 * docs/configuration.md.
 */
import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import type { Code } from '../base/error-codes.ts';
import { RelayError } from '../base/errors.ts';
import type { MysqlHost } from './addresses.ts';
import type { applySchema } from './apply-schema.ts';
import type { configSchema } from './schema.ts';

/** Nothing changes the configuration after it was loaded. */
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** As the file has it, with defaults, key by key. */
export type Written = Frozen<z.output<typeof configSchema>>;

/** Where a secret stands that was read from a file of its own; see `currentSecret`. */
interface SecretFiles {
  readonly passwordFile?: string;
  readonly accessKeyFile?: string;
  readonly accessSecretFile?: string;
  readonly tokenFile?: string;
}

export type { MysqlHost };

/** In the order in which they are preferred. */
export type MysqlHosts = readonly [MysqlHost, ...MysqlHost[]];

/** Where tables are read of, when that is not the source itself. */
export type CopySourceConfig = MysqlHost &
  Pick<Written['source'], 'user' | 'password' | 'tls' | 'connectTimeoutMs'> &
  Pick<SecretFiles, 'passwordFile'> & { readonly section: 'copy.source' };

export type Config = Omit<Written, 'source' | 'sink' | 'checkpoint' | 'copy' | 'admin'> & {
  readonly copy: Omit<Written['copy'], 'source'> & { readonly source?: CopySourceConfig };
  readonly source: Omit<Written['source'], 'hosts'> &
    SecretFiles & { readonly hosts: MysqlHosts; readonly section: 'source' };
  readonly sink: Written['sink'] & SecretFiles;
  readonly checkpoint: Written['checkpoint'] & SecretFiles;
  readonly admin: Written['admin'] & SecretFiles;
};

export type WrittenApply = Frozen<z.output<typeof applySchema>>;

type WrittenVerify = NonNullable<WrittenApply['verify']>;

/** The configuration of `apply`. What each key means: docs/apply-configuration.md. */
export type ApplyConfig = Omit<WrittenApply, 'source' | 'target' | 'verify' | 'admin'> & {
  readonly admin: WrittenApply['admin'] & SecretFiles;
  readonly source: WrittenApply['source'] & SecretFiles;
  readonly target: WrittenApply['target'] & SecretFiles & { readonly section: 'target' };
  readonly verify?:
    | (Omit<WrittenVerify, 'source' | 'admin'> & {
        readonly admin: WrittenVerify['admin'] & SecretFiles;
        readonly relayTokenFile?: string;
        readonly source: WrittenVerify['source'] & SecretFiles & { readonly section: 'verify.source' };
      })
    | undefined;
};
/** Name of the column that tells when a row was deleted; undefined: there is none. */
export const softDeleteColumn = (deletes: ApplyConfig['deletes']): string | undefined =>
  typeof deletes === 'string' ? undefined : deletes.column;

export type VerifyConfig = NonNullable<ApplyConfig['verify']>;
export type TargetConfig = ApplyConfig['target'];

export type SourceConfig = Config['source'];
export type StartSetting = SourceConfig['start'];
export type TablesConfig = Config['tables'];
export type SinkConfig = Config['sink'];

/**
 * A secret as it is now: with `file` it is read again each time, so that one that was rotated is followed. `key` names
 * it in the configuration. Throws `code` when the file cannot be read.
 */
export function currentSecret(value: string, file: string | undefined, key: string, code: Code): string {
  if (file === undefined) return value;
  try {
    return readSecretFile(file, (path) => readFileSync(path, 'utf8'));
  } catch (cause) {
    throw unreadableFile(code, file, key, { remedy: 'Put the secret there again: it is read at the next try.', cause });
  }
}

/** `key` names the file in the configuration. */
export function unreadableFile(
  code: Code,
  file: string,
  key: string,
  { cause, remedy }: { readonly cause: unknown; readonly remedy?: string },
): RelayError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
  const message = `the file ${file} of ${key} cannot be read (${reason})`;
  return new RelayError(code, message, { ...(remedy !== undefined && { remedy }), cause });
}

/** The secret in a file: its text without the last line end. Throws when the file cannot be read. */
export function readSecretFile(path: string, readFile: (path: string) => string): string {
  return readFile(path).replace(/\r?\n$/, '');
}
