/** One thing that is measured: `run` does it `operations` times. */
export interface MicroCase {
  readonly name: string;
  readonly operations: number;
  run(): void;
}

/** A case that calls `step` so many times, with 0, 1, 2 … */
export function repeated(name: string, operations: number, step: (i: number) => void): MicroCase {
  return {
    name,
    operations,
    run: () => {
      for (let i = 0; i < operations; i += 1) step(i);
    },
  };
}
