import type { Ledger, TableOfSource } from '../ledger/ledger.ts';
import type { Session } from '../target/target.ts';

export interface EndedReplacement {
  readonly stream: string;
  readonly table: TableOfSource;
  /** The mark that it began with. */
  readonly mark: string;
  /** The table in the target, as SQL has it. */
  readonly target: string;
}

/**
 * A lane has come to the end of the copy of a table without a key, and to no row of it. When all lanes have, the
 * table was empty in the source, and what the target has of it is removed.
 */
export async function endReplacement(session: Session, ledger: Ledger, ended: EndedReplacement): Promise<void> {
  const { stream, table, mark, target } = ended;
  const sql = (text: string): Buffer => Buffer.from(text);
  await session.run([sql('BEGIN')]);
  try {
    const isEmpty = await ledger.hasEndedInAllLanes(session, stream, table, mark);
    const removal = [`DELETE FROM ${target}`, ledger.finishReplacement(stream, table, mark)].map(sql);
    await session.run([...(isEmpty ? removal : []), sql('COMMIT')]);
  } catch (error) {
    // With the connection its transaction ends.
    session.destroy();
    throw error;
  }
}
