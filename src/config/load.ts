import type * as z from 'zod';
import { RelayError } from '../base/errors.ts';
import type { ApplyConfig, Config } from './config.ts';
import { applyBreaches } from './apply-rules.ts';
import { applySchema } from './apply-schema.ts';
import { completeCopy } from './copy-source.ts';
import { issueProblems } from './issues.ts';
import { applyJsonSchema, configJsonSchema, type JsonSchema } from './json-schema.ts';
import { problemLines, type Problem } from './problem.ts';
import { reasonOf, resolve, type Surroundings } from './resolve.ts';
import { breaches, type Breach, type File } from './rules.ts';
import { configSchema } from './schema.ts';
import { isSecret } from './secrets.ts';
import { sourceHosts } from './source-hosts.ts';
import { readYamlTree, type YamlTree, type YamlValue } from './yaml-tree.ts';

export type { Surroundings } from './resolve.ts';

/** One kind of configuration file. */
interface Kind<Written, Complete> {
  /** What shows everything that is wrong with it. */
  readonly checkCommand: string;
  readonly schema: z.ZodType<Written>;
  readonly jsonSchema: () => JsonSchema;
  readonly breaches: (written: Written, file: File) => readonly Breach[];
  /** `filesOf`: where the secrets of a section were read from. */
  readonly complete: (written: Written, filesOf: (section: string) => Readonly<Record<string, string>>) => Complete;
}

const RELAY: Kind<z.output<typeof configSchema>, Config> = {
  checkCommand: 'binlog-relay check',
  schema: configSchema,
  jsonSchema: configJsonSchema,
  breaches,
  complete: (written, filesOf) => ({
    ...written,
    source: { ...written.source, ...filesOf('source'), hosts: sourceHosts(written.source), section: 'source' },
    sink: { ...written.sink, ...filesOf('sink') },
    checkpoint: { ...written.checkpoint, ...filesOf('checkpoint') },
    admin: { ...written.admin, ...filesOf('admin') },
    copy: completeCopy(written, filesOf),
    limits: { ...written.limits, lanes: written.ordering === 'total' ? 1 : written.limits.lanes },
  }),
};

const APPLY: Kind<z.output<typeof applySchema>, ApplyConfig> = {
  checkCommand: 'binlog-relay apply --check',
  schema: applySchema,
  jsonSchema: applyJsonSchema,
  breaches: applyBreaches,
  complete: (written, filesOf) => ({
    ...written,
    source: { ...written.source, ...filesOf('source') },
    target: { ...written.target, ...filesOf('target'), section: 'target' },
    admin: { ...written.admin, ...filesOf('admin') },
    verify: written.verify && {
      ...written.verify,
      ...filesOf('verify'),
      admin: { ...written.verify.admin, ...filesOf('verify.admin') },
      source: { ...written.verify.source, ...filesOf('verify.source'), section: 'verify.source' },
    },
  }),
};

/**
 * The configuration in the file. Throws CONFIG_INVALID with everything that is wrong, a line each: `file:line:column:
 * path: what`.
 */
export function loadConfig(path: string, surroundings: Surroundings): Config {
  return parse(RELAY, read(path, surroundings), path, surroundings);
}

/** The configuration in `text`; `fileName` only names it in errors. Throws CONFIG_INVALID like loadConfig. */
export function parseConfig(text: string, fileName: string, surroundings: Surroundings): Config {
  return parse(RELAY, text, fileName, surroundings);
}

/** The configuration of `apply` in the file. Throws CONFIG_INVALID like loadConfig. */
export function loadApplyConfig(path: string, surroundings: Surroundings): ApplyConfig {
  return parse(APPLY, read(path, surroundings), path, surroundings);
}

/** The configuration of `apply` in `text`. */
export function parseApplyConfig(text: string, fileName: string, surroundings: Surroundings): ApplyConfig {
  return parse(APPLY, text, fileName, surroundings);
}

function read(path: string, { readFile }: Surroundings): string {
  try {
    return readFile(path);
  } catch (error) {
    throw new RelayError('CONFIG_INVALID', `${path}: cannot be read (${reasonOf(error)})`, {
      remedy: 'Name the configuration file with --config, and see that the user of the relay may read it.',
    });
  }
}

function parse<Written, Complete>(
  kind: Kind<Written, Complete>,
  text: string,
  fileName: string,
  surroundings: Surroundings,
): Complete {
  const tree = readYamlTree(text);
  const result = tree.value === undefined ? undefined : check(kind, tree, tree.value, surroundings);
  if (result?.config !== undefined) return result.config;
  const lines = problemLines(fileName, result?.problems ?? tree.problems);
  throw new RelayError('CONFIG_INVALID', lines.join('\n'), {
    details: { file: fileName, problems: lines.length },
    remedy: `Correct the places that the message names; \`${kind.checkCommand}\` shows them all at once.`,
  });
}

type Checked<Complete> =
  | { readonly config: Complete; readonly problems?: undefined }
  | { readonly config?: undefined; readonly problems: readonly Problem[] };

function check<Written, Complete>(
  kind: Kind<Written, Complete>,
  tree: YamlTree,
  written: YamlValue,
  surroundings: Surroundings,
): Checked<Complete> {
  const resolved = resolve(tree, written, surroundings);
  const parsed = kind.schema.safeParse(resolved.value);
  const found = parsed.success
    ? kind
        .breaches(parsed.data, { has: (path) => tree.has(path), readFile: surroundings.readFile })
        .map(({ path, text }) => {
          const quoted = isSecret(path) ? undefined : tree.written(path);
          return tree.problemAtValue(path, quoted === undefined ? text : `${quoted} ${text}`);
        })
    : issueProblems(parsed.error.issues, kind.jsonSchema, tree, resolved.value);
  // A value that could not be read is one problem, not two.
  const unread = [...tree.problems, ...resolved.problems];
  const unreadPaths = new Set(unread.map(({ path }) => path));
  const problems = [...unread, ...found.filter(({ path }) => !unreadPaths.has(path))];
  return parsed.success && problems.length === 0
    ? { config: kind.complete(parsed.data, (section) => filesOf(resolved.secretFiles, section)) }
    : { problems };
}

function filesOf(secretFiles: ReadonlyMap<string, string>, section: string): Readonly<Record<string, string>> {
  const of = `${section}.`;
  return Object.fromEntries(
    [...secretFiles]
      .filter(([key]) => key.startsWith(of) && !key.includes('.', of.length))
      .map(([key, file]) => [`${key.slice(of.length)}File`, file]),
  );
}
