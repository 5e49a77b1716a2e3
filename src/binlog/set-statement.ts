import { SqlTokens } from './sql-tokens.ts';

/**
 * What a statement does behind MariaDB's `SET STATEMENT variable = value, … FOR`, with which its binlog has it; other statements are given back as
 * they are. Undefined when the end of the values is not understood.
 * Source: MariaDB's knowledge base, "SET STATEMENT"
 */
export function behindSetStatement(statement: string): string | undefined {
  const sql = new SqlTokens(statement);
  if (!sql.takeWord('SET') || !sql.takeWord('STATEMENT')) return statement;
  for (let depth = 0; ;) {
    // In parentheses it belongs to a value: SUBSTRING(text FROM 1 FOR 2).
    if (depth === 0 && sql.takeWord('FOR')) return behindSetStatement(sql.rest);
    const token = sql.next();
    if (token.kind === 'end' || token.kind === 'unreadable') return undefined;
    if (token.kind !== 'sign') continue;
    if (token.text === '(') depth += 1;
    else if (token.text === ')') depth -= 1;
  }
}
