import { SqlTokens, type Quoting } from './sql-tokens.ts';

/**
 * What a statement does after MariaDB's `SET STATEMENT variable = value, … FOR`, with which its binlog has it; of other
 * statements the whole. Undefined when the end of the values is not understood.
 * Source: MariaDB's knowledge base, "SET STATEMENT"
 */
export function afterSetStatement(statement: string, quoting: Quoting | undefined): SqlTokens | undefined {
  const start = new SqlTokens(statement, quoting);
  while (start.takeSign('(') || start.takeSign(';'));
  if (!start.takeWord('SET') || !start.takeWord('STATEMENT')) return new SqlTokens(statement, quoting);
  // The server has read the text under the value before, and logs the one after.
  const own = /sql_mode/i.test(statement) ? undefined : quoting;
  const sql = new SqlTokens(start.rest, own);
  for (let depth = 0; ;) {
    // In parentheses it belongs to a value: SUBSTRING(text FROM 1 FOR 2).
    if (depth === 0 && sql.takeWord('FOR')) return afterSetStatement(sql.rest, own);
    const token = sql.next();
    if (token.kind === 'end' || token.kind === 'unreadable') return undefined;
    if (token.kind !== 'sign') continue;
    if (token.text === '(') depth += 1;
    else if (token.text === ')') depth -= 1;
  }
}
