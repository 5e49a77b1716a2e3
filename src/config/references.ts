/**
 * `${NAME}` and `${NAME:-default}` inside a text of the configuration stand for an environment variable. As in a shell,
 * the default is also taken for a variable that is set but empty. `$${` stands for `${` itself; any other `$` means
 * nothing.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;
const WELL_FORMED = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}$/;

export interface Expanded {
  readonly text: string;
  /** What is wrong with the references, each a whole sentence part that names the variable; never a value. */
  readonly problems: readonly string[];
}

export function expandReferences(text: string, env: Environment): Expanded {
  const problems: string[] = [];
  const expanded = text.replaceAll(REFERENCE, (reference) => {
    if (reference === '$${') return '${';
    const [whole, name = '', fallback] = WELL_FORMED.exec(reference) ?? [];
    if (whole === undefined) {
      problems.push('holds ${ that is not a reference: write ${NAME} or ${NAME:-default}, or $${ for ${ itself');
      return '';
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && (value !== '' || fallback === undefined)) return value;
    if (fallback === undefined) {
      problems.push(`the environment variable ${name} is not set: set it, or write \${${name}:-default}`);
      return '';
    }
    return fallback;
  });
  return { text: expanded, problems };
}

/** True when nothing of the text is written in the file itself but references: no default, nothing around them. */
export function isReferenceOnly(text: string): boolean {
  const [whole, , fallback] = WELL_FORMED.exec(text) ?? [];
  return whole !== undefined && (fallback === undefined || fallback === '');
}
