/** The name of a database, a table or a column as SQL takes it. */
export const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
