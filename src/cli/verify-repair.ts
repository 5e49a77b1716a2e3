import type { Clock } from '../base/clock.ts';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { isAborted } from '../base/retry.ts';
import type { Verifier } from '../verify/run/verifier.ts';
import type { TableResult } from '../verify/verify.ts';
import { get, post, type AdminTarget, type Answer } from './admin-client.ts';

/** Keys in one copy: they stand in the relay's checkpoint until it has ended. */
const KEYS_AT_ONCE = 500;
const LOOK_MS = 1_000;

export interface RepairOptions {
  /** The relay's admin server. */
  readonly relay: AdminTarget;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info'>;
  readonly stop: AbortSignal;
}

/**
 * Has the relay publish again what differs, and looks at those tables again. The results with what is left: a table
 * that is equal by then has as many repaired as it had different. Throws ADMIN_UNREACHABLE and VERIFY_REPAIR_REFUSED.
 */
export async function repair(
  results: readonly TableResult[],
  { relay, verifier, clock, logger, stop }: RepairOptions,
): Promise<readonly TableResult[]> {
  const repaired: TableResult[] = [];
  for (const result of results) {
    if (result.state !== 'different' || isAborted(stop)) {
      repaired.push(result);
      continue;
    }
    for (const body of requestsOf(result)) {
      const id = idIn(await post(relay, '/copy', body));
      logger.info({ table: nameOf(result), copy: id }, 'asked the relay for a copy');
      await ended(relay, id, clock, stop);
    }
    const now = await verifier.compare(result, stop);
    const left = now.state === 'equal' ? 0 : Math.min(result.different, Math.max(1, now.different));
    repaired.push(
      left === 0
        ? { ...result, repaired: result.different, rows: now.rows, verifiedAt: now.verifiedAt }
        : { ...now, repaired: result.different - left },
    );
  }
  return repaired;
}

function requestsOf(result: TableResult): readonly object[] {
  const tables = [nameOf(result)];
  const { differences, isCut } = result;
  if (isCut) return [{ tables }];
  const keys = differences.map(({ key }) => key.map((hex) => ({ hex: hex.toLowerCase() })));
  const batches: object[] = [];
  for (let i = 0; i < keys.length; i += KEYS_AT_ONCE) batches.push({ tables, keys: keys.slice(i, i + KEYS_AT_ONCE) });
  return batches;
}

/** As a pattern that fits this table alone. */
function nameOf({ database, table }: Pick<TableResult, 'database' | 'table'>): string {
  const part = (name: string): string => (/^[\w$-]+$/.test(name) ? name : `\`${name.replaceAll('`', '``')}\``);
  return `${part(database)}.${part(table)}`;
}

async function ended(relay: AdminTarget, id: string, clock: Clock, stop: AbortSignal): Promise<void> {
  while (!isAborted(stop)) {
    const copy = copiesIn(await get(relay, '/copies')).find((one) => one.id === id);
    const failed = copy?.tables?.find(({ state }) => state === 'failed');
    if (failed !== undefined || copy?.isCancelled === true) {
      const why = failed?.reason ?? 'it was cancelled';
      throw new RelayError('VERIFY_REPAIR_REFUSED', `copy ${id} of the relay has failed: ${why}`);
    }
    // Only the newest that have ended are listed.
    if (copy === undefined || copy.endedAt !== undefined) return;
    await clock.sleep(LOOK_MS, stop);
  }
}

interface ShownCopy {
  readonly id: string;
  readonly endedAt?: string;
  readonly isCancelled?: boolean;
  readonly tables?: readonly { readonly state: string; readonly reason?: string }[];
}

function idIn(answer: Answer): string {
  const [copy] = copiesIn(answer);
  if (copy === undefined) throw refused(answer);
  return copy.id;
}

function copiesIn(answer: Answer): readonly ShownCopy[] {
  const { code, body } = answer;
  if (code === 200 && typeof body === 'object' && body !== null && 'copies' in body && Array.isArray(body.copies))
    return body.copies as readonly ShownCopy[];
  throw refused(answer);
}

function refused({ code, body }: Answer): RelayError {
  const said = typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : `code ${code}`;
  return new RelayError('VERIFY_REPAIR_REFUSED', `the relay says: ${said}`);
}
