/**
 * Whether one change id is of a transaction that the source has logged before that of another, of the same table: the
 * number of a server, or of a domain of MariaDB, only grows for whoever has to wait for each other. False where the two
 * are not of one server, which nothing in them tells. Pure.
 */
export function isEarlier(id: string, other: string): boolean {
  const [one, two] = [partsOf(id), partsOf(other)];
  if (one === undefined || two === undefined || one.line !== two.line) return false;
  return one.file === two.file ? one.number < two.number : one.file < two.file;
}

interface Parts {
  /** What numbers are counted in. */
  readonly line: string;
  /** Of the binlog, without GTIDs; 0 otherwise. */
  readonly file: bigint;
  readonly number: bigint;
}

/** `uuid:23#0`, `uuid:tag:23#0`, `0-1:23#0` of MariaDB, `uuid/binlog.000002:4184#0` without GTIDs. */
function partsOf(id: string): Parts | undefined {
  const [, source, number] = /^(.*):(\d+)#[^#]*$/.exec(id) ?? [];
  if (source === undefined || number === undefined) return undefined;
  const [, server, file] = /^([^/]+)\/.*\.(\d+)$/.exec(source) ?? [];
  if (server !== undefined && file !== undefined) return { line: server, file: BigInt(file), number: BigInt(number) };
  const [, domain] = /^(\d+)-\d+$/.exec(source) ?? [];
  return { line: domain ?? source, file: 0n, number: BigInt(number) };
}
