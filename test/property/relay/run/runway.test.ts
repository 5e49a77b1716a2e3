/** Against a server that writes, begins files and purges as MySQL does: it never purges before the runway said. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BinlogHistory } from '../../../../src/relay/run/binlog-history.ts';
import { runwayOf, type Runway } from '../../../../src/relay/run/runway.ts';

const EXPIRE_SECONDS = 600;
const BEGINS_MS = 1_800_000_000_123;

class Server {
  nowMs = BEGINS_MS;
  readonly files: { name: string; sizeBytes: number; changedMs: number }[] = [];
  #count = 0;

  constructor() {
    this.#begin();
  }

  get newest(): Server['files'][number] {
    const file = this.files.at(-1);
    if (file === undefined) throw new Error('there is always a file');
    return file;
  }

  write(sizeBytes: number): void {
    this.newest.sizeBytes += sizeBytes;
    this.newest.changedMs = this.nowMs;
  }

  /** The end of the file is written, the next one begun, and what is too old removed: by whole seconds. */
  rotate(): void {
    this.write(50);
    this.#begin();
    const purgeBefore = Math.floor(this.nowMs / 1000) - EXPIRE_SECONDS;
    while (this.files.length > 1 && Math.floor((this.files[0]?.changedMs ?? 0) / 1000) < purgeBefore)
      this.files.shift();
  }

  #begin(): void {
    this.#count += 1;
    const name = `binlog.${String(this.#count).padStart(6, '0')}`;
    this.files.push({ name, sizeBytes: 100, changedMs: this.nowMs });
  }
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 0, max: 300 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('write', 'rotate', 'read') }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('ask' as const) }) },
  ),
  { minLength: 1, maxLength: 60 },
);

it('is never more than real', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 5 }), (list, stuckAt) => {
      const server = new Server();
      for (let file = 0; file < stuckAt; file += 1) server.rotate();
      const history = new BinlogHistory();
      const needed = server.files[Math.floor(stuckAt / 2)]?.name ?? '';
      let read = { file: needed, commitMs: 0 };
      const promises: { readonly untilMs: number; readonly runway: Runway }[] = [];
      for (const step of list) {
        if (step.do === 'wait') server.nowMs += step.seconds * 1000;
        else if (step.do === 'write') server.write(10);
        else if (step.do === 'rotate') server.rotate();
        // The commit of what is read last is what the file was changed at, or before.
        else if (step.do === 'read') {
          const file = server.files.find(({ name }) => name === needed);
          if (file !== undefined) read = { file: needed, commitMs: file.changedMs };
        } else {
          const { nowMs } = server;
          const files = server.files.map(({ name, sizeBytes }) => ({ name, sizeBytes }));
          history.add({ serverUuid: 'it', files, asOfMs: nowMs }, read);
          const runway = runwayOf({
            files,
            needed,
            modifiedMs: history.changedMs(needed),
            expireSeconds: EXPIRE_SECONDS,
            spaceLimitBytes: undefined,
            growth: history.growth,
            nowMs,
          });
          if (runway.kind === 'known') promises.push({ untilMs: nowMs + runway.seconds * 1000, runway });
          expect(runway.kind === 'gone').toBe(!files.some(({ name }) => name === needed));
        }
        if (server.files.some(({ name }) => name === needed)) continue;
        for (const { untilMs } of promises) expect(server.nowMs).toBeGreaterThanOrEqual(untilMs);
      }
    }),
    { numRuns: 500 },
  );
});
