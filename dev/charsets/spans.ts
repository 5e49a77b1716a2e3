/** Writes the tables that src/binlog/charsets/spans.ts reads: see the notation there. */

/** From here on a count is shorter than the characters. */
const MIN_RUN = 2;

/** `characters`: code to code point. */
export function spansOf(characters: ReadonlyMap<number, number>): readonly string[] {
  const spans: string[] = [];
  const codes = [...characters.keys()].sort((a, b) => a - b);
  for (let from = 0; from < codes.length;) {
    let to = from + 1;
    while (to < codes.length && codes[to] === (codes[to - 1] ?? 0) + 1) to++;
    const points = codes.slice(from, to).map((code) => characters.get(code) ?? 0);
    spans.push(`${(codes[from] ?? 0).toString(16)} ${piecesOf(points)}`);
    from = to;
  }
  return spans;
}

function piecesOf(points: readonly number[]): string {
  let pieces = '';
  for (let i = 0; i < points.length;) {
    const point = points[i] ?? 0;
    const character = String.fromCodePoint(point);
    if (/[0-9]/.test(character)) throw new Error('a digit of its own would be read as a count');
    pieces += character;
    let run = 0;
    while (points[i + run + 1] === point + run + 1) run++;
    if (run >= MIN_RUN) {
      pieces += String(run);
      i += run + 1;
    } else i += 1;
  }
  return pieces;
}

/** As a literal of TypeScript: what an editor may hide, reorder or normalize is escaped. */
export function literalOf(text: string): string {
  const inside = Array.from(text, (character) => {
    if (character === '\\' || character === "'") return `\\${character}`;
    const isPlain = /^[ -~]$/.test(character) || /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character);
    const isStable =
      character.normalize('NFC') === character && !/[\p{Script=Hebrew}\p{Script=Arabic}]/u.test(character);
    if (isPlain && isStable) return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `'${inside.join('')}'`;
}
