import { createConnection } from 'mysql2/promise';
import type { MysqlAddress } from '../../dev/servers/servers.ts';

/** What other teams run all day: two scans with a sort each, and a join of the table with itself. */
const REPORT = `SELECT d.day, d.status, d.orders, d.amount, d.users, l.later
FROM (SELECT DATE(created_at) AS day, status, COUNT(*) AS orders, SUM(amount) AS amount, COUNT(DISTINCT user_id) AS users
      FROM orders GROUP BY day, status) d
JOIN (SELECT DATE(o.created_at) AS day, o.status, COUNT(*) AS later
      FROM orders o JOIN orders n ON n.id = o.id + 1 AND n.amount > o.amount GROUP BY day, o.status) l
  ON l.day = d.day AND l.status <=> d.status
ORDER BY d.amount DESC, d.day`;

/** Runs the report again and again, on so many connections, until `signal` aborts. Returns how often. */
export async function runReports(
  { host, port, user, password }: MysqlAddress,
  database: string,
  connections: number,
  signal: AbortSignal,
): Promise<number> {
  let reports = 0;
  const analyst = async (): Promise<void> => {
    const connection = await createConnection({ host, port, user, password, database });
    while (!signal.aborted) {
      await connection.query(REPORT);
      reports += 1;
    }
    await connection.end();
  };
  await Promise.all(Array.from({ length: connections }, analyst));
  return reports;
}
