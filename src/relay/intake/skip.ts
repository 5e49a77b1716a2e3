import { RelayError } from '../../base/errors.ts';
import { isBefore } from '../../binlog/wire/binlog-file.ts';
import { flavourOf, parseGtids } from '../../binlog/gtids/gtids.ts';
import type { StartPosition } from '../../source/source.ts';
import type { SkipState, SkipStatus } from '../relay.ts';
import { skipArgument, type TransactionPlace } from './transaction-place.ts';

const GTID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:([a-z_][a-z0-9_]{0,31}:)?[1-9]\d*$/;
/** MariaDB's: domain-server-number. */
const DOMAIN_GTID = /^\d+-\d+-\d+$/;
const PLACE = /^([^/\\\s]+\.\d{6,}):(\d+)$/;

/** Checks an argument of `run --skip`. Throws USAGE. */
export function parseSkip(text: string): string {
  const trimmed = text.trim();
  const lower = trimmed.toLowerCase();
  if (GTID.test(lower)) return lower;
  if (DOMAIN_GTID.test(trimmed) || PLACE.test(trimmed)) return trimmed;
  throw new RelayError('USAGE', `--skip ${JSON.stringify(text)} names no transaction`, {
    remedy:
      'Write the one GTID, or file:position, that the error which stopped the relay names: --skip 3e11fa47-71ca-11e1-9e33-c80aa9429562:23, or --skip binlog.000042:4711.',
  });
}

/** The one transaction that this run is to pass without publishing it, chosen by an operator. */
export class Skip implements SkipStatus {
  readonly transaction: string;
  #state: SkipState;
  readonly #place: { readonly file: string; readonly offset: number } | undefined;

  /** `transaction`: see parseSkip. */
  constructor(transaction: string, start: StartPosition) {
    this.transaction = transaction;
    const [, file, offset] = PLACE.exec(transaction) ?? [];
    this.#place = file === undefined ? undefined : { file, offset: Number(offset) };
    this.#state = this.#stateAt(start);
  }

  get state(): SkipState {
    return this.#state;
  }

  /** Whether the transaction that begins is the one. */
  isMet(at: TransactionPlace, file: string, offset: number): boolean {
    if (this.#state !== 'waiting') return false;
    if (this.transaction === skipArgument(at) || this.transaction === at.begins) return true;
    if (this.#place !== undefined && isBefore(this.#place, { file, offset })) this.#state = 'not-met';
    return false;
  }

  /** Whether it is what stands at `begins` (file:position), between transactions. */
  isAt(begins: string): boolean {
    return this.#state === 'waiting' && this.transaction === begins;
  }

  /** It has been read to its end. */
  passed(): void {
    this.#state = 'passed';
  }

  #stateAt(start: StartPosition): SkipState {
    if (this.#place !== undefined) return isBefore(this.#place, start) ? 'before-start' : 'waiting';
    if (start.gtidSet === undefined) return 'not-met';
    const flavour = GTID.test(this.transaction) ? 'mysql' : 'mariadb';
    if ((flavourOf(start.gtidSet) ?? flavour) !== flavour) return 'not-met';
    const isPassed = parseGtids(flavour, start.gtidSet).contains(parseGtids(flavour, this.transaction));
    return isPassed ? 'before-start' : 'waiting';
  }
}
