import { toStage } from './explain.js';

const indexes = [
  { name: '_id_', key: { _id: 1 } },
  { name: 'a_1', key: { a: 1 }, unique: true, partialFilterExpression: { b: 1 } },
];
const context = { indexes, wantsIdOrder: false };
const ixscan = {
  stage: 'IXSCAN',
  indexName: 'a_1',
  keyPattern: { a: 1 },
  isUnique: true,
  isPartial: true,
  direction: 'backward',
};
const scan = {
  'Node Type': 'Index Scan',
  'Index Name': 'a_1',
  'Scan Direction': 'Backward',
  'Index Cond': 'document …',
};
const allById = { 'Node Type': 'Index Scan', 'Index Name': '_id_', 'Index Cond': "(shard_key_value = '1'::bigint)" };

describe("PostgreSQL's plan in MongoDB's stages", () => {
  it('fetches what an index scan finds, and leaves out nodes that only pass rows on', () => {
    const plan = { 'Node Type': 'Limit', Plans: [{ 'Node Type': 'Custom Scan', Plans: [scan] }] };
    expect(toStage(plan, context)).toEqual({ stage: 'LIMIT', inputStage: { stage: 'FETCH', inputStage: ixscan } });
  });

  it('names a sort in memory and a union of indexes', () => {
    const bitmap = { ...scan, 'Node Type': 'Bitmap Index Scan' };
    const plan = {
      'Node Type': 'Sort',
      Plans: [{ 'Node Type': 'Bitmap Heap Scan', Plans: [{ 'Node Type': 'BitmapOr', Plans: [bitmap, bitmap] }] }],
    };
    expect(toStage(plan, context)).toEqual({
      stage: 'SORT',
      inputStage: { stage: 'FETCH', inputStage: { stage: 'OR', inputStages: [ixscan, ixscan] } },
    });
  });

  it.each([
    ['without a condition on it', allById, false, 'COLLSCAN'],
    [
      'without a condition, as a bitmap',
      { 'Node Type': 'Bitmap Heap Scan', Plans: [{ ...allById, 'Node Type': 'Bitmap Index Scan' }] },
      false,
      'COLLSCAN',
    ],
    ['for its order', allById, true, 'FETCH'],
    ['for one document', { ...allById, 'Index Cond': "(object_id = 'x')" }, false, 'FETCH'],
    ['not at all', { 'Node Type': 'Seq Scan' }, false, 'COLLSCAN'],
  ])('reads the index of _id %s', (_what, plan, wantsIdOrder, stage) => {
    expect(toStage(plan, { indexes, wantsIdOrder })?.stage).toBe(stage);
  });
});
