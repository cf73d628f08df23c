import { randomBytes } from 'node:crypto';
import mongoose, { type Connection } from 'mongoose';
import { StackStateRepository } from '../../src/modules/orchestrator/embedded/state.repository.js';
import { STACK_STATES, stackStateSchema } from '../../src/modules/orchestrator/embedded/state.schema.js';
import type { StackRef, StackState, StackStateStore } from '../../src/modules/orchestrator/engine.port.js';
import { FakeStackStateStore } from '../fakes/stack-state.store.js';

const aStack = (name: string): StackRef => ({
  organization: 'demo',
  pulumiOrg: 'organization',
  project: 'shop',
  stack: `D1BRV40-${name}-dev`,
  account: '111111111111',
  region: 'us-east-1',
});
const aState = (marker: string): StackState => ({ version: 3, deployment: { marker, 'a.b': { $c: 1 } } });

describe.each(['memory', 'MongoDB'])('stack states in %s', (kind) => {
  let connection: Connection | undefined;
  let store: StackStateStore;
  beforeAll(async () => {
    if (kind === 'memory') {
      store = new FakeStackStateStore();
      return;
    }
    connection = await mongoose
      .createConnection(String(process.env['MONGODB_URI']), { dbName: `states_${randomBytes(4).toString('hex')}` })
      .asPromise();
    const repository = new StackStateRepository(connection.model(STACK_STATES, stackStateSchema) as never);
    await repository.prepare();
    store = repository;
  });
  afterAll(async () => {
    await connection?.dropDatabase();
    await connection?.close();
  });

  it('knows nothing of a stack that was never saved', async () => {
    expect(await store.load(aStack('never'))).toBeNull();
  });

  it('gives back what was saved, names with dots and dollars included, and counts saves', async () => {
    const stack = aStack('network');
    expect(await store.save(stack, aState('one'), 7)).toBe(1);
    expect(await store.save(stack, aState('two'), 7)).toBe(2);
    expect(await store.load(stack)).toEqual({ state: aState('two'), serial: 2 });
  });

  it('refuses an older fence and keeps what the newer one saved', async () => {
    const stack = aStack('security');
    await store.save(stack, aState('old'), 3);
    await store.save(stack, aState('new'), 4);
    await expect(store.save(stack, aState('late'), 3)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    await expect(store.remove(stack, 3)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    expect((await store.load(stack))?.state).toEqual(aState('new'));
  });

  it('refuses an older fence after a higher one was announced, and keeps the state', async () => {
    const stack = aStack('storage');
    await store.save(stack, aState('one'), 3);
    await store.raise(stack, 9);
    await expect(store.save(stack, aState('late'), 3)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    await expect(store.raise(stack, 8)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    expect(await store.load(stack)).toEqual({ state: aState('one'), serial: 1 });
    expect(await store.save(stack, aState('two'), 9)).toBe(2);
  });

  it('refuses it also where nothing was ever saved', async () => {
    const stack = aStack('secrets');
    await store.raise(stack, 2);
    expect(await store.load(stack)).toBeNull();
    await expect(store.save(stack, aState('late'), 1)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    expect(await store.save(stack, aState('first'), 2)).toBe(1);
  });

  it('forgets a removed state but not its fence', async () => {
    const stack = aStack('dns');
    await store.save(stack, aState('one'), 5);
    await store.remove(stack, 6);
    expect(await store.load(stack)).toBeNull();
    await expect(store.save(stack, aState('late'), 5)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    await store.save(stack, aState('again'), 6);
    expect((await store.load(stack))?.state).toEqual(aState('again'));
  });
});
