/** A name as SQL has it, whatever characters it holds. */
export const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** A table as SQL has it. */
export const quotedTable = (database: string, table: string): string => `${quoted(database)}.${quoted(table)}`;
