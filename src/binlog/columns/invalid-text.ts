import type { RelayError } from '../../base/errors.ts';
import type { WriteText } from '../binlog.ts';

/** What is published for a value with bytes that are no characters of its charset. `fail`: nothing, the writer throws. */
export type InvalidText = 'fail';

const WRITERS: Readonly<Record<InvalidText, (error: () => RelayError) => WriteText>> = {
  fail: (error) => () => {
    throw error();
  },
};

/** Writes the whole of such a value: a text writer that meets the bytes hands over to it, from the start of the value. */
export function invalidTextWriter(how: InvalidText, error: () => RelayError): WriteText {
  return WRITERS[how](error);
}
