/** The type bytes of a binary JSON document. Source: sql-common/json_binary.cc */
export const JSON_TYPE = {
  SMALL_OBJECT: 0x0,
  LARGE_OBJECT: 0x1,
  SMALL_ARRAY: 0x2,
  LARGE_ARRAY: 0x3,
  LITERAL: 0x4,
  INT16: 0x5,
  UINT16: 0x6,
  INT32: 0x7,
  UINT32: 0x8,
  INT64: 0x9,
  UINT64: 0xa,
  DOUBLE: 0xb,
  STRING: 0xc,
  OPAQUE: 0xf,
} as const;

/** JSON_DOCUMENT_MAX_DEPTH of sql-common/json_syntax_check.cc. */
export const MAX_JSON_DEPTH = 100;

/** Literals and short integers stand in the value entry of their object or array itself. */
export function isInlined(type: number, isLarge: boolean): boolean {
  switch (type) {
    case JSON_TYPE.LITERAL:
    case JSON_TYPE.INT16:
    case JSON_TYPE.UINT16:
      return true;
    case JSON_TYPE.INT32:
    case JSON_TYPE.UINT32:
      return isLarge;
    default:
      return false;
  }
}
