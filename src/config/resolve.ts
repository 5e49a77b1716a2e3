import { expandReferences, type Environment } from './references.ts';
import { readSecretFile } from './config.ts';
import { pathText, type Problem } from './problem.ts';
import { isSecret, SECRET_FILE_PREFIX } from './secrets.ts';
import type { Path, YamlTree, YamlValue } from './yaml-tree.ts';

/** What the configuration may take from outside its file. */
export interface Surroundings {
  readonly env: Environment;
  /** The text of a file, path relative to the working directory; throws when it cannot be read. */
  readonly readFile: (path: string) => string;
}

export interface Resolved {
  readonly value: YamlValue;
  readonly problems: readonly Problem[];
  /** The files that secrets were read from, by the key's path. */
  readonly secretFiles: ReadonlyMap<string, string>;
}

/** The tree's values with references to the environment replaced and the files of secrets read. */
export function resolve(tree: YamlTree, value: YamlValue, { env, readFile }: Surroundings): Resolved {
  const problems: Problem[] = [];
  const secretFiles = new Map<string, string>();
  return { value: walk(value, []), problems, secretFiles };

  function walk(value: YamlValue, path: Path): YamlValue {
    if (typeof value === 'string') return resolveText(value, path);
    if (typeof value !== 'object' || value === null) return value;
    if (isList(value)) return value.map((item, index) => walk(item, [...path, index]));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
  }

  function resolveText(text: string, path: Path): string {
    const isFile = isSecret(path) && text.startsWith(SECRET_FILE_PREFIX);
    const written = isFile ? text.slice(SECRET_FILE_PREFIX.length) : text;
    const expanded = expandReferences(written, env);
    for (const problem of expanded.problems) problems.push(tree.problemAtValue(path, problem));
    return isFile && expanded.problems.length === 0 ? readSecret(expanded.text, written, path) : expanded.text;
  }

  /** Problems name the file as written: a reference in it may by mistake stand for the secret itself. */
  function readSecret(file: string, written: string, path: Path): string {
    const refuse = (text: string): string => {
      problems.push(tree.problemAtValue(path, text));
      return '';
    };
    let secret: string;
    try {
      secret = readSecretFile(file, readFile);
    } catch (error) {
      return refuse(`the file ${written} cannot be read (${reasonOf(error)})`);
    }
    secretFiles.set(pathText(path), file);
    return secret === '' ? refuse(`the file ${written} is empty`) : secret;
  }
}

/** The system's code alone, such as ENOENT: messages may hold more than belongs into a log. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown reason';
}

function isList(value: object): value is readonly YamlValue[] {
  return Array.isArray(value);
}
