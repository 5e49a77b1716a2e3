import { mulberry32 } from '../../dev/mulberry32.ts';

/** Random numbers of a seed: the same load for the same seed, on every machine. */
export type Random = () => number;

/** Numbers in [0, 1). */
export function seededRandom(seed: number): Random {
  const next = mulberry32(seed);
  return () => next() / 2 ** 32;
}

/** A whole number in [0, below). */
export const below = (random: Random, limit: number): number => Math.floor(random() * limit);
