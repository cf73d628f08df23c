import { randomInt } from 'node:crypto';
import bcrypt from 'bcryptjs';
import { flag, text } from '../../sandbox-cloud/inputs.js';
import type { CheckFailure, Properties } from '../../sandbox-cloud/provider.port.js';
import { randomToken, type RandomType } from '../random-type.js';
import { count, KEEPERS } from './arguments.js';

/** Argument → its characters; `special` may be overridden. */
const CLASSES = {
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  lower: 'abcdefghijklmnopqrstuvwxyz',
  numeric: '0123456789',
  special: '!@#$%&*()-_=+[]{}<>:?',
} as const;
const MINIMA = { upper: 'minUpper', lower: 'minLower', numeric: 'minNumeric', special: 'minSpecial' } as const;
const CLASS_NAMES = Object.keys(CLASSES) as (keyof typeof CLASSES)[];

/** Source: `bcrypt.DefaultCost` of the real provider. */
const BCRYPT_COST = 10;
/** bcrypt hashes no more; the rest is cut off, as the real provider does. */
const BCRYPT_BYTES = 72;

const SWITCH = flag({ replaces: true });

const DEFAULTS = { lower: true, minLower: 0, minNumeric: 0, minSpecial: 0, minUpper: 0, special: true, upper: true };

/** Shared by passwords and strings; `number` is the old name of `numeric`. */
const STRING: Pick<RandomType, 'inputs' | 'complete' | 'validate'> = {
  inputs: {
    keepers: KEEPERS,
    length: count(1, { required: true }),
    lower: SWITCH,
    minLower: count(0),
    minNumeric: count(0),
    minSpecial: count(0),
    minUpper: count(0),
    number: SWITCH,
    numeric: SWITCH,
    overrideSpecial: text({ replaces: true }),
    special: SWITCH,
    upper: SWITCH,
  },
  complete: (inputs) => {
    const numeric = numericOf(inputs);
    return { ...DEFAULTS, ...inputs, number: numeric, numeric };
  },
  validate: (inputs) => {
    const failures: CheckFailure[] = [];
    const minimum = CLASS_NAMES.reduce((sum, name) => sum + numberOf(inputs[MINIMA[name]]), 0);
    if (typeof inputs.length === 'number' && inputs.length < minimum) {
      failures.push({
        property: 'length',
        reason: `value must be at least sum of minUpper + minLower + minNumeric + minSpecial (${minimum}), got: ${inputs.length}`,
      });
    }
    if (inputs.number !== undefined && inputs.numeric !== undefined && inputs.number !== inputs.numeric) {
      failures.push({ property: 'number', reason: 'Cannot specify different values for number and numeric' });
    }
    if (CLASS_NAMES.every((name) => isOff(inputs, name))) {
      failures.push({ property: 'special', reason: 'At least one of special, upper, lower, numeric must be true' });
    }
    return failures;
  },
};

/** Not to be imported: the id to import would be the password, and ids stand in the state in clear. */
export const RANDOM_PASSWORD: RandomType = {
  type: randomToken('Password'),
  ...STRING,
  results: ['bcryptHash', 'result'],
  secretResults: ['bcryptHash', 'result'],
  generate: async (inputs) => {
    const result = makeString(inputs);
    return { id: 'none', results: { result, bcryptHash: await bcryptHash(result) } };
  },
};

export const RANDOM_STRING: RandomType = {
  type: randomToken('String'),
  ...STRING,
  results: ['result'],
  generate: (inputs) => {
    const result = makeString(inputs);
    return { id: result, results: { result } };
  },
  adopt: (result) => ({ id: result, inputs: { length: Array.from(result).length }, results: { result } }),
};

/** As many of each class as demanded, the rest of any class that is on, in random order. */
function makeString(inputs: Properties): string {
  const override = inputs.overrideSpecial;
  const classes = { ...CLASSES, ...(typeof override === 'string' && override !== '' && { special: override }) };
  const all = CLASS_NAMES.filter((name) => inputs[name] === true)
    .map((name) => classes[name])
    .join('');
  const demanded = CLASS_NAMES.flatMap((name) => draw(classes[name], numberOf(inputs[MINIMA[name]])));
  return shuffled([...demanded, ...draw(all, numberOf(inputs.length) - demanded.length)]).join('');
}

function draw(characters: string, times: number): string[] {
  const set = Array.from(characters);
  return Array.from({ length: times }, () => set[randomInt(set.length)] ?? '');
}

function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

function numericOf({ number, numeric }: Properties): unknown {
  return numeric ?? number ?? true;
}

function isOff(inputs: Properties, name: keyof typeof CLASSES): boolean {
  return (name === 'numeric' ? numericOf(inputs) : inputs[name]) === false;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** `$2a$`, the form of the real provider. */
async function bcryptHash(password: string): Promise<string> {
  const salt = await bcrypt.genSalt(BCRYPT_COST);
  const bytes = Buffer.from(password).subarray(0, BCRYPT_BYTES).toString();
  return bcrypt.hash(bytes, salt.replace('$2b$', '$2a$'));
}
