import { randomBytes } from 'node:crypto';
import type { CommandStartedEvent } from 'mongodb';
import mongoose, { type Connection, type Model } from 'mongoose';
import { findPlainly, modifyPlainly } from '../../src/shared/database/plain-command.js';
import { DatabaseProxy } from '../e2e/database-proxy.js';

interface Counter {
  readonly name: string;
  readonly count: number;
}

const DATABASE = `plain_${randomBytes(4).toString('hex')}`;
const ADD_ONE = [{ $set: { count: { $add: ['$count', 1] } } }];

describe('plain commands', () => {
  let proxy: DatabaseProxy;
  let connection: Connection;
  let counters: Model<Counter>;
  const started: CommandStartedEvent[] = [];
  const sent = (): readonly CommandStartedEvent[] =>
    started.filter(({ commandName }) => commandName === 'findAndModify');

  beforeAll(async () => {
    proxy = await DatabaseProxy.start(String(process.env['MONGODB_URI']));
    connection = await mongoose
      .createConnection(proxy.uri, {
        dbName: DATABASE,
        w: 'majority',
        journal: true,
        monitorCommands: true,
        serverSelectionTimeoutMS: 1000,
      })
      .asPromise();
    const schema = new mongoose.Schema<Counter>({ name: String, count: Number });
    counters = connection.model('counters', schema) as unknown as Model<Counter>;
    connection.getClient().on('commandStarted', (event) => started.push(event));
  });
  beforeEach(async () => {
    await counters.deleteMany({});
    await counters.create({ name: 'one', count: 1 });
    started.length = 0;
  });
  afterAll(async () => {
    await connection.dropDatabase();
    await connection.close();
    await proxy.stop();
  });

  it('find one document, or none', async () => {
    expect(await findPlainly(counters, { name: 'one' })).toMatchObject({ count: 1 });
    expect(await findPlainly(counters, { name: 'two' })).toBeNull();
  });

  it('answer the document as it is afterwards, or none', async () => {
    expect(await modifyPlainly(counters, { name: 'one' }, ADD_ONE)).toMatchObject({ count: 2 });
    expect(await modifyPlainly(counters, { name: 'two' }, ADD_ONE)).toBeNull();
  });

  it('write with the concern of the connection', async () => {
    await modifyPlainly(counters, { name: 'one' }, ADD_ONE);
    expect(sent().map(({ command }) => command['writeConcern'])).toEqual([{ w: 'majority', j: true }]);
  });

  it('are sent again, once, when the connection is lost before the answer', async () => {
    proxy.hold();
    const answer = modifyPlainly(counters, { name: 'one' }, ADD_ONE);
    while (sent().length === 0) await new Promise((resolve) => setImmediate(resolve));
    proxy.cut();
    proxy.mend();
    expect((await answer)?.count).toBeGreaterThanOrEqual(2);
    expect(sent()).toHaveLength(2);
  });

  it('fail when the database stays away', async () => {
    proxy.hold();
    const answer = modifyPlainly(counters, { name: 'one' }, ADD_ONE).catch((error: unknown) => error);
    while (sent().length === 0) await new Promise((resolve) => setImmediate(resolve));
    proxy.cut();
    expect(await answer).toBeInstanceOf(Error);
    proxy.mend();
  });
});
