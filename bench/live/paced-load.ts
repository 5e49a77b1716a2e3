import { createConnection, type ResultSetHeader } from 'mysql2/promise';
import type { MysqlAddress } from '../../dev/servers/servers.ts';

export interface PacedLoadOptions {
  readonly mysql: MysqlAddress;
  readonly database: string;
  /** Single-row transactions a second, of all clients together. */
  readonly perSecond: number;
  readonly seconds: number;
  readonly clients: number;
  /** How long a transaction took, from its statement to its commit, in ms; and the key of its row. */
  readonly onCommitted?: (ms: number, id: number) => void;
}

const INSERT =
  'INSERT INTO orders (order_no, user_id, amount, status, created_at, updated_at, remark) VALUES (?, ?, ?, 0, NOW(3), NOW(3), ?)';

/** Resolves to the number of transactions when all are committed. */
export async function runPacedLoad(options: PacedLoadOptions): Promise<number> {
  const { mysql, database, perSecond, seconds, clients, onCommitted = (): void => undefined } = options;
  const total = perSecond * seconds;
  const startMs = performance.now();
  let begun = 0;
  const client = async (): Promise<void> => {
    const { host, port, user, password } = mysql;
    const connection = await createConnection({ host, port, user, password, database });
    while (begun < total) {
      const mine = begun;
      begun += 1;
      const waitMs = startMs + (mine / perSecond) * 1000 - performance.now();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const amount = (mine % 100_000) / 100;
      const remark = mine % 3 === 0 ? '请尽快发货，谢谢' : 'please deliver soon';
      const sentMs = performance.now();
      const [{ insertId }] = await connection.execute<ResultSetHeader>(INSERT, [
        `ORD${mine}`,
        mine % 100_000,
        amount,
        remark,
      ]);
      onCommitted(performance.now() - sentMs, insertId);
    }
    await connection.end();
  };
  await Promise.all(Array.from({ length: clients }, client));
  return total;
}
