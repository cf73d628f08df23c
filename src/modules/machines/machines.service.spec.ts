import { aNewMachine } from '../../../test/factories/machines.js';
import { eventLogInMemory } from '../../../test/fakes/event-log.js';
import {
  FakeMachinesRepository,
  FakeMachineSessionReads,
  type LiveSession,
} from '../../../test/fakes/fake-machines.repository.js';
import { ManualClock } from '../../../test/fakes/manual-clock.js';
import type { Config } from '../../shared/config/config.js';
import { RandomIds } from '../../shared/kernel/ids.js';
import { configureLog } from '../../shared/kernel/log.js';
import type { Machine, MachineDraft, MachineStatus } from './machine.js';
import type { MachinesRepository, NewMachine } from './machines.repository.js';
import { type Admission, MachinesService } from './machines.service.js';
import type { MachineSessionReads } from './session.reads.js';

configureLog({ level: 'silent', toStderr: false, format: 'json' });

const CALLER = { organization: 'acme', id: 'key-1' };
const OFFLINE_MS = 600_000;
const INFO = { cpuLimit: 1, memoryLimitMb: null, note: null };
const nothing = async (): Promise<void> => undefined;

function aRig(settings: { readonly requireRegisteredMachine?: boolean } = {}) {
  const clock = new ManualClock();
  const { log, events } = eventLogInMemory(clock);
  const machines = new FakeMachinesRepository(() => clock.now());
  const sessions = new FakeMachineSessionReads();
  const sessionSettings = { machineOfflineThresholdMs: OFFLINE_MS, requireRegisteredMachine: false, ...settings };
  const service = new MachinesService(
    machines as unknown as MachinesRepository,
    sessions as unknown as MachineSessionReads,
    log,
    new RandomIds(),
    { sessions: sessionSettings } as Config,
  );
  const add = async (fields: Partial<NewMachine> & { readonly status?: MachineStatus } = {}): Promise<Machine> => {
    const { status, ...rest } = fields;
    const machine = await machines.insert(aNewMachine(rest));
    return (status && (await machines.change(machine.organization, machine.id, { status }))) || machine;
  };
  const occupy = (id: string, machineId: string, fields: Partial<LiveSession> = {}): void =>
    sessions.add({ id, machineId, ...fields });
  const told = () => events.rows.map(({ type, data }) => [type, data]);
  return { clock, service, machines, sessions, add, occupy, told };
}
const aDraft = (fields: Partial<MachineDraft> = {}): MachineDraft => ({
  hostname: 'host',
  dockerSlots: [1, 2],
  metadata: {},
  slotInfo: {},
  ...fields,
});

