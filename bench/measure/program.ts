/**
 * Measured code runs in a process of its own, as plain JavaScript that tsc made with the options of the product: what
 * translates TypeScript as it loads, adds to every function. Its arguments and its result are JSON.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

const COMPILED = join(import.meta.dirname, '../../.bench/bench');
const MAX_OUTPUT_BYTES = 64 << 20;

/**
 * Runs `bench/<name>.ts`, compiled by `npm run build:bench`, and resolves to what it reports: the caller knows what
 * that is. Throws with its stderr when it fails.
 */
export function runProgram<Result>(name: string, args: object, nodeFlags: readonly string[] = []): Promise<Result> {
  const file = join(COMPILED, `${name}.js`);
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...nodeFlags, file, JSON.stringify(args)],
      { maxBuffer: MAX_OUTPUT_BYTES },
      (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout) as Result);
        else reject(new Error(`${name} failed: ${stderr === '' ? error.message : stderr}`, { cause: error }));
      },
    );
  });
}

/** What the program was given. To be called by the program. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export const programArguments = <Args>(): Args => JSON.parse(process.argv[2] ?? '{}') as Args;

/** Ends the program: what it has open does not matter any more. */
export function report(result: object): void {
  process.stdout.write(JSON.stringify(result), () => {
    process.exit(0);
  });
}
