import fc from 'fast-check';
import { deleteInOrder } from './deletion-order.js';
import { aRecord, type ResourceRecord } from './stack-state.js';

const record = (name: string, fields: Partial<ResourceRecord> = {}): ResourceRecord =>
  aRecord({ urn: `urn:${name}`, type: 't', ...fields });

async function order(records: readonly ResourceRecord[], stuck: readonly string[] = []): Promise<string[]> {
  const gone: string[] = [];
  await deleteInOrder(
    records,
    async ({ urn }) => {
      await Promise.resolve();
      if (stuck.includes(urn)) return false;
      gone.push(urn.slice('urn:'.length));
      return true;
    },
    () => false,
  );
  return gone;
}

describe('deleteInOrder', () => {
  it.each<[string, ResourceRecord[], string[]]>([
    ['dependents first', [record('a'), record('b', { dependencies: ['urn:a'] })], ['b', 'a']],
    ['users of a property first', [record('a'), record('b', { propertyDependencies: { x: ['urn:a'] } })], ['b', 'a']],
    ['children first', [record('a'), record('b', { parent: 'urn:a' })], ['b', 'a']],
    ['resources before their provider', [record('a'), record('b', { provider: 'urn:a::id' })], ['b', 'a']],
    ['independent ones last registered first', [record('a'), record('b')], ['b', 'a']],
    [
      'old and new of one name both after dependents',
      [record('a', { delete: true }), record('a'), record('b', { dependencies: ['urn:a'] })],
      ['b', 'a', 'a'],
    ],
  ])('%s', async (_, records, expected) => {
    expect(await order(records)).toEqual(expected);
  });

  it('keeps what something undeleted depends on, and goes on with the rest', async () => {
    const records = [record('a'), record('b', { dependencies: ['urn:a'] }), record('c')];
    expect(await order(records, ['urn:b'])).toEqual(['c']);
  });

  it('starts nothing once it is stopped', async () => {
    const gone: string[] = [];
    const remove = async ({ urn }: ResourceRecord): Promise<boolean> => Boolean(gone.push(urn));
    await deleteInOrder([record('a'), record('b', { dependencies: ['urn:a'] })], remove, () => gone.length > 0);
    expect(gone).toEqual(['urn:b']);
  });

  it('deletes everything, never before what depends on it, for any graph', async () => {
    const graphs = fc.array(fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(graphs, async (needs) => {
        const records = needs.map((list, i) =>
          record(String(i), { dependencies: list.filter((n) => n < i).map((n) => `urn:${n}`) }),
        );
        const gone = await order(records);
        expect(gone).toHaveLength(records.length);
        for (const { urn, dependencies } of records) {
          for (const needed of dependencies) {
            expect(gone.indexOf(urn.slice(4))).toBeLessThan(gone.indexOf(needed.slice(4)));
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});
