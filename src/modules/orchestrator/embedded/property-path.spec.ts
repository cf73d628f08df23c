import { differsAt, parsePath, withoutIgnoredChanges } from './property-path.js';
import { sameValue, Secret } from './property-value.js';

describe('parsePath', () => {
  it.each([
    ['tags.Name', ['tags', 'Name']],
    ['ingress[0].ports[*]', ['ingress', 0, 'ports', '*']],
    ['tags["a.b"].c', ['tags', 'a.b', 'c']],
    ['["a\\"b"]', ['a"b']],
    ['*', ['*']],
  ])('%s', (text, steps) => {
    expect(parsePath(text)).toEqual(steps);
  });

  it('refuses what does not close', () => {
    expect(() => parsePath('a[0')).toThrow('a[0');
  });
});

describe('withoutIgnoredChanges', () => {
  it.each<[string, object, object, string[], object]>([
    ['puts the old value back', { a: 2 }, { a: 1 }, ['a'], { a: 1 }],
    ['adds what is no longer given', {}, { a: 1 }, ['a'], { a: 1 }],
    ['takes away what is new', { a: 1, b: 2 }, { a: 1 }, ['b'], { a: 1 }],
    ['reaches into maps', { t: { x: 2, y: 2 } }, { t: { x: 1, y: 1 } }, ['t.x'], { t: { x: 1, y: 2 } }],
    ['reaches into lists', { l: [{ p: 2 }, { p: 3 }] }, { l: [{ p: 1 }] }, ['l[*].p'], { l: [{ p: 1 }, { p: 3 }] }],
    ['takes all keys', { a: 2, b: 2 }, { a: 1, c: 1 }, ['*'], { a: 1, c: 1 }],
    [
      'reaches into secrets',
      { s: new Secret({ x: 2 }) },
      { s: new Secret({ x: 1 }) },
      ['s.x'],
      { s: new Secret({ x: 1 }) },
    ],
    ['lets alone what neither has', { a: 1 }, { a: 1 }, ['b.c'], { a: 1 }],
  ])('%s', (_, news, olds, paths, expected) => {
    expect(withoutIgnoredChanges({ ...news }, { ...olds }, paths)).toEqual(expected);
  });

  it('says when the way is gone', () => {
    expect(() => withoutIgnoredChanges({}, { a: { b: 1 } }, ['a.b'])).toThrow('"a.b"');
  });
});

describe('differsAt', () => {
  it.each<[string, boolean]>([
    ['a.x', true],
    ['a.y', false],
    ['a', true],
    ['l[*].p', true],
    ['l[0].p', false],
    ['none.deep', false],
  ])('%s: %s', (path, expected) => {
    const olds = { a: { x: 1, y: 1 }, l: [{ p: 1 }, { p: 1 }] };
    const news = { a: { x: 2, y: 1 }, l: [{ p: 1 }, { p: 2 }] };
    expect(differsAt(news, olds, parsePath(path), sameValue)).toBe(expected);
  });
});
