import { equalBytes } from '../../base/equal-bytes.ts';

/** Who made a transaction. Kept from one transaction to the next, so that the text is only built when it changes. */
export interface GtidSource {
  /** `uuid`, or `uuid:tag`, in lower case as MySQL prints it; empty for an anonymous transaction. */
  source: string;
  /** The 16 bytes and the tag that `source` was made from. */
  readonly uuid: Buffer;
  tag: string;
}

/** Makes `into` the source of the uuid at `b[at, at + 16)` with `tag`, which is empty for none. */
export function setSource(into: GtidSource, b: Buffer, at: number, tag: string): void {
  if (into.source !== '' && into.tag === tag && equalBytes(b, at, into.uuid, 0, 16)) return;
  b.copy(into.uuid, 0, at, at + 16);
  into.tag = tag;
  into.source = sourceText(b, at, tag);
}

/** `uuid`, or `uuid:tag`, of the uuid at `b[at, at + 16)`. */
function sourceText(b: Buffer, at: number, tag: string): string {
  const hex = b.toString('hex', at, at + 16);
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  return tag === '' ? uuid : `${uuid}:${tag}`;
}