describe('registering machines', () => {
  it('[2.3.a] makes an id where none is given, and tells', async () => {
    const { service, told, clock } = aRig();
    const answered: Machine[] = [];
    const machine = await service.register(CALLER, aDraft(), async (made) => void answered.push(made));
    expect(machine).toMatchObject({ status: 'online', activeSessions: [], lastHeartbeatAt: clock.now() });
    expect(machine.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(answered).toEqual([machine]);
    expect(told()).toEqual([['machine_registered', { machine_id: machine.id, status: 'online' }]]);
  });

  it('a taken id shows the machine that is there', async () => {
    const { service, add } = aRig();
    const { id } = await add({ metadata: { fingerprint: 'f1' } });
    await expect(service.register(CALLER, aDraft({ id }), nothing)).rejects.toMatchObject({
      code: 'MACHINE_EXISTS',
      status: 409,
      details: { machine_id: id, metadata: { fingerprint: 'f1' } },
    });
  });

  it('limits of a slot that it does not have are refused', async () => {
    const { service, machines } = aRig();
    const draft = aDraft({ slotInfo: { '9': INFO } });
    await expect(service.register(CALLER, draft, nothing)).rejects.toMatchObject({ code: 'SLOT_NOT_DEFINED' });
    expect(machines.rows.size).toBe(0);
  });
});

describe('changing machines', () => {
  it.each([
    ['online', 'maintenance', 'machine_updated'],
    ['online', 'offline', 'machine_offline'],
    ['offline', 'online', 'machine_online'],
    ['maintenance', 'online', 'machine_online'],
    ['maintenance', 'offline', 'machine_offline'],
    ['offline', 'maintenance', 'machine_updated'],
  ] as const)('%s → %s is told as its event', async (from, to, event) => {
    const { service, add, told } = aRig();
    const { id } = await add({ status: from });
    expect((await service.update(CALLER, id, { status: to })).status).toBe(to);
    expect(told()).toEqual([[event, { machine_id: id, status: to, changed: ['status'] }]]);
  });

  it('what is the same already is no change', async () => {
    const { service, add, told } = aRig();
    const machine = await add();
    const same = { status: 'online', hostname: machine.hostname, dockerSlots: [1, 2, 3], metadata: {} } as const;
    expect(await service.update(CALLER, machine.id, same)).toEqual(machine);
    expect(told()).toEqual([]);
  });

  it('[X20] a slot that a live session holds stays; others go with their limits', async () => {
    const { service, add, occupy, told } = aRig();
    const { id } = await add({ slotInfo: { '2': INFO, '3': INFO } });
    occupy('s1', id, { dockerSlot: 2 });
    await expect(service.update(CALLER, id, { dockerSlots: [1, 3] })).rejects.toMatchObject({
      code: 'SLOT_IN_USE',
      details: { machine_id: id, slots: [{ docker_slot: 2, session_id: 's1' }] },
    });
    expect(told()).toEqual([]);
    const other = await add({ slotInfo: { '2': INFO, '3': INFO } });
    expect(await service.update(CALLER, other.id, { dockerSlots: [2, 4] })).toMatchObject({
      dockerSlots: [2, 4],
      slotInfo: { '2': INFO },
    });
  });

  it.each([
    [{ slotInfo: { '9': INFO } }, 'SLOT_NOT_DEFINED'],
    [{ metadata: { b: 'x'.repeat(66_000) } }, 'VALIDATION_INVALID_FORMAT'],
  ])('%p is refused', async (change, code) => {
    const { service, add } = aRig();
    const { id } = await add();
    await expect(service.update(CALLER, id, change)).rejects.toMatchObject({ code, status: 400 });
  });

  it('an unknown or foreign one is not found, whatever is asked', async () => {
    const { service, add } = aRig();
    const foreign = await add({ organization: 'other' });
    for (const id of ['unknown', foreign.id]) {
      const missing = { code: 'RESOURCE_NOT_FOUND', status: 404, details: { resource: 'machine', id } };
      await expect(service.get(CALLER, id)).rejects.toMatchObject(missing);
      await expect(service.update(CALLER, id, { hostname: 'x' })).rejects.toMatchObject(missing);
      await expect(service.heartbeat(CALLER, id)).rejects.toMatchObject(missing);
      await expect(service.remove(CALLER, id)).rejects.toMatchObject(missing);
    }
  });

  it('one with live sessions is not removed', async () => {
    const { service, add, occupy, sessions, told } = aRig();
    const { id } = await add();
    const other = await add();
    occupy('s1', id);
    await expect(service.remove(CALLER, id)).rejects.toMatchObject({
      code: 'RESOURCE_CONFLICT',
      details: { machine_id: id, session_ids: ['s1'] },
    });
    sessions.rows.clear();
    await service.remove(CALLER, other.id);
    expect(told()).toEqual([['machine_deleted', { machine_id: other.id, status: 'online' }]]);
  });
});

describe('a heartbeat of a machine', () => {
  it('[2.3.e] brings it online once, and lists exactly its live sessions', async () => {
    const { service, add, occupy, machines, told, clock } = aRig();
    const { id } = await add({ status: 'offline' });
    await machines.addSession('acme', id, 'ended');
    occupy('live', id);
    occupy('released', id, { isReleased: true });
    occupy('elsewhere', 'other-machine');
    await clock.advance(60_000);
    const first = await service.heartbeat(CALLER, id, { load: 1 });
    expect(first).toMatchObject({
      cameOnline: true,
      machine: { status: 'online', activeSessions: ['live'], lastHeartbeatAt: clock.now(), metadata: { load: 1 } },
    });
    expect((await service.heartbeat(CALLER, id)).cameOnline).toBe(false);
    expect(told()).toEqual([['machine_online', { machine_id: id, status: 'online', changed: ['status'] }]]);
  });

  it('[2.3.e] leaves maintenance, and keeps metadata that has no more room', async () => {
    const { service, add, told } = aRig();
    const { id } = await add({ status: 'maintenance', metadata: { a: 1 } });
    const beat = await service.heartbeat(CALLER, id, { b: 'x'.repeat(66_000) });
    expect(beat).toMatchObject({ cameOnline: false, machine: { status: 'maintenance', metadata: { a: 1 } } });
    expect(told()).toEqual([]);
  });
});

describe('admission of a session', () => {
  const admission = (want: Partial<Admission>): Admission => ({ slot: null, for: 'create', ...want });

  it.each([
    ['online', { slot: 2 }, null],
    ['offline', {}, null],
    ['online', { slot: 9 }, 'SLOT_NOT_DEFINED'],
    ['online', { slot: 1 }, 'SLOT_TAKEN'],
    ['maintenance', {}, 'MACHINE_UNAVAILABLE'],
    ['offline', { for: 'recover' }, 'MACHINE_UNAVAILABLE'],
    ['offline', { for: 'assign' }, 'MACHINE_UNAVAILABLE'],
    ['maintenance', { for: 'recover' }, 'MACHINE_UNAVAILABLE'],
    ['online', { for: 'assign', slot: 3 }, null],
  ] as const)('to one that is %s with %j: %s', async (status, want, code) => {
    const { service, add, occupy, machines } = aRig();
    const { id } = await add({ status });
    occupy('holder', id, { dockerSlot: 1 });
    const admitted = service.admit('acme', id, 's1', admission(want));
    if (code === null) {
      await admitted;
      expect((await machines.find('acme', id))?.activeSessions).toEqual(['s1']);
    } else {
      await expect(admitted).rejects.toMatchObject({ code, details: { machine_id: id } });
    }
  });

  it('says who holds the slot, and does not mind that it is the session itself', async () => {
    const { service, add, occupy } = aRig();
    const { id } = await add();
    occupy('holder', id, { dockerSlot: 1 });
    await expect(service.admit('acme', id, 's1', admission({ slot: 1 }))).rejects.toMatchObject({
      status: 409,
      details: { docker_slot: 1, holder_session_id: 'holder' },
    });
    await service.admit('acme', id, 'holder', admission({ slot: 1, for: 'assign' }));
  });

  it('to a machine that is not registered is open, unless it must be; slots are held there too', async () => {
    const { service, occupy } = aRig();
    await service.admit('acme', 'new', 's1', admission({ slot: 77 }));
    await service.admit('acme', 'new', 's1', admission({ for: 'recover' }));
    occupy('holder', 'new', { dockerSlot: 77 });
    await expect(service.admit('acme', 'new', 's2', admission({ slot: 77 }))).rejects.toMatchObject({
      code: 'SLOT_TAKEN',
    });
    const assigned = service.admit('acme', 'new', 's2', admission({ for: 'assign' }));
    await expect(assigned).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    const strict = aRig({ requireRegisteredMachine: true }).service;
    for (const purpose of ['create', 'recover'] as const) {
      await expect(strict.admit('acme', 'new', 's1', admission({ for: purpose }))).rejects.toMatchObject({
        status: 400,
        details: [{ field: 'machine_id' }],
      });
    }
  });

  it('released sessions are listed no more, and free slots come lowest first', async () => {
    const { service, add, occupy, machines } = aRig();
    const { id } = await add({ dockerSlots: [30, 10, 20] });
    await service.admit('acme', id, 's1', admission({ slot: 10 }));
    occupy('s1', id, { dockerSlot: 10 });
    expect(await service.lowestFree('acme', id)).toEqual([20, 30]);
    await service.release('acme', id, 's1');
    expect((await machines.find('acme', id))?.activeSessions).toEqual([]);
    await service.release('acme', 'unknown', 's1');
    expect(await service.lowestFree('acme', 'unknown')).toEqual([]);
  });
});

describe('views of machines', () => {
  it('available ones are online, the emptiest first, with their free slots', async () => {
    const { service, add, occupy } = aRig();
    const [full, half] = [await add({ dockerSlots: [1] }), await add({ dockerSlots: [4, 2, 3] })];
    await add({ status: 'offline' });
    await add({ status: 'maintenance' });
    occupy('s1', full.id, { dockerSlot: 1 });
    occupy('s2', half.id, { dockerSlot: 3 });
    occupy('s3', half.id, { dockerSlot: 99 });
    expect(await service.available(CALLER)).toMatchObject([
      { machine: { id: half.id }, occupied: [3], free: [2, 4] },
      { machine: { id: full.id }, occupied: [1], free: [] },
    ]);
  });

  it('statistics count machines, slots and live sessions', async () => {
    const { service, add, occupy } = aRig();
    const [on, off] = [await add(), await add({ status: 'offline' })];
    await add({ organization: 'other' });
    occupy('s1', on.id, { dockerSlot: 1 });
    occupy('s2', off.id, { dockerSlot: 2 });
    occupy('s3', 'not registered', { dockerSlot: 5 });
    expect(await service.stats(CALLER)).toEqual({
      total: 2,
      byStatus: { online: 1, offline: 1, maintenance: 0 },
      totalSlots: 6,
      occupiedSlots: 2,
      availableSlots: 2,
      liveSessions: 3,
    });
  });
});

describe('jobs on machines', () => {
  it('silent ones go offline with one event each, unless a session on them was heard of', async () => {
    const { service, add, occupy, told, clock, machines } = aRig();
    const [silent, busy, elsewhere] = [await add(), await add(), await add({ organization: 'other' })];
    await add({ status: 'maintenance' });
    await clock.advance(OFFLINE_MS + 1);
    const young = await add();
    occupy('s1', busy.id, { lastHeartbeatAt: clock.now() });
    occupy('s2', silent.id, { lastHeartbeatAt: new Date(clock.now().getTime() - OFFLINE_MS - 1) });
    const marked = await service.markSilentOffline(clock.now());
    expect(marked.map((machine) => machine.id).sort()).toEqual([silent.id, elsewhere.id].sort());
    expect(await service.markSilentOffline(clock.now())).toEqual([]);
    expect(told().map(([type]) => type)).toEqual(['machine_offline', 'machine_offline']);
    expect((await machines.find('acme', young.id))?.status).toBe('online');
  });

  it('looks past a batch of machines that are silent but busy', async () => {
    const { service, add, occupy, clock } = aRig();
    for (let i = 0; i < 130; i += 1) occupy(`s${i}`, (await add()).id, { lastHeartbeatAt: new Date('2031-01-01') });
    await clock.advance(1);
    const last = await add();
    await clock.advance(OFFLINE_MS + 1);
    expect((await service.markSilentOffline(clock.now())).map((machine) => machine.id)).toEqual([last.id]);
  });

  it('lists that went astray are repaired, as many as allowed', async () => {
    const { service, add, occupy, machines } = aRig();
    const all = [await add(), await add(), await add()];
    for (const { id } of all.slice(1)) await machines.addSession('acme', id, 'gone');
    occupy('live', all[2]?.id ?? '');
    expect(await service.repairActiveSessions(1)).toBe(1);
    expect(await service.repairActiveSessions(10)).toBe(1);
    expect(await service.repairActiveSessions(10)).toBe(0);
    const lists = await Promise.all(all.map(async ({ id }) => (await machines.find('acme', id))?.activeSessions));
    expect(lists).toEqual([[], [], ['live']]);
  });
});
