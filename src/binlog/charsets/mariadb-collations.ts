/**
 * Collations that MariaDB 10.11 and 11.8 have beyond those of MySQL. Their ids follow rules, so the names are built
 * from them; test/integration/binlog/ collations.test.ts compares all with the server's. Source: include/my_sys.h and
 * strings/ctype-uca1400.h of MariaDB
 *
 *   1024 + id: the collation of that id, NO PAD      2048 + 256 * charset + 8 * language + 4 if NO PAD + 2 if as + 1 if cs: uca1400
 *   576 + 32 * charset + 0, 1, 2: Croatian, Myanmar, Thai; + 3: general1400_as_ci, of utf8mb3 and utf8mb4 only
 */
interface Named {
  readonly name: string;
  readonly charset: string;
  /** The most bytes that a character of the charset takes. */
  readonly maxBytes: number;
}

const UTF8MB3 = { charset: 'utf8mb3', maxBytes: 3 };
const UTF8MB4 = { charset: 'utf8mb4', maxBytes: 4 };
const UCS2 = { charset: 'ucs2', maxBytes: 2 };
const UTF16 = { charset: 'utf16', maxBytes: 4 };
const UTF32 = { charset: 'utf32', maxBytes: 4 };

const UCA1400 = 2048;
const UCA1400_CHARSETS = [UTF8MB3, UTF8MB4, UCS2, UTF16, UTF32];
/** The first has none; 21 and 22 are not given out. */
const LANGUAGES =
  ',icelandic,latvian,romanian,slovenian,polish,estonian,spanish,swedish,turkish,czech,danish,lithuanian,slovak,spanish2,roman,persian,esperanto,hungarian,sinhala,german2,,,vietnamese,croatian'.split(
    ',',
  );
const UCA1400_KINDS = 'ai_ci,ai_cs,as_ci,as_cs,nopad_ai_ci,nopad_ai_cs,nopad_as_ci,nopad_as_cs'.split(',');

const NOPAD = 1024;

const OLD = 576;
const OLD_CHARSETS = [UTF8MB3, UTF8MB4, UCS2, UTF16, undefined, UTF32];
const OLD_NAMES = ['croatian_ci', 'myanmar_ci', 'thai_520_w2', 'general1400_as_ci'];
const GENERAL1400 = 3;
const GENERAL1400_CHARSETS = 2;

/** `mysql`: the collation of an id that MySQL has as well. Undefined for an id that MariaDB 11.8 does not have. */
export function mariadbCollation(id: number, mysql: (id: number) => Named | undefined): Named | undefined {
  if (id >= UCA1400) return uca1400(id - UCA1400);
  if (id >= NOPAD) {
    const padded = mysql(id - NOPAD);
    return padded && { ...padded, name: padded.name.replace(/_(ci|bin)$/, '_nopad_$1') };
  }
  const number = (id - OLD) & 31;
  const charsets = number === GENERAL1400 ? OLD_CHARSETS.slice(0, GENERAL1400_CHARSETS) : OLD_CHARSETS;
  const charset = charsets[(id - OLD) >> 5];
  const name = OLD_NAMES[number];
  return charset && name !== undefined ? { ...charset, name: `${charset.charset}_${name}` } : undefined;
}

function uca1400(rest: number): Named | undefined {
  const charset = UCA1400_CHARSETS[rest >> 8];
  const number = (rest & 0xff) >> 3;
  const language = LANGUAGES[number];
  const kind = UCA1400_KINDS[rest & 7];
  if (charset === undefined || language === undefined || kind === undefined) return undefined;
  if (language === '') {
    return number === 0 ? { ...charset, name: `${charset.charset}_uca1400_${kind}` } : undefined;
  }
  return { ...charset, name: `${charset.charset}_uca1400_${language}_${kind}` };
}
