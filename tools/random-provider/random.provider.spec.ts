import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { type Properties, UNKNOWN } from '../sandbox-cloud/provider.port.js';
import { randomToken } from './random-type.js';
import { RANDOM_TYPES, randomTypeOf } from './random-types.js';
import { RandomProvider } from './random.provider.js';

const provider = new RandomProvider();
const named = (name: string) => ({ urn: `urn:pulumi:s::p::${randomToken(name)}::subject`, type: randomToken(name) });

async function create(
  name: string,
  news: Properties,
): Promise<{ id: string; inputs: Properties; outputs: Properties }> {
  const { inputs, failures } = await provider.check({ ...named(name), news });
  expect(failures).toEqual([]);
  return { inputs, ...(await provider.create({ ...named(name), inputs, preview: false, token: 't' })) };
}
const failures = async (name: string, news: Properties): Promise<string[]> =>
  (await provider.check({ ...named(name), news })).failures.map(({ property, reason }) => `${property}: ${reason}`);
const replaced = async (name: string, oldInputs: Properties, news: Properties): Promise<readonly string[]> => {
  const diff = await provider.diff({ ...named(name), oldInputs, news });
  expect(diff).toMatchObject({ changes: diff.replaces.length > 0, deleteBeforeReplace: false });
  return diff.replaces;
};

