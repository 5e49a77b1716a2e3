import { flavourOf, parseGtids } from '../../binlog/gtids/gtids.ts';
import { isBefore } from '../../binlog/wire/binlog-file.ts';
import type { StartPosition } from '../../source/source.ts';

/** True when everything up to `head` is before `position`. */
export function hasReached(position: StartPosition, head: StartPosition): boolean {
  if (position.gtidSet !== undefined && head.gtidSet !== undefined) {
    const flavour = flavourOf(head.gtidSet, position.gtidSet) ?? 'mysql';
    // The address has come to lead to a server of the other make, which is refused when it is connected to.
    if ((flavourOf(position.gtidSet) ?? flavour) !== flavour) return false;
    return parseGtids(flavour, position.gtidSet).contains(parseGtids(flavour, head.gtidSet));
  }
  return !isBefore(position, head);
}
