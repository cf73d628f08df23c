import { UNKNOWN } from '../../../../tools/sandbox-cloud/provider.port.js';
import {
  containsSecret,
  containsUnknown,
  forProvider,
  keepSecretMarks,
  markSecret,
  RESOURCE_SIGNATURE,
  sameValue,
  Secret,
  SIGNATURE,
} from './property-value.js';

const s = (value: unknown): Secret => new Secret(value);

describe('keepSecretMarks', () => {
  it.each([
    ['the same key', { a: 1, b: 2 }, { a: s(0) }, { a: s(1), b: 2 }],
    ['a nested key', { a: { x: 1, y: 2 } }, { a: { x: s(0) } }, { a: { x: s(1), y: 2 } }],
    ['the same place in a list', { a: [1, 2] }, { a: [0, s(0)] }, { a: [1, s(2)] }],
    ['a list of another length as a whole', { a: [1, 2, 3] }, { a: [s(0)] }, { a: s([1, 2, 3]) }],
    ['a value of another shape as a whole', { a: 'x' }, { a: { x: s(0) } }, { a: s('x') }],
    ['nothing that was not secret', { a: 1 }, { b: s(0) }, { a: 1 }],
  ])('marks %s', (_, answer, source, expected) => {
    expect(keepSecretMarks(answer, source)).toEqual(expected);
  });
});

describe('properties', () => {
  it('reach a provider in clear, references as ids', () => {
    const reference = (id?: string) => ({
      [SIGNATURE]: RESOURCE_SIGNATURE,
      urn: 'urn:x',
      ...(id === undefined ? {} : { id }),
    });
    expect(
      forProvider({ a: s({ b: [1] }), custom: reference('vpc-1'), planned: reference(''), component: reference() }),
    ).toEqual({ a: { b: [1] }, custom: 'vpc-1', planned: UNKNOWN, component: 'urn:x' });
  });

  it('know what they contain at every depth', () => {
    expect([containsSecret({ a: [{ b: s(1) }] }), containsSecret({ a: [1] })]).toEqual([true, false]);
    expect([containsUnknown({ a: s([UNKNOWN]) }), containsUnknown({ a: 'x' })]).toEqual([true, false]);
  });

  it('are equal by content; a secret is not its plain value', () => {
    expect(sameValue({ a: [1, { b: s(2) }], gone: undefined }, { a: [1, { b: s(2) }] })).toBe(true);
    expect(sameValue({ a: s(1) }, { a: 1 })).toBe(false);
    expect(sameValue([1], [1, 2])).toBe(false);
    expect(sameValue({ 0: 1 }, [1])).toBe(false);
  });

  it('never hold a secret in a secret', () => {
    expect(s({ a: s(1) }).value).toEqual({ a: 1 });
    expect(markSecret({ a: s(1), b: 2, c: 3 }, ['a', 'b'])).toEqual({ a: s(1), b: s(2), c: 3 });
  });
});
