/** What a stretch of work took. */
export interface Usage {
  readonly seconds: number;
  /** User and system time of all threads of the process. */
  readonly cpuSeconds: number;
}

/** Measures this process from now on. */
export class Stopwatch {
  readonly #startMs = performance.now();
  readonly #start = process.cpuUsage();

  read(): Usage {
    const { user, system } = process.cpuUsage(this.#start);
    return { seconds: (performance.now() - this.#startMs) / 1000, cpuSeconds: (user + system) / 1e6 };
  }
}

/** Of this process so far. */
export const peakRssMb = (): number => Math.round(process.resourceUsage().maxRSS / 1024);
