import { isUtf8 } from 'node:buffer';
import type { Column } from '../binlog.ts';
import { decoded } from '../charsets/charset.ts';
import { charsetOf } from '../charsets/charsets.ts';
import { collationOf } from '../charsets/collations.ts';

/**
 * The labels of an ENUM or SET as text; undefined for one with bytes that are no characters of the column's charset.
 */
export function labelTexts({ collation, labels }: Column): readonly (string | undefined)[] {
  const charset = charsetOf(collationOf(collation)?.charset ?? '');
  return labels.map((label) => {
    if (charset !== undefined) return decoded(charset, label);
    return isUtf8(label) ? label.toString('utf8') : undefined;
  });
}
