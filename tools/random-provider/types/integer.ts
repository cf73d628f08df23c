import { number, text } from '../../sandbox-cloud/inputs.js';
import { randomToken, type RandomType } from '../random-type.js';
import { invalidImport, KEEPERS } from './arguments.js';
import { drawFrom } from './seeded.js';

/** Numbers that one draw can reach, source: `crypto.randomInt`. */
const WIDEST = 2 ** 48 - 1;

const whole = number({
  required: true,
  replaces: true,
  check: (value) => (Number.isSafeInteger(value) ? undefined : `value must be a whole number, got: ${value}`),
});

export const RANDOM_INTEGER: RandomType = {
  type: randomToken('Integer'),
  inputs: { keepers: KEEPERS, max: whole, min: whole, seed: text({ replaces: true }) },
  results: ['result'],
  validate: ({ min, max }) => {
    if (typeof min !== 'number' || typeof max !== 'number') return [];
    if (max < min) {
      return [
        {
          property: 'min',
          reason: 'The minimum (min) value needs to be smaller than or equal to maximum (max) value.',
        },
      ];
    }
    return max - min >= WIDEST ? [{ property: 'max', reason: `the range must hold less than 2^48 numbers` }] : [];
  },
  generate: ({ min, max, seed }) => {
    const result = Number(min) + drawFrom(seed)(Number(max) - Number(min) + 1);
    return { id: String(result), results: { result } };
  },
  /** `<result>,<min>,<max>[,<seed>]`. */
  adopt: (given) => {
    const match = /^(-?\d+),(-?\d+),(-?\d+)(?:,(.*))?$/.exec(given);
    if (!match) throw invalidImport(randomToken('Integer'), '{result},{min},{max} or {result},{min},{max},{seed}');
    const [, result, min, max, seed] = match;
    return {
      id: String(result),
      inputs: { min: Number(min), max: Number(max), ...(seed !== undefined && { seed }) },
      results: { result: Number(result) },
    };
  },
};
