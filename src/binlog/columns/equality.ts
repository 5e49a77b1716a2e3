import type { Column } from '../binlog.ts';
import { collationOf } from '../charsets/collations.ts';
import { TYPE } from '../wire/column-types.ts';

/**
 * Collations under which printable-ASCII texts are equal only if they are after ASCII case folding and without the
 * spaces at their end. Of Unicode the untailored ones only: a language's own rules may make i equal to y (Lithuanian,
 * Latvian), to j (Latin), or ccs to cscs (Hungarian). Of the other charsets most of the defaults; big5, gb2312, gbk,
 * geostd8, koi8u and macce take different ASCII characters as equal. MariaDB's NO PAD variants fold as those do that
 * they are named after. test/integration/binlog/collations.test.ts asks the servers.
 */
const FOLDING = new Set([
  'utf8mb4_0900_ai_ci',
  'utf8mb4_0900_as_ci',
  'utf8mb4_0900_as_cs',
  'utf8mb4_general_ci',
  'utf8mb4_unicode_ci',
  'utf8mb4_unicode_520_ci',
  'utf8mb3_general_ci',
  'utf8mb3_unicode_ci',
  'utf8mb3_unicode_520_ci',
  'ascii_general_ci',
  'cp1250_general_ci',
  'cp1251_general_ci',
  'cp1256_general_ci',
  'cp1257_general_ci',
  'cp850_general_ci',
  'cp852_general_ci',
  'cp866_general_ci',
  'cp932_japanese_ci',
  'dec8_swedish_ci',
  'eucjpms_japanese_ci',
  'euckr_korean_ci',
  'gb18030_chinese_ci',
  'greek_general_ci',
  'hebrew_general_ci',
  'hp8_english_ci',
  'keybcs2_general_ci',
  'koi8r_general_ci',
  'latin1_swedish_ci',
  'latin2_general_ci',
  'latin5_turkish_ci',
  'latin7_general_ci',
  'macroman_general_ci',
  'sjis_japanese_ci',
  'tis620_thai_ci',
  'ucs2_general_ci',
  'ujis_japanese_ci',
  'utf16_general_ci',
  'utf16le_general_ci',
  'utf32_general_ci',
  ...['utf8mb4', 'utf8mb3'].flatMap((charset) =>
    ['ai_ci', 'ai_cs', 'as_ci', 'as_cs'].map((kind) => `${charset}_uca1400_${kind}`),
  ),
]);

/** True if values that SQL takes as equal always have the same text, spaces at its end aside. */
export function isByteEqual(column: Column): boolean {
  switch (column.type) {
    case TYPE.FLOAT:
    case TYPE.DOUBLE:
    case TYPE.JSON:
    case TYPE.GEOMETRY:
    case TYPE.VECTOR:
    case TYPE.BLOB_COMPRESSED:
    case TYPE.VARCHAR_COMPRESSED:
      return false;
    default:
      return !isText(column) || collationOf(column.collation)?.isBinary === true;
  }
}

/**
 * True if values whose texts are printable ASCII are equal in SQL only if the texts are equal after ASCII case folding
 * and without the spaces at their end. The other direction need not hold: NO PAD and case-sensitive collations tell
 * some of these apart.
 */
export function foldsAsAscii(column: Column): boolean {
  return isText(column) && FOLDING.has(collationOf(column.collation)?.name.replace('_nopad', '') ?? '');
}

/** ENUM and SET are not: what SQL compares is their number. COMPRESSED columns are in no key. */
function isText({ type }: Column): boolean {
  switch (type) {
    case TYPE.STRING:
    case TYPE.VARCHAR:
    case TYPE.VAR_STRING:
    case TYPE.TINY_BLOB:
    case TYPE.MEDIUM_BLOB:
    case TYPE.LONG_BLOB:
    case TYPE.BLOB:
      return true;
    default:
      return false;
  }
}
