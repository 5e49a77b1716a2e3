import { createConnection, type RowDataPacket } from 'mysql2/promise';

/** What the server calls itself. Throws while it cannot be reached. */
export async function mysqlVersion(access: {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}): Promise<string> {
  const connection = await createConnection({ ...access, connectTimeout: 2000 });
  try {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
    return String(rows[0]?.['version']);
  } finally {
    connection.destroy();
  }
}