describe('RandomProvider', () => {
  it.each([...RANDOM_TYPES.keys()])('names arguments, results and secrets of %s as the SDK does', (token) => {
    const file = (token.split(':')[1] ?? '').replace('index/', '');
    const read = (ending: string) =>
      readFileSync(join(PROJECT_ROOT, 'node_modules/@pulumi/random', file + ending), 'utf8');
    const args = /export interface \w+Args \{([\s\S]*?)\n\}/.exec(read('.d.ts'))?.[1] ?? '';
    const body = /export declare class \w+ extends[\s\S]*?\n\}/.exec(read('.d.ts'))?.[0] ?? '';
    const names = (text: string, pattern: RegExp) =>
      Array.from(text.matchAll(pattern), ([, name]) => name ?? '').sort();
    const { inputs, results, secretResults = [] } = randomTypeOf(token);

    expect(Object.keys(inputs).sort()).toEqual(names(args, /^ {4}(\w+)\??:/gm));
    expect(Object.keys(inputs).filter((key) => inputs[key]?.required)).toEqual(names(args, /^ {4}(\w+):/gm));
    expect([...Object.keys(inputs), ...results].sort()).toEqual(names(body, /^ {4}readonly (\w+): pulumi\.Output</gm));
    const [, secrets = '[]'] = /additionalSecretOutputs: (\[.*?\])/.exec(read('.js')) ?? [];
    expect([...secretResults]).toEqual(JSON.parse(secrets));
    expect(Object.values(inputs).every(({ replaces }) => replaces)).toBe(true);
  });

  describe('passwords and strings', () => {
    it('draw from every class, with the defaults among the outputs only', async () => {
      const { id, inputs, outputs } = await create('Password', { length: 400 });
      expect(inputs).toEqual({ length: 400 });
      expect(outputs).toEqual({
        ...{ length: 400, lower: true, upper: true, special: true, number: true, numeric: true },
        ...{ minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 },
        result: expect.stringMatching(/^[A-Za-z0-9!@#$%&*()\-_=+[\]{}<>:?]{400}$/),
        bcryptHash: expect.stringMatching(/^\$2a\$10\$.{53}$/),
      });
      expect(id).toBe('none');
      for (const kind of [/[A-Z]/, /[a-z]/, /[0-9]/, /[^A-Za-z0-9]/]) expect(outputs.result).toMatch(kind);
    });

    it('hash what they made, of long ones the first 72 bytes', async () => {
      const { outputs } = await create('Password', { length: 100 });
      await expect(bcrypt.compare(String(outputs.result).slice(0, 72), String(outputs.bcryptHash))).resolves.toBe(true);
    });

    it.each<[Properties, RegExp]>([
      [{ length: 20, special: false, upper: false }, /^[a-z0-9]{20}$/],
      [{ length: 20, numeric: false, lower: false, special: false }, /^[A-Z]{20}$/],
      [{ length: 20, number: false, lower: false, upper: false, overrideSpecial: '_-' }, /^[_-]{20}$/],
      [
        { length: 4, minLower: 1, minUpper: 1, minNumeric: 1, minSpecial: 1 },
        /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*\W|.*_).{4}$/,
      ],
      [{ length: 6, special: false, minSpecial: 2, overrideSpecial: '!' }, /^[^!]*![^!]*![^!]*$/],
    ])('%j makes %s', async (news, expected) => {
      const { id, outputs } = await create('String', news);
      expect(outputs.result).toMatch(expected);
      expect(id).toBe(outputs.result);
      expect((await create('String', { length: 32 })).id).not.toBe((await create('String', { length: 32 })).id);
    });

    it.each<[Properties, string]>([
      [{}, 'length: Missing required argument "length"'],
      [{ length: 0 }, 'length: value must be a whole number of at least 1, got: 0'],
      [{ length: 1.5 }, 'length: value must be a whole number of at least 1, got: 1.5'],
      [{ length: 5, minUpper: 3, minSpecial: 3 }, 'length: value must be at least sum of'],
      [{ length: 5, minUpper: -1 }, 'minUpper: value must be a whole number of at least 0'],
      [{ length: 5, number: true, numeric: false }, 'number: Cannot specify different values'],
      [{ length: 5, special: false, upper: false, lower: false, number: false }, 'special: At least one of'],
      [{ length: 5, size: 5 }, 'size: "size" is not an argument of random:index/randomPassword:RandomPassword'],
    ])('%j: %s', async (news, expected) => {
      expect((await failures('Password', news))[0]).toContain(expected);
    });
  });

  it.each<[string, Properties, RegExp, Properties]>([
    ['Id', { byteLength: 4, prefix: 'app-' }, /^[\w-]{6}$/, { hex: expect.stringMatching(/^app-[0-9a-f]{8}$/) }],
    ['Bytes', { length: 16 }, /^none$/, { hex: expect.stringMatching(/^[0-9a-f]{32}$/) }],
    ['Uuid', {}, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, {}],
    ['Uuid4', {}, /^.{14}4/, {}],
    ['Uuid7', {}, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, {}],
    ['Integer', { min: -3, max: -3 }, /^-3$/, { result: -3 }],
    ['Pet', {}, /^[a-z]+-[a-z]+$/, { length: 2, separator: '-' }],
    ['Pet', { length: 3, prefix: 'my', separator: '.' }, /^my(\.[a-z]+){3}$/, {}],
    ['Shuffle', { inputs: ['a', 'b'], resultCount: 4 }, /^-$/, { results: expect.arrayContaining(['a', 'b']) }],
  ])('%s %j has an id like %s', async (name, news, id, outputs) => {
    const made = await create(name, news);
    expect(made.id).toMatch(id);
    expect(made.outputs).toMatchObject({ ...news, ...outputs });
  });

  it('gives one id in four spellings', async () => {
    const { id, outputs } = await create('Id', { byteLength: 3 });
    const bytes = Buffer.from(id, 'base64url');
    expect(outputs).toMatchObject({
      b64Url: id,
      b64Std: bytes.toString('base64'),
      hex: bytes.toString('hex'),
      dec: String(bytes.readUIntBE(0, 3)),
    });
  });

  it('shuffles in whole rounds: no item more often than the list is asked for', async () => {
    const inputs = ['a', 'b', 'c'];
    const { outputs } = await create('Shuffle', { inputs, resultCount: 7 });
    const results = outputs.results as string[];
    expect(results).toHaveLength(7);
    expect(results.slice(0, 3).sort()).toEqual(inputs);
    expect(results.slice(3, 6).sort()).toEqual(inputs);
  });

  it.each<[string, Properties]>([
    ['Integer', { min: 0, max: 1_000_000_000 }],
    ['Shuffle', { inputs: Array.from('abcdefghijklmnop') }],
  ])('%s is the same for the same seed, and another one without', async (name, news) => {
    const result = async (seed?: string) => (await create(name, { ...news, ...(seed && { seed }) })).outputs;
    expect(await result('lucky')).toEqual(await result('lucky'));
    const { seed: _, ...seeded } = await result('lucky');
    expect(await result()).not.toEqual(seeded);
  });

  it.each<[string, Properties, string]>([
    ['Integer', { min: 2, max: 1 }, 'min: The minimum (min) value needs to be smaller'],
    ['Integer', { min: 0, max: 2 ** 50 }, 'max: the range must hold less than 2^48 numbers'],
    ['Id', { byteLength: 0 }, 'byteLength: value must be a whole number of at least 1'],
    ['Pet', { length: 0 }, 'length: value must be a whole number of at least 1'],
    ['Uuid', { keepers: ['a'] }, 'keepers: expected a map of strings'],
  ])('%s %j: %s', async (name, news, expected) => {
    expect((await failures(name, news))[0]).toContain(expected);
  });

  it.each<[string, Properties, Properties, string[]]>([
    ['Password', { length: 8 }, { length: 8 }, []],
    ['Password', { length: 8 }, { length: 8, special: true, minLower: 0, keepers: {} }, []],
    ['Password', { length: 8, number: false }, { length: 8, numeric: false }, []],
    ['Password', { length: 8 }, { length: 9 }, ['length']],
    ['Password', { length: 8 }, { length: 8, overrideSpecial: '_' }, ['overrideSpecial']],
    ['Password', { length: 8, keepers: { v: '1' } }, { length: 8, keepers: { v: '2' } }, ['keepers']],
    ['Password', { length: 8, keepers: { v: '1' } }, { length: 8, keepers: { v: UNKNOWN } }, ['keepers']],
    ['Uuid', {}, { keepers: { v: '1' } }, ['keepers']],
    ['Pet', {}, { length: 2, separator: '-' }, []],
  ])('%s %j → %j replaces because of %j', async (name, olds, news, expected) => {
    expect([...(await replaced(name, olds, news))].sort()).toEqual(expected);
  });

  it('knows nothing in a preview, and makes nothing from what is not known', async () => {
    const request = { ...named('Password'), token: 't' };
    await expect(provider.create({ ...request, inputs: { length: UNKNOWN }, preview: true })).resolves.toMatchObject({
      id: UNKNOWN,
      outputs: { length: UNKNOWN, lower: true, result: UNKNOWN, bcryptHash: UNKNOWN },
    });
    await expect(provider.create({ ...request, inputs: { length: UNKNOWN }, preview: false })).rejects.toMatchObject({
      code: 'UnknownValue',
    });
  });

  it('reads back what the state holds, and keeps it on update', async () => {
    const made = await create('Uuid', { keepers: {} });
    await expect(provider.read({ ...named('Uuid'), ...made })).resolves.toEqual(made);
    const { outputs } = await provider.update({ ...named('Uuid'), oldOutputs: made.outputs, news: {} });
    expect(outputs.result).toBe(made.id);
  });

  it.each<[string, string, string, Properties, Properties]>([
    ['String', 'abc-9', 'abc-9', { length: 5 }, { result: 'abc-9', numeric: true }],
    ['Id', 'pre,AQID', 'AQID', { byteLength: 3, prefix: 'pre' }, { hex: 'pre010203', dec: 'pre66051' }],
    ['Integer', '5,1,9', '5', { min: 1, max: 9 }, { result: 5 }],
    ['Integer', '5,1,9,s', '5', { min: 1, max: 9, seed: 's' }, { result: 5 }],
    [
      'Uuid',
      'AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE',
      'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
      {},
      { result: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee' },
    ],
  ])('%s %s is imported as %s', async (name, given, id, inputs, results) => {
    const read = await provider.read({ ...named(name), id: given });
    expect(read).toMatchObject({ id, inputs, outputs: { ...inputs, ...results } });
    expect(await replaced(name, read?.inputs ?? {}, inputs)).toEqual([]);
  });

  it.each([
    ['Id', 'not base64!', 'InvalidImportId'],
    ['Integer', '5', 'InvalidImportId'],
    ['Uuid', 'nobody', 'InvalidImportId'],
    ['Password', 'hunter2', 'ImportNotSupported'],
    ['Bytes', 'aHVudGVyMg==', 'ImportNotSupported'],
    ['Shuffle', '-', 'ImportNotSupported'],
    ['Nothing', 'x', 'UnsupportedResourceType'],
  ])('%s %s is not imported: %s', async (name, id, code) => {
    await expect(provider.read({ ...named(name), id })).rejects.toMatchObject({ code });
  });
});
