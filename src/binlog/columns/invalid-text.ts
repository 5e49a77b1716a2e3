import type { RelayError } from '../../base/errors.ts';
import type { WriteText } from '../binlog.ts';
import { writeBase64 } from '../bytes/base64.ts';

/**
 * What is published for a value with bytes that are no characters of its charset. `fail`: nothing, the writer throws.
 * `empty`: no text, so that all such values have the same. A function: the bytes as MySQL stores them, in base64, and
 * the function is told the name of the column.
 */
export type InvalidText = 'fail' | 'empty' | ((column: string) => void);

/**
 * Writes the whole of such a value: a text writer that meets the bytes hands over to it, from the start of the value.
 */
export function invalidTextWriter(how: InvalidText, column: string, error: () => RelayError): WriteText {
  if (how === 'empty') return (_, o) => o;
  if (how !== 'fail') {
    return (out, o, b, p, e) => {
      how(column);
      return writeBase64(out, o, b, p, e, e);
    };
  }
  return () => {
    throw error();
  };
}
