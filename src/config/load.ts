import { RelayError } from '../base/errors.ts';
import type { Config } from './config.ts';
import { issueProblems } from './issues.ts';
import { problemLines, type Problem } from './problem.ts';
import { reasonOf, resolve, type Surroundings } from './resolve.ts';
import { breaches } from './rules.ts';
import { configSchema } from './schema.ts';
import { isSecret } from './secrets.ts';
import { readYamlTree, type YamlTree, type YamlValue } from './yaml-tree.ts';

export type { Surroundings } from './resolve.ts';

/**
 * The configuration in the file. Throws CONFIG_INVALID with everything that is wrong, a line each: `file:line:column:
 * path: what`.
 */
export function loadConfig(path: string, surroundings: Surroundings): Config {
  let text: string;
  try {
    text = surroundings.readFile(path);
  } catch (error) {
    throw new RelayError('CONFIG_INVALID', `${path}: cannot be read (${reasonOf(error)})`, {
      remedy: 'Name the configuration file with --config, and see that the user of the relay may read it.',
    });
  }
  return parseConfig(text, path, surroundings);
}

/** The configuration in `text`; `fileName` only names it in errors. Throws CONFIG_INVALID like loadConfig. */
export function parseConfig(text: string, fileName: string, surroundings: Surroundings): Config {
  const tree = readYamlTree(text);
  const result = tree.value === undefined ? undefined : check(tree, tree.value, surroundings);
  if (result?.config !== undefined) return result.config;
  const lines = problemLines(fileName, result?.problems ?? tree.problems);
  throw new RelayError('CONFIG_INVALID', lines.join('\n'), { details: { file: fileName, problems: lines.length } });
}

type Checked =
  | { readonly config: Config; readonly problems?: undefined }
  | { readonly config?: undefined; readonly problems: readonly Problem[] };

function check(tree: YamlTree, written: YamlValue, surroundings: Surroundings): Checked {
  const resolved = resolve(tree, written, surroundings);
  const parsed = configSchema.safeParse(resolved.value);
  const found = parsed.success
    ? breaches(parsed.data, { has: (path) => tree.has(path), readFile: surroundings.readFile }).map(
        ({ path, text }) => {
          const quoted = isSecret(path) ? undefined : tree.written(path);
          return tree.problemAtValue(path, quoted === undefined ? text : `${quoted} ${text}`);
        },
      )
    : issueProblems(parsed.error.issues, tree, resolved.value);
  // A value that could not be read is one problem, not two.
  const unread = [...tree.problems, ...resolved.problems];
  const unreadPaths = new Set(unread.map(({ path }) => path));
  const problems = [...unread, ...found.filter(({ path }) => !unreadPaths.has(path))];
  return parsed.success && problems.length === 0
    ? { config: complete(parsed.data, resolved.secretFiles) }
    : { problems };
}

function complete(written: Config, secretFiles: ReadonlyMap<string, string>): Config {
  const filesOf = (section: string): Record<string, string> =>
    Object.fromEntries(
      [...secretFiles]
        .filter(([key]) => key.startsWith(`${section}.`))
        .map(([key, file]) => [`${key.slice(section.length + 1)}File`, file]),
    );
  const source = { ...written.source, ...filesOf('source') };
  const sink = { ...written.sink, ...filesOf('sink') };
  const checkpoint = { ...written.checkpoint, ...filesOf('checkpoint') };
  const lanes = written.ordering === 'total' ? 1 : written.limits.lanes;
  return { ...written, source, sink, checkpoint, limits: { ...written.limits, lanes } };
}
