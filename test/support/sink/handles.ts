/** What keeps the process alive now, beside what a closing socket or a test runner has for a moment. */
export function handles(): readonly string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => !PASSING.has(name))
    .toSorted();
}

const PASSING = new Set([
  'Immediate',
  'SimpleShutdownWrap',
  'MessagePort',
  'FSReqPromise',
  'FSReqCallback',
  'PipeWrap',
]);

/** Throws when something that was not there before is still there after 2 s. */
export async function expectNoNewHandles(before: readonly string[]): Promise<void> {
  const endMs = performance.now() + 2000;
  for (;;) {
    const added = [...handles()];
    for (const name of before) {
      const index = added.indexOf(name);
      if (index !== -1) added.splice(index, 1);
    }
    if (added.length === 0) return;
    if (performance.now() > endMs) throw new Error(`still open: ${added.join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
