import { randomBytes } from 'node:crypto';
import mongoose, { type Connection, type Model, Schema } from 'mongoose';
import { machineSchema, MACHINES } from '../../src/modules/machines/machine.schema.js';
import { sessionSchema, SESSIONS } from '../../src/modules/sessions/session.schema.js';
import { TASKS, taskSchema } from '../../src/modules/tasks/task.schema.js';
import { ensureIndexes } from '../../src/shared/database/indexes.js';
import { aSessionRecord } from '../factories/sessions.js';

const DAY = 86_400;

describe('indexes at start', () => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await mongoose
      .createConnection(String(process.env['MONGODB_URI']), {
        dbName: `indexes_${randomBytes(4).toString('hex')}`,
        autoIndex: false,
        autoCreate: false,
      })
      .asPromise();
  });
  afterAll(async () => {
    await connection.dropDatabase();
    await connection.close();
  });
  const started = async <T>(name: string, schema: Schema<T>): Promise<Model<T>> => {
    if (connection.models[name]) connection.deleteModel(name);
    const model = connection.model(name, schema) as unknown as Model<T>;
    await ensureIndexes(model);
    return model;
  };
  const keysOf = async <T>(model: Model<T>): Promise<readonly string[]> =>
    ((await model.listIndexes()) as readonly { readonly key: Record<string, unknown> }[]).map((index) =>
      Object.keys(index.key).join(', '),
    );

  it('[X14] all of the table exist after a start, and after a second one', async () => {
    for (let start = 0; start < 2; start += 1) {
      const sessions = await started(SESSIONS, sessionSchema(31 * DAY));
      const tasks = await started(TASKS, taskSchema(31 * DAY));
      const machines = await started(MACHINES, machineSchema);
      expect(await keysOf(sessions)).toEqual(
        expect.arrayContaining([
          'session_id',
          'organization, project_id, status',
          'organization, machine_id, status',
          'status, last_heartbeat',
          'last_heartbeat',
          'active_key',
          'slot_key',
          'recovered_from',
          'archived, archived_at',
          'updated_at',
          'completed_at',
        ]),
      );
      expect(await keysOf(tasks)).toEqual(
        expect.arrayContaining([
          'task_id',
          'session_id, status',
          'organization, project_id, status',
          'updated_at',
          'session_closed_at',
        ]),
      );
      expect(await keysOf(machines)).toEqual(
        expect.arrayContaining(['organization, machine_id', 'status, last_heartbeat']),
      );
    }
  });

  it('an expiry that was set otherwise is corrected, and nothing else changes', async () => {
    await started(SESSIONS, sessionSchema(31 * DAY));
    const model = await started(SESSIONS, sessionSchema(8 * DAY));
    const list = (await model.listIndexes()) as readonly {
      key: Record<string, unknown>;
      expireAfterSeconds?: number;
    }[];
    expect(
      list
        .filter((index) => Object.keys(index.key)[0] === 'completed_at')
        .map((index) => Number(index.expireAfterSeconds)),
    ).toEqual([8 * DAY]);
    expect(list).toHaveLength(sessionSchema(8 * DAY).indexes().length + 1);
  });

  it('an index that is there in another shape, or cannot be built, stops the start and is named', async () => {
    const plain = new Schema({ name: String }, { collection: 'things' });
    plain.index({ name: 1 });
    const things = await started('things', plain);
    await things.insertMany([{ name: 'a' }, { name: 'a' }]);
    const unique = new Schema({ name: String }, { collection: 'things' });
    unique.index({ name: 1 }, { unique: true });
    await expect(started('things', unique)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('things'),
    });
    await things.collection.dropIndex('name_1');
    await expect(started('things', unique)).rejects.toMatchObject({ name: 'ConfigurationError' });
  });

  it('[1.1.f] a session that completed longer ago disappears by itself, an archived one stays', async () => {
    const model = await started(SESSIONS, sessionSchema(31 * DAY));
    const ended = { status: 'completed' as const, completedAt: new Date(Date.now() - 32 * DAY * 1000) };
    const old = aSessionRecord(ended);
    const kept = aSessionRecord({ ...ended, isArchived: true, archivedAt: new Date() });
    const young = aSessionRecord({ ...ended, completedAt: new Date(Date.now() - 30 * DAY * 1000) });
    await model.collection.insertMany([old, kept, young] as never[]);
    while (await model.exists({ session_id: old.session_id })) {
      await new Promise((resolve) => setTimeout(resolve, 1000)); // the database looks once a minute
    }
    expect(await model.countDocuments({ session_id: { $in: [kept.session_id, young.session_id] } })).toBe(2);
  }, 300_000);
});
