import type { Clock } from '../../base/clock.ts';
import { RelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Copies as StoredCopies, Copy } from '../../checkpoint/checkpoint.ts';
import type { TableReader } from '../../source/source.ts';
import type { CopyProgress, CopyRequest } from '../relay.ts';
import { ChangeCounter } from '../tables/change-counter.ts';
import { PlanMemory } from '../tables/plan-memory.ts';
import { TablePlan, type PlanOptions } from '../tables/table-plan.ts';
import { SELECTED } from '../tables/value-form.ts';
import type { ChunkLimits } from './chunk-size.ts';
import { Copier } from './copier.ts';
import { CopyList } from './copy-list.ts';
import { CopyPace } from './copy-pace.ts';
import type { CopyStream } from './copy-stream.ts';
import { WithheldTables } from './withheld-tables.ts';

/** How tables are copied beside the stream. */
export interface CopySettings extends ChunkLimits {
  readonly reader: TableReader;
  /** A run without a checkpoint copies every published table. */
  readonly atFirstStart: boolean;
  /** Copies that are asked for from now on are exact: see WithheldTables. */
  readonly isExact: boolean;
  readonly maxThreadsRunning: number;
  readonly maxHistoryList: number;
  /** See CopyPaceOptions. */
  readonly rest: number;
}

export interface CopiesOptions {
  /** Undefined: nothing is copied. */
  readonly settings: CopySettings | undefined;
  readonly stored: StoredCopies | undefined;
  readonly stream: CopyStream;
  readonly planOptions: PlanOptions;
  readonly epoch: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** The copies of a run: what is asked of them, and how far they are. */
export class Copies {
  readonly list: CopyList;
  readonly stream: CopyStream;
  readonly #reader: TableReader | undefined;
  readonly #isExact: boolean;
  readonly #copier: Copier | undefined;

  constructor(list: CopyList, stream: CopyStream, settings: CopySettings | undefined, copier: Copier | undefined) {
    this.list = list;
    this.stream = stream;
    this.#reader = settings?.reader;
    this.#isExact = settings?.isExact === true;
    this.#copier = copier;
  }

  get progress(): CopyProgress | undefined {
    return this.#copier?.progress;
  }

  /** Works until `ended`. */
  async run(ended: AbortSignal): Promise<void> {
    await this.#copier?.run(ended);
  }

  /** Breaks off what is being read. */
  async close(): Promise<void> {
    await this.#reader?.close();
  }

  /** Returns those that it is about. Throws USAGE, COPY_UNKNOWN, COPY_WITHOUT_GTIDS. */
  take(request: CopyRequest): readonly Copy[] {
    switch (request.do) {
      case 'copy': {
        if (this.#copier === undefined || this.stream.seen.gtidSet === undefined) throw withoutGtids();
        const copy = this.list.add(request.patterns, { part: request.part, isExact: this.#isExact });
        this.#copier.wake();
        return [copy];
      }
      case 'cancel':
        this.#copier?.cancels(request.id);
        return this.#changed(request.id, this.list.cancel(request.id));
      case 'pause':
      case 'resume':
        return this.#changed(request.id, this.list.pause(request.id, request.do === 'pause'));
    }
  }

  #changed(id: string, isKnown: boolean): readonly Copy[] {
    if (!isKnown) throw new RelayError('COPY_UNKNOWN', `no copy ${id} goes on`);
    this.#copier?.wake();
    return [this.list.get(id)];
  }
}

export function createCopies({ settings, stored, stream, planOptions, ...rest }: CopiesOptions): Copies {
  const list = new CopyList(stored, () => rest.clock.now());
  if (settings === undefined) return new Copies(list, stream, undefined, undefined);
  const { reader } = settings;
  stream.onMoved = () => void reader.reset();
  const withheld = new WithheldTables(list);
  stream.withhold(withheld);
  const copier = new Copier({
    list,
    reader,
    stream,
    withheld,
    pace: new CopyPace({
      ...settings,
      reached: (end, ended) => stream.reached(end, ended),
      clock: rest.clock,
    }),
    limits: settings,
    planOf: ({ table }, copy) =>
      new TablePlan(
        table,
        { counter: new ChangeCounter(), memory: new PlanMemory() },
        { ...planOptions, form: SELECTED, copy },
      ),
    ...rest,
  });
  return new Copies(list, stream, settings, copier);
}

const withoutGtids = (): RelayError =>
  new RelayError('COPY_WITHOUT_GTIDS', 'the source ran without GTIDs when this relay was started');
