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

/** `ascii` is a table too: MySQL before 8.0.13 takes bytes above 7F there. */
const TABLES: Readonly<Record<string, CharsetTable>> = {
  ...SINGLE_BYTE,
  big5: BIG5,
  gbk: GBK,
  gb2312: GB2312,
  gb18030: GB18030,
  sjis: SJIS,
  cp932: CP932,
  ujis: UJIS,
  eucjpms: EUCJPMS,
  euckr: EUCKR,
};
const WORDS: Readonly<Record<string, ReadCharacter>> = {
  ucs2: readUcs2,
  utf16: readUtf16,
  utf16le: readUtf16le,
  utf32: readUtf32,
};

const charsets = new Map<string, Charset>();

/** The charset of that name, its table decoded at the first call; undefined if there is none. */
export function charsetOf(name: string): Charset | undefined {
  const known = charsets.get(name);
  if (known !== undefined) return known;
  const charset = newCharset(name);
  if (charset !== undefined) charsets.set(name, charset);
  return charset;
}

function newCharset(name: string): Charset | undefined {
  const table = TABLES[name];
  if (table !== undefined) return { name, isAscii: table.isAscii, read: readerOf(name, table) };
  const read = WORDS[name];
  return read && { name, isAscii: false, read };
}

function readerOf(name: string, table: CharsetTable): ReadCharacter {
  if (name in SINGLE_BYTE) return singleByteReader(table);
  if (name === 'gb18030') return gb18030Reader(table);
  return table.long.length > 0 ? eucReader(table) : doubleByteReader(table);
}
