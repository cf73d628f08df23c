import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import mongoose, { type Connection, type Model } from 'mongoose';
import { LEASES, type LeaseRecord, leaseSchema } from '../../src/shared/database/lease.schema.js';
import { type JobOutcome, Leases } from '../../src/shared/database/leases.js';
import { UnitOfWork } from '../../src/shared/database/unit-of-work.js';
import { Metrics } from '../../src/shared/metrics/metrics.js';

describe('leases', () => {
  let connection: Connection;
  let model: Model<LeaseRecord>;
  let leases: Leases;
  beforeAll(async () => {
    mongoose.set('transactionAsyncLocalStorage', true);
    connection = await mongoose
      .createConnection(String(process.env['MONGODB_URI']), { dbName: `leases_${randomBytes(4).toString('hex')}` })
      .asPromise();
    model = connection.model(LEASES, leaseSchema) as unknown as Model<LeaseRecord>;
    leases = new Leases(model as never, new Metrics());
    await leases.prepare();
  });
  afterAll(async () => {
    await connection.dropDatabase();
    await connection.close();
  });
  const expire = (key: string): Promise<unknown> => model.updateOne({ _id: key }, { $set: { expiresAt: new Date(0) } });

  it('of twenty that want one key at once, one gets it', async () => {
    const got = await Promise.all(Array.from({ length: 20 }, () => leases.acquire('race', 60_000)));
    expect(got.filter(Boolean)).toHaveLength(1);
    expect((await leases.find('race'))?.token).toBe(got.find(Boolean)?.token);
  });

  it('the token grows with every holder, also over release and expiry', async () => {
    const first = await leases.acquire('tokens', 60_000, { operationId: 'op-1' });
    expect((await leases.find('tokens'))?.info).toEqual({ operationId: 'op-1' });
    await leases.release({ key: 'tokens', token: first?.token ?? 0 });
    expect(await leases.find('tokens')).toBeNull();
    const second = await leases.acquire('tokens', 60_000);
    await expire('tokens');
    const third = await leases.acquire('tokens', 60_000);
    expect([first?.token, second?.token, third?.token]).toEqual([1, 2, 3]);
  });

  it('whoever lost it can neither renew nor write, and releasing does not hurt the new holder', async () => {
    const lost = await leases.acquire('lost', 60_000);
    if (!lost) throw new Error('the key is new');
    await expire('lost');
    const now = await leases.acquire('lost', 60_000);
    await expect(leases.renew(lost, 60_000)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    const write = new UnitOfWork(connection).run(() => leases.assertHeld(lost));
    await expect(write).rejects.toMatchObject({ code: 'STALE_LEASE' });
    await leases.release(lost);
    expect((await leases.find('lost'))?.token).toBe(now?.token);
  });

  it('[7.11] one that was seized is lost to its holder, however fresh it was', async () => {
    const first = await leases.acquire('seized', 60_000, { operationId: 'op-1' });
    if (!first) throw new Error('the key is new');
    expect(await leases.acquire('seized', 60_000)).toBeNull();
    const second = await leases.seize('seized', 60_000, { lockType: 'unlock' });
    expect(second.token).toBe(first.token + 1);
    await expect(leases.renew(first, 60_000)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    const write = new UnitOfWork(connection).run(() => leases.assertHeld(first));
    await expect(write).rejects.toMatchObject({ code: 'STALE_LEASE' });
    await leases.release(first);
    expect(await leases.find('seized')).toMatchObject({ token: second.token, info: { lockType: 'unlock' } });
    await leases.release(second);
    const write2 = new UnitOfWork(connection).run(() => leases.assertHeld(first));
    await expect(write2).rejects.toMatchObject({ code: 'STALE_LEASE' });
    expect((await leases.seize('never seen', 60_000)).token).toBe(1);
  });

  it('tells age and freshness of whoever has it, also when its time is over', async () => {
    await leases.acquire('looked at', 60_000);
    expect(await leases.look('looked at')).toMatchObject({ isLive: true });
    await model.updateOne(
      { _id: 'looked at' },
      { $set: { expiresAt: new Date(0), acquiredAt: new Date(Date.now() - 90_000) } },
    );
    const held = await leases.look('looked at');
    expect(held?.isLive).toBe(false);
    expect(held?.ageMs).toBeGreaterThan(80_000);
    expect(await leases.find('looked at')).toBeNull();
    expect(await leases.look('nobody')).toBeNull();
  });

  it('one that ran out but was not taken can still be renewed', async () => {
    const lease = await leases.acquire('late', 60_000);
    if (!lease) throw new Error('the key is new');
    await expire('late');
    expect((await leases.renew(lease, 60_000)).expiresAt.getTime()).toBeGreaterThan(Date.now());
  });

  it('what a dead process of this host holds is freed, what another host holds is not', async () => {
    await leases.acquire('dead', 60_000);
    await model.updateOne({ _id: 'dead' }, { $set: { holder: `${hostname()}/999999999/00000000` } });
    await leases.acquire('elsewhere', 60_000);
    await model.updateOne({ _id: 'elsewhere' }, { $set: { holder: 'other-host/1/00000000' } });
    expect(await leases.takeBackOwn()).toContain('dead');
    expect(await leases.find('dead')).toBeNull();
    expect(await leases.find('elsewhere')).not.toBeNull();
  });

  it('a job runs once among many and tells when and how it ended', async () => {
    const job = { name: 'sweep', cron: '* * * * * *', text: '' };
    let others = 0;
    await leases.once(job, async () => {
      expect((await leases.jobRuns([job]))[0]).toMatchObject({ running: true });
      const more = Array.from({ length: 4 }, () => leases.once(job, async () => void (others += 1)));
      await Promise.all(more);
    });
    expect(others).toBe(0);
    expect((await leases.jobRuns([job]))[0]).toMatchObject({ name: 'sweep', lastError: null, running: false });
    await leases.once(job, () => Promise.reject(new Error('no')));
    expect((await leases.jobRuns([job]))[0]).toMatchObject({ lastError: 'no', lastStatus: 'failed' });
    const outcome = await leases.once(job, () => Promise.resolve(3));
    expect(outcome).toMatchObject({ kind: 'done', affected: 3 });
    expect((await leases.jobRuns([job]))[0]).toMatchObject({ lastError: null, lastStatus: 'ok', lastAffected: 3 });
  });

  it('[X5] of two runners at one tick one runs and one skips, also when the second is late', async () => {
    const job = { name: 'tick', text: '' };
    let ran = 0;
    const tick = (): Promise<JobOutcome> => leases.once(job, () => Promise.resolve((ran += 1)), 60_000);
    const both = await Promise.all([tick(), tick()]);
    expect(both.map((outcome) => outcome.kind).sort()).toEqual(['done', 'skipped']);
    expect(await tick()).toEqual({ kind: 'skipped', because: 'recent' });
    await model.updateOne({ _id: 'job:tick' }, { $set: { lastStartedAt: new Date(Date.now() - 61_000) } });
    expect(await tick()).toMatchObject({ kind: 'done' });
    expect(ran).toBe(2);
  });

  it('[X5] the lease of a killed runner runs out; what it still does later changes nothing of the new run', async () => {
    const job = { name: 'killed', text: '' };
    let wake = (): void => undefined;
    const killed = leases.once(job, () => new Promise<void>((resolve) => (wake = resolve)));
    while (!(await leases.find('job:killed'))) await Promise.resolve();
    expect(await leases.once(job, () => Promise.resolve())).toEqual({ kind: 'skipped', because: 'running' });
    await expire('job:killed');
    const next = await leases.once(job, () => Promise.resolve(7));
    wake();
    await killed;
    expect(next).toMatchObject({ kind: 'done' });
    expect((await leases.jobRuns([job]))[0]).toMatchObject({ lastAffected: 7 });
  });

  it('[X5] a long run keeps its lease, and stops before its next batch once it could not renew it', async () => {
    const job = { name: 'long', text: '', leaseMs: 300 };
    const stopped = await leases.once(job, async ({ signal }) => {
      const first = await model.findById('job:long').lean<LeaseRecord>();
      let now = first;
      while (now?.expiresAt.getTime() === first?.expiresAt.getTime()) {
        now = await model.findById('job:long').lean<LeaseRecord>();
      }
      await model.updateOne({ _id: 'job:long' }, { $inc: { token: 1 } }); // somebody else took it
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return 1;
    });
    expect(stopped).toMatchObject({ kind: 'done' });
    expect(await model.findById('job:long').lean<LeaseRecord>()).toMatchObject({ lastAffected: null });
  });

  it('a server that stops lets its jobs end after the batch they are in', async () => {
    const own = new Leases(model as never, new Metrics());
    let isStopped = false;
    let begun = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const run = own.once({ name: 'stopping', text: '' }, async ({ signal }) => {
      begun();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      isStopped = true;
    });
    await hasBegun;
    await own.beforeApplicationShutdown();
    expect(isStopped).toBe(true);
    expect(await leases.find('job:stopping')).toBeNull();
    await run;
  });
});
