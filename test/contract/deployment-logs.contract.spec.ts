import { randomBytes } from 'node:crypto';
import mongoose, { type Connection, type Model } from 'mongoose';
import {
  DEPLOYMENT_LOGS,
  type DeploymentLogRecord,
  deploymentLogSchema,
} from '../../src/modules/deployments/logs/deployment-log.schema.js';
import { DeploymentLogsRepository } from '../../src/modules/deployments/logs/deployment-logs.repository.js';
import { type LogRecord, toLogRecord } from '../../src/modules/deployments/logs/log-record.js';
import type { EventScope } from '../../src/shared/events/events.js';
import { aLog, SCOPE, stored } from '../factories/events.js';

const LINES = 3000;

describe('lines of logs in the database', () => {
  let connection: Connection;
  let model: Model<DeploymentLogRecord>;
  let logs: DeploymentLogsRepository;

  const aLine = (position: number, scope: Partial<EventScope>, given: Partial<LogRecord> = {}): LogRecord => {
    const event = stored(aLog(`line ${position}`, position % 10 === 0 ? 'error' : 'info'), position);
    const line = toLogRecord({ ...event, scope: { ...SCOPE, ...scope } });
    if (!line) throw new RangeError('a log event is a line');
    return { ...line, timestamp: new Date(Date.UTC(2030, 0, 1, 0, 0, position)), ...given };
  };

  beforeAll(async () => {
    connection = await mongoose
      .createConnection(String(process.env['MONGODB_URI']), {
        dbName: `logs_${randomBytes(4).toString('hex')}`,
        autoIndex: false,
        autoCreate: false,
      })
      .asPromise();
    model = connection.model(DEPLOYMENT_LOGS, deploymentLogSchema) as unknown as Model<DeploymentLogRecord>;
    logs = new DeploymentLogsRepository(model);
    await logs.prepare();
    const lines = Array.from({ length: LINES }, (_, i) =>
      aLine(i + 1, { deploymentId: `D0000${i % 10}`, operationId: `op-${i % 30}` }, { stack: `stack-${i % 20}` }),
    );
    for (let i = 0; i < LINES; i += 500) await logs.insert(lines.slice(i, i + 500));
  });
  afterAll(async () => {
    await connection.dropDatabase();
    await connection.close();
  });

  it.each<[string, Record<string, unknown>, Record<string, 1 | -1> | null]>([
    ['the log of a deployment', { deploymentId: 'D00001', position: { $gt: 900 } }, { position: 1 }],
    ['the log of an operation', { operationId: 'op-7', position: { $gt: 900 } }, { position: 1 }],
    ['the last lines of an operation', { operationId: 'op-7' }, { position: -1 }],
    [
      'what a stack wrote in a second',
      {
        deploymentId: 'D00001',
        environment: 'dev',
        stack: 'stack-1',
        timestamp: { $gte: new Date(Date.UTC(2030, 0, 1)) },
      },
      null,
    ],
  ])('%s is found by an index', async (_what, filter, sort) => {
    const found = model.collection.find(filter);
    const plan = JSON.stringify(await (sort ? found.sort(sort).limit(100) : found).explain());
    expect(plan).toMatch(/IXSCAN/);
    expect(plan).not.toMatch(/COLLSCAN/);
  });

  it('sums up what every operation and every stack of it has written', async () => {
    const volumes = await logs.volumes({ deploymentId: 'D00001', operationIds: ['op-1'] });
    const own = await logs.list({ deploymentId: 'D00001', operationIds: ['op-1'] }, { descending: false, limit: 1000 });
    expect(volumes.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(own.reduce((sum, { bytes }) => sum + bytes, 0));
    expect(Math.min(...volumes.map(({ firstAt }) => firstAt.getTime()))).toBe(own[0]?.timestamp.getTime());
  });

  it('stores a line only once', async () => {
    await expect(logs.insert([aLine(1, {})])).rejects.toMatchObject({ code: 11000 });
  });

  it('marks the lines of a deleted deployment, and only them, to expire', async () => {
    const at = new Date('2031-01-01T00:00:00Z');
    await logs.expire('D00003', at);
    expect(await model.countDocuments({ expiresAt: at })).toBe(LINES / 10);
    expect(await model.countDocuments({ expiresAt: at, deploymentId: 'D00003' })).toBe(LINES / 10);
    expect(await logs.count({ deploymentId: 'D00003' })).toBe(LINES / 10);
  });
});
