/** The parts of a message that one wants to see first. `body`: as the topic has it. */
export function showMessage(body: Buffer | undefined): string {
  if (body === undefined) return '    (it has not come)';
  const all = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>;
  const shown = ['database', 'table', 'type', 'data', 'old', 'source', 'changes', 'gtid', 'es'];
  return shown
    .map((name, i) => {
      const [begin, end] = [i === 0 ? '{ ' : '  ', i === shown.length - 1 ? ' … }' : ','];
      return `    ${begin}"${name}": ${JSON.stringify(all[name])}${end}`;
    })
    .join('\n');
}
