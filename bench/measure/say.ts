/** Progress goes to stderr, results to stdout. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);
