import { ConfigurationError } from '../../../shared/config/config.js';
import { readStaticKeys } from './static-keys.js';

const KEY = 'abcdefgh-0123456789';
const UUID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

describe('entries of API_KEYS', () => {
  it.each([
    [KEY, { scope: 'full' }],
    [`vscode:${KEY}`, { label: 'vscode', scope: 'full' }],
    [` vscode : ${KEY} : client `, { label: 'vscode', scope: 'client' }],
  ])('reads %j', (entry, expected) => {
    expect(readStaticKeys([entry], 'any')).toEqual([expect.objectContaining(expected)]);
  });

  it.each([
    ['too short', ['short'], 'any', /entry 1 must be 16 to 128/],
    ['of another character', [`${KEY}!`], 'any', /entry 1 must be 16 to 128/],
    ['no UUID', [UUID, KEY], 'uuid', /entry 2 must be a UUID/],
    ['of an unknown scope', [`a:${KEY}:root`], 'any', /entry 1 has a scope/],
    ['of four parts', [`a:b:${KEY}:full`], 'any', /entry 1 must be key/],
    ['without its label', [`:${KEY}`], 'any', /entry 1 has an empty label/],
    ['a duplicate', [KEY, `again:${KEY}`], 'any', /entry 2 is there twice/],
  ] as const)('refuses one that is %s by its position, never by its value', (_case, entries, format, message) => {
    const read = (): unknown => readStaticKeys(entries, format);
    expect(read).toThrow(ConfigurationError);
    expect(read).toThrow(message);
    expect(read).not.toThrow(new RegExp(KEY));
  });

  it('accepts UUIDs of version 4', () => {
    expect(readStaticKeys([UUID], 'uuid')).toHaveLength(1);
  });
});
