import { propertyDrift, resourceDriftRows } from './property-drift.js';
import { Secret } from './property-value.js';

describe('what differs between record and cloud', () => {
  it.each<[string, object, object, object[]]>([
    ['nothing', { a: 1, b: [{ c: null }] }, { a: 1, b: [{}] }, []],
    ['a value', { a: 1 }, { a: 2 }, [{ property: 'a', expected: 1, actual: 2 }]],
    ['a value that is gone', { a: 1 }, {}, [{ property: 'a', expected: 1, actual: null }]],
    [
      'a leaf of a tree',
      { a: { b: { c: 1, d: 2 } } },
      { a: { b: { c: 1, d: 3 } } },
      [{ property: 'a.b.d', expected: 2, actual: 3 }],
    ],
    ['an item', { a: [{ p: 1 }, { p: 2 }] }, { a: [{ p: 1 }] }, [{ property: 'a[1].p', expected: 2, actual: null }]],
    ['a key with a dot', { t: { 'a.b': 'x' } }, { t: {} }, [{ property: 't["a.b"]', expected: 'x', actual: null }]],
    ['a tree that came', {}, { t: { x: 1 } }, [{ property: 't.x', expected: null, actual: 1 }]],
    ['another kind of value', { a: { x: 1 } }, { a: 'text' }, [{ property: 'a', expected: { x: 1 }, actual: 'text' }]],
    ['bookkeeping of a plug-in', { __defaults: [] }, { __defaults: ['x'] }, []],
  ])('%s', (_, expected, actual, rows) => {
    expect(propertyDrift(expected as never, actual as never)).toEqual(rows);
  });

  it('compares secrets and shows none', () => {
    const one = { same: new Secret('a'), other: new Secret('a'), bare: new Secret('a'), gone: new Secret('a') };
    const rows = propertyDrift(one, { same: new Secret('a'), other: new Secret('b'), bare: 'a' });
    expect(rows).toEqual([
      { property: 'gone', expected: '***', actual: null },
      { property: 'other', expected: '***', actual: '***' },
    ]);
  });

  it('tells outputs only where no input explains them', () => {
    const rows = resourceDriftRows(
      { expected: { tags: { a: 1 }, size: 1 }, actual: { tags: { a: 2 }, size: 1 } },
      {
        expected: { tags: { a: 1 }, tagsAll: { a: 1 }, state: 'on', size: 1 },
        actual: { tags: { a: 2 }, tagsAll: { a: 2 }, state: 'off', size: 1 },
      },
    );
    expect(rows.map(({ property }) => property)).toEqual(['tags.a', 'state']);
  });
});
