/**
 * A YAML text as plain values, with the place of each. Only what a configuration needs: one document, mappings with
 * text keys, lists and plain values. Anything that could mean something else than it seems (duplicate keys, aliases,
 * tags) is a problem.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Node,
  type Pair,
  type YAMLError,
} from 'yaml';
import { pathText, type Problem } from './problem.ts';
import { syntaxText } from './yaml-syntax.ts';

export type Path = readonly PropertyKey[];
export type YamlValue = string | number | boolean | null | readonly YamlValue[] | { readonly [key: string]: YamlValue };

interface Place {
  /** Offset of the key, for what is wrong with the entry as a whole; of the value in lists. */
  readonly key: number;
  readonly value: number;
  /** The value as the file has it, on one line; undefined for mappings and lists. */
  readonly written: string | undefined;
}

export interface YamlTree {
  /**
   * Undefined when the text could not be read as one mapping; `problems` says why. There may be problems without that.
   */
  readonly value: YamlValue | undefined;
  readonly problems: readonly Problem[];
  /** A problem with the value at the path, or with its nearest parent that is in the file. */
  problemAtValue(path: Path, text: string): Problem;
  problemAtKey(path: Path, text: string): Problem;
  /** The value as the file has it, to be quoted in a problem. */
  written(path: Path): string | undefined;
  /** True when the file itself has something at the path. */
  has(path: Path): boolean;
}

const LONGEST_QUOTE = 60;

export function readYamlTree(text: string): YamlTree {
  const lines = new LineCounter();
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const document = parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
  });
  const places = new Map<string, Place>();
  const problems: Problem[] = [];

  const problemAt = (offset: number, path: Path, text: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col, path: pathText(path), text };
  };
  const placeOf = (path: Path): Place => {
    for (let length = path.length; length >= 0; length--) {
      const place = places.get(placeKey(path.slice(0, length)));
      // What is missing is shown at the key that it is missing under.
      if (place !== undefined) return length === path.length ? place : { ...place, value: place.key };
    }
    return { key: 0, value: 0, written: undefined };
  };
  const tree = (value: YamlValue | undefined): YamlTree => ({
    value,
    problems,
    problemAtValue: (path, text) => problemAt(placeOf(path).value, path, text),
    problemAtKey: (path, text) => problemAt(placeOf(path).key, path, text),
    written: (path) => places.get(placeKey(path))?.written,
    has: (path) => places.has(placeKey(path)),
  });

  const syntaxErrors: readonly YAMLError[] = [...document.errors, ...document.warnings];
  for (const error of syntaxErrors) problems.push(problemAt(error.pos[0], [], syntaxText(error, source)));
  if (document.directives.yaml.version !== '1.2') {
    problems.push(problemAt(0, [], 'a %YAML directive changes what the values below mean: remove it'));
  }
  // What follows a syntax error is guesswork.
  if (problems.length > 0) return tree(undefined);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    problems.push(problemAt(0, [], 'the file is empty: it needs at least source and sink'));
    return tree(undefined);
  }
  if (!isMap(document.contents)) {
    const offset = document.contents.range[0];
    problems.push(
      problemAt(offset, [], 'the file must be a mapping of keys to values, such as `source:` and below it `host: …`'),
    );
    return tree(undefined);
  }
  return tree(read(document.contents, [], undefined));

  function read(node: Node | null, path: Path, keyOffset: number | undefined): YamlValue {
    const offset = node?.range?.[0] ?? keyOffset ?? 0;
    const place = (written: string | undefined): void => {
      places.set(placeKey(path), { key: keyOffset ?? offset, value: offset, written });
    };
    if (isAlias(node)) {
      problems.push(
        problemAt(offset, path, "begins with *, which is an alias in YAML: put a pattern in quotes, such as '*.*'"),
      );
      return null;
    }
    if (node?.anchor !== undefined) {
      problems.push(problemAt(offset, path, 'begins with &, which is an anchor in YAML: put the value in quotes'));
    }
    if (isMap<Node | null, Node | null>(node)) {
      place(undefined);
      return Object.fromEntries(node.items.flatMap((pair) => readPair(pair, path)));
    }
    if (isSeq<Node | null>(node)) {
      place(undefined);
      return node.items.map((item, index) => read(item, [...path, index], undefined));
    }
    const value = isScalar(node) ? node.value : null;
    place(quote(value, isScalar(node) ? node.source : undefined));
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  }

  function readPair({ key, value }: Pair<Node | null, Node | null>, path: Path): [string, YamlValue][] {
    const offset = key?.range?.[0] ?? 0;
    const name = isScalar(key) ? (typeof key.value === 'string' ? key.value : key.source) : undefined;
    if (name === undefined || name === '') {
      problems.push(problemAt(offset, path, 'a key must be a plain word'));
      return [];
    }
    const entry = [...path, name];
    const first = places.get(placeKey(entry));
    if (first !== undefined) {
      problems.push(
        problemAt(offset, entry, `is written twice: the first is in line ${lines.linePos(first.key).line}`),
      );
      return [];
    }
    return [[name, read(value, entry, offset)]];
  }
}

/** What a tree of plain values holds at `path`; undefined when it has nothing there. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((parent, key) => {
    const has = typeof parent === 'object' && parent !== null && Object.hasOwn(parent, key);
    return has ? Reflect.get(parent, key) : undefined;
  }, value);
}

function placeKey(path: Path): string {
  return JSON.stringify(path);
}

function quote(value: unknown, source: string | undefined): string | undefined {
  if (typeof value !== 'string') return source === undefined || source === '' ? undefined : source;
  const [firstLine = ''] = value.split('\n');
  const short = firstLine.length > LONGEST_QUOTE ? `${firstLine.slice(0, LONGEST_QUOTE)}…` : firstLine;
  return JSON.stringify(short);
}
