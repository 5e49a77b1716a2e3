/** SQL of a text, whatever it holds and whatever the mode of the session. */
export const textLiteral = (text: string): string =>
  text === '' ? "''" : `CONVERT(x'${Buffer.from(text).toString('hex')}' USING utf8mb4)`;
