import { randomBytes, randomUUID } from 'node:crypto';
import mongoose, { type Connection, type Model } from 'mongoose';
import { type MachineRecord, MACHINES, machineSchema } from '../../src/modules/machines/machine.schema.js';
import { MACHINE_STATUSES } from '../../src/modules/machines/machine.js';
import { MachinesRepository } from '../../src/modules/machines/machines.repository.js';
import {
  MachineSessionReads,
  SESSIONS_OF_MACHINES,
  sessionsOfMachinesSchema,
} from '../../src/modules/machines/session.reads.js';
import { isDuplicateKey } from '../../src/shared/database/base.repository.js';
import { aNewMachine } from '../factories/machines.js';
import { aSessionRecord } from '../factories/sessions.js';
import { FakeMachinesRepository } from '../fakes/fake-machines.repository.js';

interface Store {
  readonly machines: Pick<MachinesRepository, keyof MachinesRepository>;
  /** As if it had been heard of then. */
  heardAt(organization: string, id: string, at: Date): Promise<void>;
}

let connection: Connection;
beforeAll(async () => {
  connection = await mongoose
    .createConnection(String(process.env['MONGODB_URI']), {
      dbName: `machines_${randomBytes(4).toString('hex')}`,
      autoIndex: false,
      autoCreate: false,
    })
    .asPromise();
});
afterAll(async () => {
  await connection.dropDatabase();
  await connection.close();
});

async function onDatabase(): Promise<Store> {
  const model = connection.model<MachineRecord>(MACHINES, machineSchema);
  const machines = new MachinesRepository(model);
  await machines.prepare();
  return {
    machines,
    heardAt: async (organization, id, at) => {
      await model.collection.updateOne({ organization, machine_id: id }, { $set: { last_heartbeat: at } });
    },
  };
}

async function inMemory(): Promise<Store> {
  const machines = new FakeMachinesRepository(() => new Date());
  return {
    machines,
    heardAt: async (organization, id, at) => {
      for (const [key, row] of machines.rows) {
        const isIt = row.machine.organization === organization && row.machine.id === id;
        if (isIt) machines.rows.set(key, { ...row, machine: { ...row.machine, lastHeartbeatAt: at } });
      }
    },
  };
}

const secondsOld = (date: Date | undefined): number => (date ? Math.abs(Date.now() - date.getTime()) / 1000 : Infinity);
const LONG_AGO = new Date('2020-01-01T00:00:00Z');
const MANY = Number.MAX_SAFE_INTEGER;

