/**
 * The development database behaves as MongoDB does where the server relies on it. The same tests run against the database
 * of the test run and, where a mongod is found, against that.
 */
import mongoose, { Schema } from 'mongoose';
import { type Collection, type Db, MongoClient, MongoServerError } from 'mongodb';
import { connect } from 'node:net';
import { targets } from './dev-database/targets.js';

interface Doc {
  _id: number | string;
  n?: number;
  group?: string;
  at?: Date;
  status?: string;
  project?: string;
  machine?: string;
  session?: string;
}

const failure = async (work: Promise<unknown>): Promise<MongoServerError> => {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MongoServerError)) throw new TypeError(`expected a server error, got ${String(error)}`);
  return error;
};

describe.each(targets())('the database ($name)', (target) => {
  if (target.skip) {
    it.skip(`is not tested: ${target.skip}`, () => undefined);
    return;
  }
  let stop: () => Promise<void>;
  let uri: string;
  let client: MongoClient;
  let db: Db;
  let docs: Collection<Doc>;

  beforeAll(async () => {
    ({ uri, stop } = await target.open());
    client = await new MongoClient(uri).connect();
    db = client.db(`contract_${process.pid}_${target.name.replace(/\W/g, '')}`);
  }, 60_000);

  afterAll(async () => {
    await db?.dropDatabase();
    await client?.close();
    await stop?.();
  });

  beforeEach(async () => {
    docs = db.collection<Doc>('docs');
    await docs.drop();
    await docs.insertMany(Array.from({ length: 250 }, (_, i) => ({ _id: i, n: i, group: `g${i % 5}` })));
  });

  describe('reads and writes', () => {
    it('inserts, updates, replaces, deletes and counts', async () => {
      await docs.updateMany({ group: 'g1' }, { $inc: { n: 1000 } });
      await docs.replaceOne({ _id: 0 }, { group: 'other' });
      const { deletedCount } = await docs.deleteMany({ group: 'g2' });
      const { upsertedId } = await docs.updateOne({ _id: 'new' }, { $setOnInsert: { n: 7 } }, { upsert: true });

      expect(deletedCount).toBe(50);
      expect(upsertedId).toBe('new');
      expect(await docs.countDocuments({ n: { $gte: 1000 } })).toBe(50);
      expect(await docs.findOne({ _id: 0 })).toEqual({ _id: 0, group: 'other' });
      expect(await docs.distinct('group')).toEqual(expect.arrayContaining(['g1', 'g3', 'g4', 'other']));
    });

    it('returns the document before or after a findOneAndUpdate, and null without a match', async () => {
      const change = { $inc: { n: 5 } };
      expect(await docs.findOneAndUpdate({ _id: 1 }, change)).toMatchObject({ n: 1 });
      expect(await docs.findOneAndUpdate({ _id: 1 }, change, { returnDocument: 'after' })).toMatchObject({ n: 11 });
      expect(await docs.findOneAndUpdate({ _id: -1 }, change)).toBeNull();
      expect(await docs.findOneAndDelete({ n: { $gt: 200 } }, { sort: { n: -1 } })).toMatchObject({ n: 249 });
    });

    it('evaluates $$NOW in an update pipeline by its own clock', async () => {
      const before = Date.now();
      await docs.updateOne({ _id: 3 }, [{ $set: { at: '$$NOW', n: { $add: ['$n', 1] } } }]);
      const changed = await docs.findOne({ _id: 3 });
      const { localTime } = await db.command({ hello: 1 });
      expect(changed?.n).toBe(4);
      expect(changed?.at?.getTime()).toBeGreaterThanOrEqual(before - 5);
      expect(changed?.at?.getTime()).toBeLessThanOrEqual((localTime as Date).getTime() + 5);
    });

    it('loses no increment of many at once outside transactions', async () => {
      await Promise.all(Array.from({ length: 40 }, () => docs.updateOne({ _id: 0 }, { $inc: { n: 1 } })));
      expect(await docs.findOne({ _id: 0 })).toMatchObject({ n: 40 });
    });

    it('does a repeated retryable write once, alone or in a batch', async () => {
      const session = client.startSession();
      // the driver puts the id of the session into the command, and counts its own writes in it from 1
      const repeatable = (txnNumber: bigint, statements: object[]) => ({
        update: 'docs',
        updates: statements,
        txnNumber,
      });
      const one = repeatable(1_000_000n, [{ q: { _id: 0 }, u: { $inc: { n: 1 } } }]);
      const two = repeatable(
        1_000_001n,
        [1, 2].map((_id) => ({ q: { _id }, u: { $inc: { n: 100 } } })),
      );
      for (const command of [one, two]) {
        const first = await db.command(asWire(command), { session });
        const { n, nModified } = await db.command(asWire(command), { session });
        expect({ n, nModified }).toEqual({ n: first['n'], nModified: first['nModified'] });
      }
      await session.endSession();
      expect(
        await docs
          .find({ _id: { $lt: 3 } })
          .sort({ _id: 1 })
          .toArray(),
      ).toMatchObject([{ n: 1 }, { n: 101 }, { n: 102 }]);
    });
  });

  describe('cursors', () => {
    it('reads on with getMore until the end', async () => {
      const ids: unknown[] = [];
      for await (const doc of docs.find().sort({ n: -1 }).batchSize(60)) ids.push(doc._id);
      expect(ids).toEqual(Array.from({ length: 250 }, (_, i) => 249 - i));
    });

    it('ends a cursor that was killed', async () => {
      const { cursor } = await db.command({ find: 'docs', sort: { n: 1 }, batchSize: 2 });
      const id = (cursor as { id: unknown }).id;
      expect(await db.command({ killCursors: 'docs', cursors: [id] })).toMatchObject({
        cursorsKilled: [id],
        cursorsNotFound: [],
      });
      expect(await db.command({ killCursors: 'docs', cursors: [id] })).toMatchObject({
        cursorsKilled: [],
        cursorsNotFound: [id],
      });
      expect((await failure(db.command({ getMore: id, collection: 'docs' }))).code).toBe(43);
    });
  });

  describe('aggregation', () => {
    it('groups and facets', async () => {
      const [facets] = await docs
        .aggregate([
          {
            $facet: {
              groups: [{ $group: { _id: '$group', sum: { $sum: '$n' } } }, { $sort: { _id: 1 } }, { $limit: 2 }],
              total: [{ $count: 'n' }],
            },
          },
        ])
        .toArray();
      expect(facets).toEqual({ groups: [{ _id: 'g0', sum: 6125 }, { _id: 'g1', sum: 6175 }], total: [{ n: 250 }] }); // prettier-ignore
    });

    it('joins another collection', async () => {
      const groups = db.collection<{ _id: string; title: string }>('groups');
      await groups.drop();
      await groups.insertOne({ _id: 'g1', title: 'One' });
      const joined = await docs
        .aggregate([
          { $match: { _id: { $in: [1, 2] } } },
          { $lookup: { from: 'groups', localField: 'group', foreignField: '_id', as: 'found' } },
          { $sort: { _id: 1 } },
        ])
        .toArray();
      expect(joined.map(({ found }) => found)).toEqual([[{ _id: 'g1', title: 'One' }], []]);
    });
  });

  describe('indexes', () => {
    it('enforces a partial unique index only where it applies, and describes the duplicate', async () => {
      await docs.createIndex(
        { project: 1, machine: 1 },
        { unique: true, partialFilterExpression: { status: 'active' } },
      );
      await docs.insertOne({ _id: 'a', project: 'p', machine: 'm', status: 'active' });
      await docs.insertOne({ _id: 'b', project: 'p', machine: 'm', status: 'completed' });
      const writes: [string, () => Promise<unknown>][] = [
        ['insert', () => docs.insertOne({ _id: 'c', project: 'p', machine: 'm', status: 'active' })],
        ['update', () => docs.updateOne({ _id: 'b' }, { $set: { status: 'active' } })],
        ['findAndModify', () => docs.findOneAndUpdate({ _id: 'b' }, { $set: { status: 'active' } })],
      ];
      for (const [kind, write] of writes) {
        const error = await failure(write());
        expect({ kind, code: error.code, index: /project_1_machine_1/.test(error.message) }).toEqual({
          kind,
          code: 11000,
          index: true,
        });
        expect(keyPatternOf(error)).toEqual({ project: 1, machine: 1 });
      }
      expect(await docs.countDocuments({ status: 'active' })).toBe(1);
    });

    it('lists indexes as they were asked for, and changes them', async () => {
      await docs.createIndexes([
        { key: { at: 1 }, expireAfterSeconds: 60 },
        { key: { group: 1, n: -1 }, name: 'by_group' },
        { key: { session: 1 }, unique: true, sparse: true },
      ]);
      await docs.createIndex({ at: 1 }, { expireAfterSeconds: 60 }); // again: nothing to do
      await db.command({ collMod: 'docs', index: { name: 'at_1', expireAfterSeconds: 90 } });
      await docs.dropIndex('by_group');
      expect(await docs.indexes()).toEqual([
        { v: 2, key: { _id: 1 }, name: '_id_' },
        { v: 2, key: { at: 1 }, name: 'at_1', expireAfterSeconds: 90 },
        { v: 2, key: { session: 1 }, name: 'session_1', unique: true, sparse: true },
      ]);
      expect((await failure(docs.createIndex({ session: -1 }, { name: 'session_1' }))).code).toBe(86);
      expect((await failure(docs.dropIndex('missing'))).code).toBe(27);
    });

    it('deletes expired documents', async () => {
      await docs.createIndex({ at: 1 }, { expireAfterSeconds: 1 });
      await docs.insertMany([
        { _id: 'old', at: new Date(Date.now() - 60_000) },
        { _id: 'young', at: new Date(Date.now() + 600_000) },
      ]);
      await db.admin().command({ setParameter: 1, ttlMonitorSleepSecs: 1 });
      try {
        await eventually(async () => expect(await docs.countDocuments({ _id: 'old' })).toBe(0));
        expect(await docs.countDocuments({ _id: 'young' })).toBe(1);
      } finally {
        await db.admin().command({ setParameter: 1, ttlMonitorSleepSecs: 60 });
      }
    }, 30_000);

    it('explains which index serves a query and whether it sorts in memory', async () => {
      await docs.createIndex({ group: 1, n: -1 });
      const served = await docs.find({ group: 'g1' }).sort({ n: -1 }).limit(3).explain('executionStats');
      expect(stagesOf(served)).toEqual(expect.arrayContaining(['LIMIT', 'IXSCAN']));
      expect(stagesOf(served)).not.toContain('SORT');
      expect(JSON.stringify(served)).toContain('"indexName":"group_1_n_-1"');
      expect(served['executionStats']).toMatchObject({ nReturned: 3, totalDocsExamined: 3 });

      expect(stagesOf(await docs.find({ n: 3 }).explain())).toContain('COLLSCAN');
      expect(stagesOf(await docs.find({ group: 'g1' }).sort({ other: 1 }).explain())).toContain('SORT');
    });
  });

  describe('transactions', () => {
    it('shows nothing of an aborted transaction and all of a committed one', async () => {
      const work = (end: 'commitTransaction' | 'abortTransaction') =>
        client.withSession(async (session) => {
          session.startTransaction();
          await docs.updateOne({ _id: 0 }, { $set: { n: 99 } }, { session });
          await docs.insertOne({ _id: end }, { session });
          expect(await docs.findOne({ _id: 0 }, { session })).toMatchObject({ n: 99 });
          expect(await docs.findOne({ _id: 0 })).toMatchObject({ n: 0 });
          await session[end]();
        });
      await work('abortTransaction');
      expect(await docs.countDocuments({ $or: [{ n: 99 }, { _id: 'abortTransaction' }], _id: { $ne: 99 } })).toBe(0);
      await work('commitTransaction');
      expect(await docs.countDocuments({ $or: [{ n: 99 }, { _id: 'commitTransaction' }], _id: { $ne: 99 } })).toBe(2);
    });

    it('reads one snapshot from first to last', async () => {
      await client.withSession(async (session) => {
        session.startTransaction();
        expect(await docs.findOne({ _id: 1 }, { session })).toMatchObject({ n: 1 });
        await docs.updateOne({ _id: 1 }, { $set: { n: 55 } });
        expect(await docs.findOne({ _id: 1 }, { session })).toMatchObject({ n: 1 });
        const error = await failure(docs.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session }));
        expect(error.code).toBe(112);
        expect(error.hasErrorLabel('TransientTransactionError')).toBe(true);
        await session.abortTransaction();
      });
      expect(await docs.findOne({ _id: 1 })).toMatchObject({ n: 55 });
    });

    it('counts twenty increments made at once, each read before it is written', async () => {
      await Promise.all(
        Array.from({ length: 20 }, () =>
          client.withSession((session) =>
            session.withTransaction(async () => {
              const found = await docs.findOne({ _id: 0 }, { session });
              await docs.updateOne({ _id: 0 }, { $set: { n: (found?.n ?? 0) + 1 } }, { session });
            }),
          ),
        ),
      );
      expect(await docs.findOne({ _id: 0 })).toMatchObject({ n: 20 });
    }, 30_000);

    it('commits once however often it is asked', async () => {
      await client.withSession(async (session) => {
        session.startTransaction();
        await docs.updateOne({ _id: 0 }, { $inc: { n: 1 } }, { session });
        await session.commitTransaction();
        await session.commitTransaction();
      });
      expect(await docs.findOne({ _id: 0 })).toMatchObject({ n: 1 });
    });

    it('ends with a duplicate key, and says so afterwards', async () => {
      await client.withSession(async (session) => {
        session.startTransaction();
        await docs.insertOne({ _id: 'first' }, { session });
        expect((await failure(docs.insertOne({ _id: 1 }, { session }))).code).toBe(11000);
        const error = await failure(docs.insertOne({ _id: 'second' }, { session }));
        expect(error.code).toBe(251);
        expect(error.hasErrorLabel('TransientTransactionError')).toBe(true);
        await session.abortTransaction();
      });
      expect(await docs.countDocuments({ _id: { $in: ['first', 'second'] } })).toBe(0);
    });
  });

  describe('definitions and errors', () => {
    it('drops a database with everything in it', async () => {
      const other = client.db(`${db.databaseName}_dropped`);
      await other.collection('x').insertOne({ a: 1 });
      await other.dropDatabase();
      expect(await other.listCollections().toArray()).toEqual([]);
      const { databases } = await client.db().admin().listDatabases();
      expect(databases.map(({ name }) => name)).not.toContain(other.databaseName);
    });

    it.each<[string, object, number]>([
      ['an unknown command', { fancyCommand: 1 }, 59],
      ['an unknown operator in a filter', { find: 'docs', filter: { $fancy: 1 } }, 2],
      ['an unknown stage', { aggregate: 'docs', pipeline: [{ $fancy: 1 }], cursor: {} }, 40324],
      ['an unknown update operator', { findAndModify: 'docs', query: {}, update: { $fancy: { a: 1 } } }, 9],
      ['the indexes of a missing collection', { listIndexes: 'missing' }, 26],
      ['a cursor that never was', { getMore: 5n, collection: 'docs' }, 43],
    ])('answers %s with its code', async (_what, command, code) => {
      expect((await failure(db.command(asWire(command)))).code).toBe(code);
    });

    it('stops a command at its time limit', async () => {
      const times250 = [{ $lookup: { from: 'docs', pipeline: [], as: 'other' } }, { $unwind: '$other' }];
      const slow = docs.aggregate([...times250, ...times250, { $group: { _id: '$other.n', n: { $sum: 1 } } }], {
        maxTimeMS: 50,
      });
      expect((await failure(slow.toArray())).code).toBe(50);
      expect(await docs.countDocuments()).toBe(250);
    });

    it('closes a connection that does not speak the protocol, and goes on with the others', async () => {
      const port = Number(new URL(uri.replace('mongodb:', 'http:')).port);
      for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(64, 0xff), lyingLength()]) {
        await new Promise<void>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
          socket.on('error', () => undefined).on('close', () => resolve());
          socket.resume();
        });
      }
      expect(await db.command({ ping: 1 })).toMatchObject({ ok: 1 });
    });
  });

  describe('through Mongoose', () => {
    it('makes a model with its indexes, saves, refuses duplicates and runs transactions', async () => {
      const connection = await mongoose.createConnection(uri, { dbName: `${db.databaseName}_mongoose` }).asPromise();
      try {
        const schema = new Schema({ key: { type: String, unique: true }, n: Number, at: Date }, { timestamps: true });
        schema.index({ at: 1 }, { expireAfterSeconds: 3600 });
        const Thing = connection.model('Thing', schema);
        await Thing.init();
        expect(await Thing.diffIndexes()).toEqual({ toCreate: [], toDrop: [] });
        await Thing.create({ key: 'a', n: 1 });
        expect(await failure(Thing.create({ key: 'a' }))).toMatchObject({
          code: 11000,
          keyPattern: { key: 1 },
          keyValue: { key: 'a' },
        });
        await connection
          .transaction(async (session) => {
            await Thing.updateOne({ key: 'a' }, { n: 2 }, { session });
            throw new RangeError('no');
          })
          .catch(() => undefined);
        expect(await Thing.findOne({ key: 'a' })).toMatchObject({ n: 1 });
        await connection.transaction((session) => Thing.updateOne({ key: 'a' }, { n: 3 }, { session }));
        expect((await Thing.findOneAndUpdate({ key: 'a' }, { $inc: { n: 1 } }, { returnDocument: 'after' }))?.n).toBe(
          4,
        );
        const seen: unknown[] = [];
        await Thing.insertMany(Array.from({ length: 300 }, (_, i) => ({ key: `k${i}`, n: i })));
        for await (const thing of Thing.find({ key: /^k/ }).sort({ n: 1 }).cursor({ batchSize: 50 }))
          seen.push(thing.n);
        expect(seen).toEqual(Array.from({ length: 300 }, (_, i) => i));
      } finally {
        await connection.dropDatabase();
        await connection.close();
      }
    }, 20_000);
  });
});

/** Long integers and session ids in the form the driver sends. */
function asWire(command: object): object {
  return Object.fromEntries(
    Object.entries(command).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? mongoose.mongo.Long.fromBigInt(value) : value,
    ]),
  );
}

function keyPatternOf(error: MongoServerError): unknown {
  const details = error as unknown as { keyPattern?: unknown; writeErrors?: { err?: { keyPattern?: unknown } }[] };
  return details.keyPattern ?? details.writeErrors?.[0]?.err?.keyPattern;
}

function stagesOf(explained: object): string[] {
  return [...JSON.stringify(explained).matchAll(/"stage":"(\w+)"/g)].map(([, stage]) => stage ?? '');
}

function lyingLength(): Buffer {
  const message = Buffer.alloc(40);
  message.writeInt32LE(40, 0);
  message.writeInt32LE(2013, 12);
  message.writeInt32LE(4000, 21); // a document longer than its message
  return message;
}

async function eventually(check: () => Promise<void>, patienceMs = 20_000): Promise<void> {
  for (const deadline = Date.now() + patienceMs; ;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
