import { createHash, randomInt } from 'node:crypto';

/** Whole numbers from 0 to `below` - 1. */
export type Draw = (below: number) => number;

/** 2^48, the width of one draw. */
const WIDTH = 2 ** 48;

/** Cryptographically secure without a seed; with one, the same sequence every time. @param below at most 2^48 */
export function drawFrom(seed: unknown): Draw {
  if (typeof seed !== 'string' || seed === '') return (below) => (below <= 1 ? 0 : randomInt(below));
  let drawn = 0;
  return (below) => {
    // What lies above the last whole multiple of `below` would make small numbers likelier.
    for (;;) {
      const value = createHash('sha256').update(`${seed}|${drawn++}`).digest().readUIntBE(0, 6);
      if (value < WIDTH - (WIDTH % below)) return value % below;
    }
  };
}