describe.each([
  ['in memory', inMemory],
  ['on the database', onDatabase],
])('machines %s', (_name, open) => {
  let store: Store;
  let machines: Store['machines'];
  beforeAll(async () => {
    store = await open();
    machines = store.machines;
  });

  it('a new one is online with the time of the database; its id is taken in its organization only', async () => {
    const info = { cpuLimit: 2.5, memoryLimitMb: null, note: '$note' };
    const given = aNewMachine({ slotInfo: { '2': info }, metadata: { os: '$linux' } });
    const made = await machines.insert(given);
    expect(made).toMatchObject({ ...given, status: 'online', activeSessions: [] });
    for (const time of [made.createdAt, made.updatedAt, made.lastHeartbeatAt]) expect(secondsOld(time)).toBeLessThan(5);
    expect(await machines.find('acme', given.id)).toEqual(made);
    expect(await machines.find('other', given.id)).toBeNull();
    expect(isDuplicateKey(await machines.insert(given).catch((error: unknown) => error))).toBe(true);
    expect((await machines.insert({ ...given, organization: 'other' })).organization).toBe('other');
    expect(await machines.findMany('acme', [given.id, 'unknown'])).toEqual([made]);
  });

  it('a change replaces what is given, merges metadata and leaves the heartbeat', async () => {
    const made = await machines.insert(aNewMachine({ metadata: { a: 1, b: 2 } }));
    const change = {
      status: 'maintenance',
      hostname: '$host',
      dockerSlots: [],
      slotInfo: {},
      metadata: { b: null, c: '$c' },
    } as const;
    const after = await machines.change('acme', made.id, change);
    expect(after).toMatchObject({ ...change, metadata: { a: 1, c: '$c' }, lastHeartbeatAt: made.lastHeartbeatAt });
    expect(after?.metadata).toEqual({ a: 1, c: '$c' });
    expect(await machines.change('other', made.id, change)).toBeNull();
  });

  it('a beat brings an offline machine back, leaves maintenance, and never moves time backwards', async () => {
    const made = await machines.insert(aNewMachine());
    await store.heardAt('acme', made.id, LONG_AGO);
    await machines.change('acme', made.id, { status: 'offline' });
    expect(await machines.beat('acme', made.id, ['online', 'maintenance'], {}, MANY)).toBeNull();
    const beaten = await machines.beat('acme', made.id, MACHINE_STATUSES, { load: '$1' }, MANY);
    expect(beaten).toMatchObject({ status: 'online', metadata: { load: '$1' } });
    expect(secondsOld(beaten?.lastHeartbeatAt)).toBeLessThan(5);
    await machines.change('acme', made.id, { status: 'maintenance' });
    const future = new Date(Date.now() + 60_000);
    await store.heardAt('acme', made.id, future);
    const again = await machines.beat('acme', made.id, ['maintenance'], { load: 'x'.repeat(100) }, 60);
    expect(again).toMatchObject({ status: 'maintenance', lastHeartbeatAt: future, metadata: { load: '$1' } });
    expect(await machines.beat('other', made.id, MACHINE_STATUSES, {}, MANY)).toBeNull();
  });

  it('sessions come and go once, whatever is repeated', async () => {
    const { id } = await machines.insert(aNewMachine());
    for (const session of ['a', 'b', 'a']) await machines.addSession('acme', id, session);
    expect([...((await machines.find('acme', id))?.activeSessions ?? [])].sort()).toEqual(['a', 'b']);
    for (const session of ['a', 'a', 'unknown']) await machines.pullSession('acme', id, session);
    expect((await machines.find('acme', id))?.activeSessions).toEqual(['b']);
    expect((await machines.setActiveSessions('acme', id, ['$c']))?.activeSessions).toEqual(['$c']);
    await machines.addSession('acme', 'not registered', 'a');
    expect(await machines.find('acme', 'not registered')).toBeNull();
  });

  it('lists, pages and counts are those of the organization', async () => {
    const organization = randomUUID();
    for (const hostname of ['one', 'two', 'three']) await machines.insert(aNewMachine({ organization, hostname }));
    const first = await machines.list(organization, {}, { limit: 2, offset: 0, after: null });
    expect([first.machines.map((m) => m.hostname), first.total]).toEqual([['three', 'two'], 3]);
    const rest = await machines.list(organization, {}, { limit: 2, offset: 0, after: first.next });
    expect([rest.machines.map((m) => m.hostname), rest.next]).toEqual([['one'], null]);
    await machines.change(organization, rest.machines[0]?.id ?? '', { status: 'offline' });
    const named = await machines.list(
      organization,
      { hostname: 'two', status: 'online' },
      { limit: 9, offset: 0, after: null },
    );
    expect(named.total).toBe(1);
    expect((await machines.listOnline(organization, 9)).map((m) => m.hostname)).toEqual(['three', 'two']);
    const counts = await machines.countByStatus(organization);
    expect([...counts].sort((a, b) => a.status.localeCompare(b.status))).toEqual([
      { status: 'offline', machines: 1, slots: 3 },
      { status: 'online', machines: 2, slots: 6 },
    ]);
    expect((await machines.remove(organization, rest.machines[0]?.id ?? ''))?.hostname).toBe('one');
    expect((await machines.list(organization, {}, { limit: 9, offset: 0, after: null })).total).toBe(2);
  });

  it('the silent ones are found, the longest silent first, and marked once', async () => {
    const organization = randomUUID();
    const [a, b] = [
      await machines.insert(aNewMachine({ organization })),
      await machines.insert(aNewMachine({ organization })),
    ];
    await store.heardAt(organization, a.id, new Date(LONG_AGO.getTime() + 1000));
    await store.heardAt(organization, b.id, LONG_AGO);
    const cutoff = new Date(LONG_AGO.getTime() + 60_000);
    expect(await machines.findSilent(cutoff, 0, 9)).toEqual([
      { organization, id: b.id },
      { organization, id: a.id },
    ]);
    expect(await machines.findSilent(cutoff, 1, 9)).toEqual([{ organization, id: a.id }]);
    expect((await machines.markOffline(organization, a.id, cutoff))?.status).toBe('offline');
    expect(await machines.markOffline(organization, a.id, cutoff)).toBeNull();
    await machines.beat(organization, b.id, ['online'], {}, MANY);
    expect(await machines.markOffline(organization, b.id, cutoff)).toBeNull();
  });

  it('pages over all organizations end', async () => {
    const seen: string[] = [];
    for (let after = null as Awaited<ReturnType<typeof machines.page>>[number] | null; ;) {
      const page = await machines.page(after, 3);
      seen.push(...page.map((machine) => `${machine.organization}/${machine.id}`));
      after = page.at(-1) ?? null;
      if (page.length < 3) break;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThan(6);
  });
});

describe('machines and their sessions on the database', () => {
  it('sees the live ones with their slots, and who was heard of', async () => {
    const reads = new MachineSessionReads(connection.model(SESSIONS_OF_MACHINES, sessionsOfMachinesSchema) as never);
    const at = (ms: number): Date => new Date(LONG_AGO.getTime() + ms);
    const records = [
      aSessionRecord({ machineId: 'm1', dockerSlot: 2, startedAt: at(1), lastHeartbeatAt: at(1) }),
      aSessionRecord({ machineId: 'm1', status: 'stalled', startedAt: at(2), metadata: { machine_released: true } }),
      aSessionRecord({ machineId: 'm1', status: 'failed', startedAt: at(3), lastHeartbeatAt: at(9000) }),
      aSessionRecord({ machineId: 'm2', status: 'paused', lastHeartbeatAt: at(5000) }),
      aSessionRecord({ machineId: 'm2', organization: 'other', lastHeartbeatAt: at(9000) }),
    ];
    await connection.collection('sessions').insertMany(records as never[]);
    expect(await reads.liveOn('acme', 'm1')).toEqual([
      { id: records[0]?.session_id, machineId: 'm1', dockerSlot: 2, isReleased: false },
      { id: records[1]?.session_id, machineId: 'm1', dockerSlot: null, isReleased: true },
    ]);
    expect(await reads.live('acme')).toHaveLength(3);
    expect(await reads.heardOn('acme', ['m1', 'm2'], at(5000))).toEqual(new Set(['m2']));
    expect(await reads.heardOn('acme', ['m2'], at(6000))).toEqual(new Set());
  });
});

describe('query plans of machines', () => {
  it('one by its id: by the index on both, whatever the organization holds', async () => {
    const model = (connection.models[MACHINES] ??
      connection.model<MachineRecord>(MACHINES, machineSchema)) as Model<MachineRecord>;
    await new MachinesRepository(model).prepare();
    const filter = { organization: 'plans-1', machine_id: 'x' };
    await model.collection.insertMany(
      Array.from({ length: 200 }, (_, i) => ({
        organization: 'plans-1',
        machine_id: `m-${i}`,
        created_at: new Date(),
      })) as never[],
    );
    const plan = await model.collection.find(filter).explain();
    const indexes = [...JSON.stringify(plan).matchAll(/"indexName":"(\w+)"/g)].map(([, name]) => name);
    expect(new Set(indexes)).toEqual(new Set(['organization_1_machine_id_1']));
  });
});
