/** The name of a database, a table or a column as SQL takes it, whatever characters it holds. */
export const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** A table as SQL takes it. */
export const quotedTable = (database: string, table: string): string => `${quoted(database)}.${quoted(table)}`;
