/** Names as SHOW GRANTS writes them. Pure. */

/** A name that stands in backticks, a backtick in it doubled. */
export const unquotedName = (name: string): string => name.slice(1, -1).replaceAll('``', '`');

/** Whether the name of a database is one that the pattern of a grant means: `%` and `_` as LIKE takes them. */
export function isLike(text: string, pattern: string): boolean {
  const source = pattern.replaceAll(/\\?[\s\S]/g, (part) => {
    if (part === '%') return '[\\s\\S]*';
    if (part === '_') return '[\\s\\S]';
    const character = part.length > 1 ? part.slice(1) : part;
    return character.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source}$`).test(text);
}

/** `'relay'@'%'` of what CURRENT_USER() gives, `relay@%`: the host has no @, the name may. */
export function quotedAccount(currentUser: string): string {
  const at = currentUser.lastIndexOf('@');
  const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  return `${quote(currentUser.slice(0, at))}@${quote(currentUser.slice(at + 1))}`;
}
