import { randomInt } from 'node:crypto';
import { text } from '../../sandbox-cloud/inputs.js';
import { randomToken, type RandomType } from '../random-type.js';
import { count, KEEPERS } from './arguments.js';
import { ADJECTIVES, ADVERBS, ANIMALS } from './pet-words.js';

/** An animal, an adjective before it, and adverbs before that: `barely-calm-otter`. The name is the id; there is no other result. */
export const RANDOM_PET: RandomType = {
  type: randomToken('Pet'),
  inputs: { keepers: KEEPERS, length: count(1), prefix: text({ replaces: true }), separator: text({ replaces: true }) },
  complete: (inputs) => ({ length: 2, separator: '-', ...inputs }),
  results: [],
  generate: ({ length, prefix, separator }) => {
    const words = Array.from({ length: Number(length) }, (_, place, last = Number(length) - 1) =>
      pick(place === last ? ANIMALS : place === last - 1 ? ADJECTIVES : ADVERBS),
    );
    return { id: [...(prefix ? [prefix] : []), ...words].join(String(separator)), results: {} };
  },
};

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? '';
}
