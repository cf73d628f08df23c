import type { StackState } from '../engine.port.js';
import { SecretBox } from '../../../shared/kernel/secret-box.js';
import { Secret } from './property-value.js';
import { SecretVault } from './secret-vault.js';
import { Snapshot } from './snapshot.js';
import { aRecord, readState, type ResourceRecord, writeState } from './stack-state.js';

const vault = new SecretVault(new SecretBox(Buffer.alloc(32, 5)));
const urn = (name: string): string => `urn:pulumi:s::p::t::${name}`;
const record = (name: string, fields: Partial<ResourceRecord> = {}): ResourceRecord =>
  aRecord({ urn: urn(name), type: 't', id: `${name}-1`, ...fields });
const written = (...resources: ResourceRecord[]): StackState =>
  writeState({ resources, pending: [] }, vault, new Date(0));
const names = (snapshot: Snapshot): string[] =>
  snapshot.contents().resources.map((one) => `${one.id}${one.delete ? ' (delete)' : ''}`);

describe('state', () => {
  it('comes back as it was written, pending operations and their tokens included', () => {
    const a = record('a', { inputs: { p: new Secret('x') }, protect: true, customTimeouts: { create: 60 } });
    const b = record('b', { dependencies: [urn('a')], propertyDependencies: { x: [urn('a')] }, deletedWith: urn('a') });
    const pending = [{ kind: 'creating' as const, token: 'token-1', resource: record('c') }];
    const state = writeState({ resources: [a, b], pending }, vault, new Date(0));
    expect(readState(JSON.parse(JSON.stringify(state)) as StackState, vault)).toEqual({ resources: [a, b], pending });
  });

  it('leaves out what Pulumi leaves out', () => {
    expect(written(record('a')).deployment['resources']).toEqual([
      { urn: urn('a'), custom: true, id: 'a-1', type: 't' },
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ['another version', { version: 2, deployment: {} }, /version 3/],
    ['no list', { version: 3, deployment: { resources: {} } }, /not a list/],
    ['a resource without a name', { version: 3, deployment: { resources: [{}] } }, /no URN/],
    ['a doubled resource', written(record('a'), record('a')), /twice/],
    [
      'a dependency that is missing',
      written(record('a', { dependencies: [urn('z')] })),
      /without urn:pulumi:s::p::t::z/,
    ],
    ['a dependency that comes later', written(record('a', { parent: urn('b') }), record('b')), /before or without/],
    [
      'an unknown operation',
      { version: 3, deployment: { pending_operations: [{ type: 'x', resource: {} }] } },
      /unknown type x/,
    ],
  ])('with %s is refused', (_, state, message) => {
    expect(() => readState(state as StackState, vault)).toThrow(message);
  });

  it('may hold a replaced resource beside the new one', () => {
    expect(readState(written(record('a'), record('a', { delete: true })), vault).resources).toHaveLength(2);
  });
});

describe('Snapshot', () => {
  it('has what this run registered first, then what is left of before', () => {
    const [a, b, c] = [record('a'), record('b'), record('c')];
    const snapshot = new Snapshot({ resources: [a, b, c], pending: [] });
    snapshot.drop(b);
    snapshot.add({ ...b, id: 'b-2' });
    snapshot.amend(c, { delete: true });
    expect(names(snapshot)).toEqual(['b-2', 'a-1', 'c-1 (delete)']);
    expect([snapshot.previous(b.urn), snapshot.previous(c.urn)]).toEqual([undefined, undefined]);
  });

  it('finds an amended record by what it was', () => {
    const a = record('a');
    const snapshot = new Snapshot({ resources: [a], pending: [] });
    snapshot.amend(a, { protect: true });
    expect(snapshot.amend(a, { delete: true })).toMatchObject({ protect: true, delete: true });
    snapshot.drop(a);
    expect(names(snapshot)).toEqual([]);
  });

  it('lets dependents follow a new name, and forget a vanished one', () => {
    const b = record('b', {
      dependencies: [urn('a')],
      propertyDependencies: { x: [urn('a')] },
      provider: `${urn('a')}::1`,
      parent: urn('a'),
    });
    const snapshot = new Snapshot({ resources: [record('a'), b], pending: [] });
    snapshot.rename(urn('a'), urn('z'));
    expect(snapshot.left()[1]).toMatchObject({
      dependencies: [urn('z')],
      provider: `${urn('z')}::1`,
      parent: urn('z'),
    });
    snapshot.forget(urn('z'));
    expect(snapshot.left()[1]).toMatchObject({ dependencies: [], propertyDependencies: { x: [] }, parent: '' });
  });
});
