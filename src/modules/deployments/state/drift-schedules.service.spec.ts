import type { Config } from '../../../shared/config/config.js';
import { Conflict } from '../../../shared/errors/app-error.js';
import { Metrics } from '../../../shared/metrics/metrics.js';
import { ManualClock } from '../../../../test/fakes/manual-clock.js';
import type { DriftSchedule, Environment } from '../environments/environment.js';
import { current, newSchedule, NO_SCHEDULE, nextTick, requireCron } from './drift-schedule.js';
import { DriftSchedulesService, DriftTools } from './drift-schedules.service.js';

const NOON = new Date('2026-03-01T12:00:00.000Z');

describe('the schedule of an environment', () => {
  it.each(['0 2 * * *', ' */5 * * * 1-5 '])('takes %j', (line) => {
    expect(requireCron(line)).toBe(line.trim());
  });

  it.each(['', 'daily', '0 2 * *', '0 0 2 * * *', '61 2 * * *'])('refuses %j with 400', (line) => {
    expect(() => requireCron(line)).toThrow(expect.objectContaining({ status: 400 }));
  });

  it('ticks in its time zone', () => {
    expect(nextTick('0 2 * * *', 'UTC', NOON).toISOString()).toBe('2026-03-02T02:00:00.000Z');
    expect(nextTick('0 2 * * *', 'Europe/Berlin', NOON).toISOString()).toBe('2026-03-02T01:00:00.000Z');
  });

  it('follows the default where it has none of its own, also to nothing', () => {
    const own = newSchedule('0 2 * * *', false, 'UTC', NOON);
    const byDefault = { ...own, isDefault: true };
    expect(current(own, undefined)?.cron).toBe('0 2 * * *');
    expect(current(byDefault, '0 5 * * *')?.cron).toBe('0 5 * * *');
    expect(current(byDefault, undefined)).toBeNull();
    expect(current(NO_SCHEDULE, '0 5 * * *')).toBeNull();
  });
});

/** A service whose environments, detections and clock are in memory. */
function aRig(drift: Partial<Config['runs']['drift']> = {}, refusal?: Error) {
  const environments = new Map<string, Environment>();
  const started: string[] = [];
  const rig = { environments, started, open: 0, clock: new ManualClock(NOON) };
  const stores = {
    deployments: { find: async (deploymentId: string) => ({ deploymentId }) },
    environments: {
      listDriftDue: async (now: Date) =>
        [...environments.values()].filter(({ driftSchedule }) => driftSchedule?.nextAt && driftSchedule.nextAt <= now),
      listUnscheduled: async () => [...environments.values()].filter(({ driftSchedule }) => !driftSchedule),
      change: async (id: string, _name: string, change: Partial<Environment>) => {
        environments.set(id, { ...(environments.get(id) as Environment), ...change });
      },
    },
    operations: { countOpen: async () => rig.open },
  };
  const upkeep = {
    detectIn: async (_principal: unknown, { deploymentId }: { deploymentId: string }) => {
      if (refusal) throw refusal;
      started.push(deploymentId);
      return { operation: { operationId: `op-${deploymentId}` } };
    },
  };
  const config = { crons: { timeZone: 'UTC' }, runs: { drift: { concurrency: 2, cron: undefined, ...drift } } };
  const tools = new DriftTools(config as Config, rig.clock, new Metrics(), {} as never);
  const service = new DriftSchedulesService({} as never, stores as never, upkeep as never, tools);
  const add = (id: string, driftSchedule: DriftSchedule | null): void => {
    environments.set(id, { deploymentId: id, environment: 'dev', driftSchedule } as Environment);
  };
  return { ...rig, rig, service, add, scheduleOf: (id: string) => environments.get(id)?.driftSchedule };
}

const due = (): DriftSchedule => ({ ...newSchedule('0 2 * * *', false, 'UTC', NOON), nextAt: NOON });

describe('scheduled drift detection', () => {
  it('[10.4] is off by default', async () => {
    const { service, add, started } = aRig();
    add('D1', null);
    expect(await service.startDue()).toBe(0);
    expect(started).toEqual([]);
  });

  it('[10.4] starts what is due, once, and looks at the rest of the day ahead', async () => {
    const { service, add, started, scheduleOf } = aRig();
    add('D1', due());
    add('D2', newSchedule('0 2 * * *', false, 'UTC', NOON));
    expect(await service.startDue()).toBe(1);
    expect(await service.startDue()).toBe(0);
    expect(started).toEqual(['D1']);
    expect(scheduleOf('D1')).toMatchObject({
      lastAt: NOON,
      lastOperationId: 'op-D1',
      nextAt: new Date('2026-03-02T02:00:00.000Z'),
    });
  });

  it('starts no more than may run at once; the others stay due and are counted', async () => {
    const { service, add, started, scheduleOf, rig } = aRig({ concurrency: 2 });
    for (const id of ['D1', 'D2', 'D3']) add(id, due());
    expect(await service.startDue()).toBe(2);
    expect(scheduleOf('D3')).toMatchObject({ deferred: 1, nextAt: NOON });
    rig.open = 0;
    expect(await service.startDue()).toBe(1);
    expect(started).toEqual(['D1', 'D2', 'D3']);
  });

  it('gives environments without a schedule the default, and none to those that want none', async () => {
    const { service, add, scheduleOf } = aRig({ cron: '0 2 * * *' });
    add('D1', null);
    add('D2', NO_SCHEDULE);
    await service.startDue();
    expect(scheduleOf('D1')).toMatchObject({ isDefault: true, nextAt: new Date('2026-03-02T02:00:00.000Z') });
    expect(scheduleOf('D2')).toBe(NO_SCHEDULE);
  });

  it('goes on to the next day when there is nothing to look at', async () => {
    const { service, add, scheduleOf } = aRig({}, new Conflict('RESOURCE_CONFLICT', 'nothing deployed'));
    add('D1', due());
    expect(await service.startDue()).toBe(0);
    expect(scheduleOf('D1')?.nextAt).toEqual(new Date('2026-03-02T02:00:00.000Z'));
  });
});
