/** Every charset that a MySQL column can have and whose bytes are not UTF-8 as they stand. */
import type { Charset, ReadCharacter } from './charset.ts';
import type { CharsetTable } from './spans.ts';
import { doubleByteReader, eucReader, gb18030Reader, singleByteReader } from './tables.ts';
import { BIG5 } from './tables/big5.ts';
import { CP932 } from './tables/cp932.ts';
import { EUCJPMS } from './tables/eucjpms.ts';
import { EUCKR } from './tables/euckr.ts';
import { GB18030 } from './tables/gb18030.ts';
import { GB2312 } from './tables/gb2312.ts';
import { GBK } from './tables/gbk.ts';
import { SINGLE_BYTE } from './tables/single-byte.ts';
import { SJIS } from './tables/sjis.ts';
import { UJIS } from './tables/ujis.ts';
import { readUcs2, readUtf16, readUtf16le, readUtf32 } from './unicode.ts';

/** Decodes the table, if the charset has one. */
type NewCharset = (name: string) => Charset;

const looked =
  (table: CharsetTable, reader: (table: CharsetTable) => ReadCharacter): NewCharset =>
  (name) => ({ name, isAscii: table.isAscii, read: reader(table) });
const computed =
  (read: ReadCharacter): NewCharset =>
  (name) => ({ name, isAscii: false, read });

/** `ascii` is among the single-byte tables: MySQL before 8.0.13 takes bytes above 7F there, which are not UTF-8. */
const CHARSETS: ReadonlyMap<string, NewCharset> = new Map([
  ...Object.entries(SINGLE_BYTE).map(([name, table]) => [name, looked(table, singleByteReader)] as const),
  ['big5', looked(BIG5, doubleByteReader)],
  ['gbk', looked(GBK, doubleByteReader)],
  ['gb2312', looked(GB2312, doubleByteReader)],
  ['gb18030', looked(GB18030, gb18030Reader)],
  ['sjis', looked(SJIS, doubleByteReader)],
  ['cp932', looked(CP932, doubleByteReader)],
  ['ujis', looked(UJIS, eucReader)],
  ['eucjpms', looked(EUCJPMS, eucReader)],
  ['euckr', looked(EUCKR, doubleByteReader)],
  ['ucs2', computed(readUcs2)],
  ['utf16', computed(readUtf16)],
  ['utf16le', computed(readUtf16le)],
  ['utf32', computed(readUtf32)],
]);

const used = new Map<string, Charset>();

/** The charset of that name, its table decoded at the first call; undefined if there is none. */
export function charsetOf(name: string): Charset | undefined {
  const known = used.get(name);
  if (known !== undefined) return known;
  const charset = CHARSETS.get(name)?.(name);
  if (charset !== undefined) used.set(name, charset);
  return charset;
}
