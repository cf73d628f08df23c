import { list, text } from '../../sandbox-cloud/inputs.js';
import { randomToken, type RandomType } from '../random-type.js';
import { count, KEEPERS } from './arguments.js';
import { type Draw, drawFrom } from './seeded.js';

export const RANDOM_SHUFFLE: RandomType = {
  type: randomToken('Shuffle'),
  inputs: {
    inputs: list({ required: true, replaces: true }),
    keepers: KEEPERS,
    resultCount: count(0),
    seed: text({ replaces: true }),
  },
  results: ['results'],
  generate: ({ inputs, resultCount, seed }) => {
    const items = inputs as unknown[];
    const wanted = items.length === 0 ? 0 : Number(resultCount || items.length);
    const draw = drawFrom(seed);
    const results: unknown[] = [];
    while (results.length < wanted) results.push(...permutation(items, draw)); // no item more often than once a round
    return { id: '-', results: { results: results.slice(0, wanted) } };
  },
};

function permutation<T>(items: readonly T[], draw: Draw): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(draw(rest.length), 1)[0] as T);
}
