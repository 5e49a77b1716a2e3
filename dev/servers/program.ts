/** One program of a server under our control: a child process (child.ts) or a container (container.ts). */
export interface Program {
  /** Runs it; it need not be ready yet. */
  start(): Promise<void>;
  /** Asks it to stop and waits until it has; after 30 s it is killed. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  isRunning(): Promise<boolean>;
  pid(): Promise<number | undefined>;
  /** The last lines it wrote. */
  logTail(): Promise<string>;
  /** Makes sure that its whole log is in the run folder. */
  saveLog(): Promise<void>;
}

/** Waits until `probe` succeeds; throws with the end of the log when a program has ended or the time is over. */
export async function untilReady<T>(
  what: string,
  programs: readonly Program[],
  timeoutMs: number,
  probe: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await probe();
    } catch (thrown) {
      const running = await Promise.all(programs.map((program) => program.isRunning()));
      if (running.includes(false) || performance.now() > deadline) {
        const tails = await Promise.all(programs.map((program) => program.logTail()));
        const why = running.includes(false) ? 'ended' : `was not ready within ${timeoutMs / 1000} s`;
        throw new Error(`${what} ${why}. The end of its log:\n${tails.join('\n')}`, { cause: thrown });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
