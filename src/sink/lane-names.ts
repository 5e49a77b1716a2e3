/**
 * Which queue RocketMQ's proxy takes for a message group, and names of lanes that use all queues alike. Numbering alone
 * spreads badly: `lane-0` to `lane-15` put five lanes on one of eight queues and none on another.
 */

/** String.hashCode of Java: 32 bits, over UTF-16 units. */
function javaHashCode(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

const LCG_MULTIPLIER = 2_862_933_555_777_941_757n;

/** Hashing.consistentHash of Guava: jump hash by Lamping and Veach over a linear congruential generator of 64 bits. */
function consistentHash(input: number, buckets: number): number {
  let state = BigInt.asUintN(64, BigInt(input));
  let candidate = 0;
  for (;;) {
    state = BigInt.asUintN(64, LCG_MULTIPLIER * state + 1n);
    const fraction = (Number(state >> 33n) + 1) / 2 ** 31;
    const next = Math.trunc((candidate + 1) / fraction);
    if (next >= buckets) return candidate;
    candidate = next;
  }
}

/**
 * The queue, counted from 0 over all writable queues of the topic, that a single message of group `lane` is stored in.
 */
export function queueOf(lane: string, queues: number): number {
  return consistentHash(javaHashCode(lane), queues);
}

/** The first `lanes` names `<prefix><n>` of which no queue holds more than one above any other. */
export function laneNames(queues: number, lanes: number, prefix: string): readonly string[] {
  const held = new Array<number>(queues).fill(0);
  const names: string[] = [];
  for (let number = 0; names.length < lanes; number += 1) {
    const name = `${prefix}${number}`;
    const queue = queueOf(name, queues);
    const inQueue = held[queue] ?? 0;
    if (inQueue > Math.min(...held)) continue;
    held[queue] = inQueue + 1;
    names.push(name);
  }
  return names;
}
