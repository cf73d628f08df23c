import { aliasUrns } from './aliases.js';

const resource = { name: 'x', type: 'aws:a:B', stack: 's', project: 'p', parent: '', parentAliases: [] };
const urn = (type: string, name: string, stack = 's'): string => `urn:pulumi:${stack}::p::${type}::${name}`;

describe('aliasUrns', () => {
  it.each<[string, Parameters<typeof aliasUrns>, string[]]>([
    ['a whole URN', [resource, [{ urn: 'urn:old' }]], ['urn:old']],
    ['another name', [resource, [{ name: 'y' }]], [urn('aws:a:B', 'y')]],
    ['another type and stack', [resource, [{ type: 'aws:a:C', stack: 't' }]], [urn('aws:a:C', 'x', 't')]],
    ['another parent', [resource, [{ parent: urn('g:G', 'old') }]], [urn('g:G$aws:a:B', 'x')]],
    ['no parent before', [{ ...resource, parent: urn('g:G', 'g') }, [{ parent: '' }]], [urn('aws:a:B', 'x')]],
    [
      'a renamed parent, whose name is the prefix of its children',
      [{ ...resource, name: 'new-x', parent: urn('g:G', 'new'), parentAliases: [urn('g:G', 'old')] }, []],
      [urn('g:G$aws:a:B', 'old-x')],
    ],
    ['itself counts for nothing', [resource, [{ name: 'x' }]], []],
  ])('%s', (_, [of, aliases], expected) => {
    expect(aliasUrns(of, aliases)).toEqual(expected);
  });
});
