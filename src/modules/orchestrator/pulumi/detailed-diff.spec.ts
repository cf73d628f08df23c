import { detailedDiff } from './detailed-diff.js';

it('lists every leaf that differs under the changed keys, with what it means', () => {
  const olds = { name: 'a', tags: { Env: 'dev', 'a.b': '1' }, ports: [1, 2], same: 1, other: 1 };
  const news = { name: 'b', tags: { Env: 'prod', Team: 'x' }, ports: [1, 3, 4], same: 1, other: 2 };
  const diff = {
    changes: true,
    changedKeys: ['name', 'tags', 'ports'],
    replaces: ['name'],
    deleteBeforeReplace: false,
  };
  expect(Object.fromEntries(detailedDiff(olds, news, diff))).toEqual({
    name: { kind: 'update', replaces: true },
    'tags.Env': { kind: 'update', replaces: false },
    'tags["a.b"]': { kind: 'delete', replaces: false },
    'tags.Team': { kind: 'add', replaces: false },
    'ports[1]': { kind: 'update', replaces: false },
    'ports[2]': { kind: 'add', replaces: false },
  });
});
