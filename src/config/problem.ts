/** One thing that is wrong in the configuration file, with its place. */
export interface Problem {
  /** From 1; undefined when the file as a whole is meant. */
  readonly line: number | undefined;
  /** From 1, in characters. */
  readonly column: number | undefined;
  /** Keys joined by dots; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong and what is allowed. Never a secret. */
  readonly text: string;
}

/** `source.start.file`, `tables.include[0]`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

/** `relay.yaml:3:9: source.port: must be …`, in the order of the file, one line each. */
export function problemLines(fileName: string, problems: readonly Problem[]): readonly string[] {
  const ordered = [...problems].sort(
    (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) || a.path.localeCompare(b.path),
  );
  return ordered.map(({ line, column, path, text }) => {
    const place = line === undefined || column === undefined ? fileName : `${fileName}:${line}:${column}`;
    return path === '' ? `${place}: ${text}` : `${place}: ${path}: ${text}`;
  });
}
