import { RelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { hasCascade } from '../../binlog/statements/cascade.ts';
import { readDdl, REPLACEMENT, type DdlObject, type DdlStatement } from '../../binlog/statements/ddl-statement.ts';
import type { Quoting } from '../../binlog/statements/sql-tokens.ts';
import type { TableFilter } from '../../change/table-filter.ts';
import type { PublishedDdl } from '../../format/format.ts';
import type { News } from '../progress/notices.ts';
import { skipArgument, type TransactionPlace } from './transaction-place.ts';

/**
 * What happens at a statement that changes published tables without row events; `publish`: inline, or to a topic of its
 * own.
 */
export type DdlHandling = 'warn' | 'stop' | 'publish';

/** A statement on its way from its event. */
export interface StatementRead {
  /** Default database of its session; may be empty. */
  readonly database: string;
  readonly statement: string;
  /** See Query. */
  readonly quoting: Quoting | undefined;
  readonly place: TransactionPlace;
  /** It is the n-th of its transaction, from 0. */
  readonly n: number;
}

export interface DdlPolicyOptions {
  readonly handling: DdlHandling;
  readonly filter: TableFilter;
  readonly announce: (ddl: PublishedDdl) => void;
  /** What every statement names, published or not. */
  readonly onObjects: (objects: DdlStatement['objects']) => void;
  /** The server does not log the rows that a foreign key changes. */
  readonly hidesCascades: boolean;
  readonly notice: (news: News) => void;
  readonly logger: Logger;
}

/**
 * Decides what becomes of a statement that is neither rows nor transaction control. Its text goes into no log, notice
 * or error: it may hold anything.
 */
export class DdlPolicy {
  readonly #options: DdlPolicyOptions;

  constructor(options: DdlPolicyOptions) {
    this.#options = options;
  }

  /** Throws DDL_STOPPED. */
  take(read: StatementRead): void {
    const { handling, logger } = this.#options;
    const ddl = readDdl(read.statement, read.database, read.quoting);
    this.#options.onObjects(ddl.objects);
    const subjects = this.#subjectsOf(ddl);
    if (subjects.length === 0) return;
    const transaction = skipArgument(read.place);
    const facts = { statement: ddl.kind, tables: subjects.slice(0, MAX_SHOWN), transaction, at: read.place.begins };
    if (this.#options.hidesCascades && hasCascade(read.statement, read.quoting)) {
      logger.warn(
        facts,
        'a statement makes a foreign key with ON DELETE or ON UPDATE actions: the server does not log the rows that they change, so a copy keeps the old ones',
      );
    }
    if (handling === 'publish') {
      if (read.statement.includes(REPLACEMENT)) throw notUtf8(ddl.kind);
      logger.info(
        facts,
        'a statement that changes published tables is published; reading goes on when it is acknowledged',
      );
      this.#options.announce(publishedDdl(read, ddl));
    } else if (!ddl.isDifference) {
      logger.info(facts, 'a statement was read that leaves the rows of published tables as they are');
    } else if (handling === 'stop') {
      throw new RelayError(
        'DDL_STOPPED',
        `${ddl.kind} changes ${subjects.slice(0, MAX_SHOWN).join(', ')} without row events, and ddl is set to stop`,
      );
    } else {
      logger.warn(
        facts,
        'a statement changed published tables without row events: their copies differ until they follow by hand',
      );
      const event = { what: ddl.kind, transaction, position: read.place.begins, at: isoTime(read.place.commitTimeMs) };
      for (const subject of subjects) this.#options.notice({ about: 'differs', subject, ...event });
    }
  }

  /** The published tables that it may have to do with, as patterns. */
  #subjectsOf({ objects }: DdlStatement): readonly string[] {
    if (objects === 'none') return [];
    if (objects === 'unclear') return ['*.*'];
    const concerned = objects.filter(({ database, table }) => this.#options.filter.mayInclude(database, table));
    return [...new Set(concerned.map(({ database, table = '*' }) => `${database}.${table}`))];
  }
}

function publishedDdl({ database, statement, place, n }: StatementRead, { type, objects }: DdlStatement): PublishedDdl {
  const { source, number, hasGtid, begins, commitTimeMs } = place;
  const tables: readonly DdlObject[] = typeof objects === 'string' ? [] : objects;
  return {
    type,
    database,
    tables,
    sql: statement,
    source,
    change: `${number}#ddl${n}`,
    gtid: hasGtid ? `${source}:${number}` : '',
    position: begins,
    commitTimeMs,
  };
}

const notUtf8 = (kind: string): RelayError =>
  new RelayError('BINLOG_UNSUPPORTED', `${kind}: the text of the statement is not UTF-8, and is to be published`, {
    remedy: 'Send DDL from sessions with SET NAMES utf8mb4.',
  });

const isoTime = (ms: number): string => new Date(ms).toISOString();

/** DROP TABLE takes any number of them. */
const MAX_SHOWN = 20;
