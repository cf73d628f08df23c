import { randomBytes } from 'node:crypto';
import mongoose, { type Connection } from 'mongoose';
import { UnitOfWork } from '../../src/shared/database/unit-of-work.js';
import { EventBus } from '../../src/shared/events/event-bus.js';
import { EventLog } from '../../src/shared/events/event-log.js';
import { InProcessEventRelay } from '../../src/shared/events/event-relay.port.js';
import { counterSchema, EVENT_COUNTERS, DEPLOYMENT_EVENTS, eventSchema } from '../../src/shared/events/event.schema.js';
import { EventsRepository } from '../../src/shared/events/events.repository.js';
import { draft } from '../../src/shared/events/events.js';
import { SystemClock } from '../../src/shared/kernel/clock.js';
import { RandomIds } from '../../src/shared/kernel/ids.js';

describe('the numbers of events', () => {
  let connection: Connection;
  let events: EventsRepository;
  beforeAll(async () => {
    mongoose.set('transactionAsyncLocalStorage', true);
    connection = await mongoose
      .createConnection(String(process.env['MONGODB_URI']), { dbName: `events_${randomBytes(4).toString('hex')}` })
      .asPromise();
    events = new EventsRepository(
      connection.model(DEPLOYMENT_EVENTS, eventSchema(30)) as never,
      connection.model(EVENT_COUNTERS, counterSchema) as never,
      new RandomIds(),
    );
    await events.prepare();
  });
  afterAll(async () => {
    await connection.dropDatabase();
    await connection.close();
  });

  /** Each process has an event log of its own; within one, writers queue. */
  const aProcess = (): EventLog =>
    new EventLog(new UnitOfWork(connection), events, new InProcessEventRelay(), new EventBus(), new SystemClock());

  it('have neither gap nor double when several processes write the first events of an organization', async () => {
    const organization = 'acme';
    const scope = { organization, deploymentId: 'D1', operationId: 'op-1' };
    const warning = { code: 'W', message: 'm', stack: null };
    const write = (log: EventLog): Promise<void> =>
      log.write(organization, (append) => {
        append(draft('deployment_warning', scope, warning));
        append(draft('deployment_warning', scope, warning));
        return Promise.resolve();
      });
    await Promise.all(Array.from({ length: 6 }, () => write(aProcess())));
    const stored = await events.readAfter({ organization }, 0, 100);
    const expected = Array.from({ length: 12 }, (_, index) => index + 1);
    expect(stored.map((event) => event.position)).toEqual(expected);
    expect(stored.map((event) => event.seq)).toEqual(expected);
    expect(await events.lastPosition(organization)).toBe(12);
  });

  it('are given back when the unit of work fails', async () => {
    const organization = 'beta';
    const append1 = draft('deployment_warning', { organization }, { code: 'W', message: 'm', stack: null });
    const log = aProcess();
    await log.write(organization, (append) => Promise.resolve(append(append1)));
    const broken = log.write(organization, (append) => {
      append(append1);
      throw new TypeError('broken');
    });
    await expect(broken).rejects.toThrow('broken');
    await log.write(organization, (append) => Promise.resolve(append(append1)));
    expect((await events.readAfter({ organization }, 0, 10)).map((event) => event.position)).toEqual([1, 2]);
  });
});
