import type * as z from 'zod';
import type { JsonSchema } from './json-schema.ts';
import { knownKeys } from './known-keys.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problem.ts';
import { isSecret } from './secrets.ts';
import { valueAt, type Path, type YamlTree } from './yaml-tree.ts';

type Issue = z.core.$ZodIssue;

/** What `schema` found wrong with `config`, told with the places and words of the file. */
export function issueProblems(
  issues: readonly Issue[],
  schema: () => JsonSchema,
  tree: YamlTree,
  config: unknown,
): readonly Problem[] {
  return issues.flatMap((issue) => problemsOf(issue, [], { schema, tree, config }));
}

interface File {
  readonly schema: () => JsonSchema;
  readonly tree: YamlTree;
  readonly config: unknown;
}

function problemsOf(issue: Issue, parent: Path, file: File): readonly Problem[] {
  const { tree, config } = file;
  const path = [...parent, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(file.schema(), path, config);
    const candidates = known.filter((key) => !tree.has([...path, key]));
    return issue.keys.map((key) => tree.problemAtKey([...path, key], unknownKeyText(key, known, candidates)));
  }
  if (issue.code === 'invalid_union') {
    const member = issue.errors.find((errors) =>
      errors.every(({ path, code }) => path.length > 0 || code === 'custom' || code === 'unrecognized_keys'),
    );
    if (member !== undefined && member.length > 0) return member.flatMap((inner) => problemsOf(inner, path, file));
  }
  if (!tree.has(path)) return [tree.problemAtKey(path, 'is missing')];
  const value = valueAt(config, path);
  if (value === null) {
    return [
      tree.problemAtValue(
        path,
        'has no value: write one, or remove the key (a value that begins with # must be in quotes)',
      ),
    ];
  }
  const text = problemText(issue, value);
  const written = isSecret(path) ? undefined : tree.written(path);
  return [tree.problemAtValue(path, written === undefined ? text : `${written} ${text}`)];
}

function unknownKeyText(key: string, known: readonly string[], candidates: readonly string[]): string {
  return `unknown key${didYouMean(nearest(key, candidates))}; allowed here: ${known.join(', ')}`;
}

function problemText(issue: Issue, value: unknown): string {
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(String);
    const meant = typeof value === 'string' ? nearest(value, allowed) : undefined;
    return `is not one of ${allowed.join(', ')}${didYouMean(meant)}`;
  }
  if (issue.code !== 'invalid_type') return issue.message;
  switch (issue.expected) {
    case 'string':
      return 'must be text: put it in quotes';
    case 'array':
      return 'must be a list: one `- ` and value a line, or [ … ]';
    case 'object':
      return 'must be a mapping: its keys on lines of their own below, indented';
    default:
      return issue.message;
  }
}

function didYouMean(meant: string | undefined): string {
  return meant === undefined ? '' : ` (did you mean ${meant}?)`;
}
