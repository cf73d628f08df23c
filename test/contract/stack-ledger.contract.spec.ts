import { randomBytes } from 'node:crypto';
import mongoose, { type Connection } from 'mongoose';
import type { StackRef } from '../../src/modules/orchestrator/engine.port.js';
import { LedgerRepository } from '../../src/modules/orchestrator/pulumi/ledger.repository.js';
import { ledgerSchema, STACK_LEDGER } from '../../src/modules/orchestrator/pulumi/ledger.schema.js';
import type { OpenRun, StackLedger } from '../../src/modules/orchestrator/pulumi/stack-ledger.port.js';
import { FakeStackLedger } from '../fakes/stack-ledger.js';

const aStack = (name: string): StackRef => ({
  organization: 'demo',
  pulumiOrg: 'organization',
  project: 'shop',
  stack: `D1BRV40-${name}-dev`,
  account: '111111111111',
  region: 'us-east-1',
});
const aRun = (id: string): OpenRun => ({ id, host: 'worker-1', startedAt: '2030-01-01T10:00:00.000Z' });

describe.each(['memory', 'MongoDB'])('the stack ledger in %s', (kind) => {
  let connection: Connection | undefined;
  let ledger: StackLedger;
  beforeAll(async () => {
    if (kind === 'memory') {
      ledger = new FakeStackLedger();
      return;
    }
    connection = await mongoose
      .createConnection(String(process.env['MONGODB_URI']), { dbName: `ledger_${randomBytes(4).toString('hex')}` })
      .asPromise();
    const repository = new LedgerRepository(connection.model(STACK_LEDGER, ledgerSchema) as never);
    await repository.prepare();
    ledger = repository;
  });
  afterAll(async () => {
    await connection?.dropDatabase();
    await connection?.close();
  });

  it('knows nothing of a stack that no run has taken', async () => {
    expect(await ledger.find(aStack('never'))).toBeNull();
  });

  it('tells the run before, and counts those that changed the state', async () => {
    const stack = aStack('network');
    expect(await ledger.open(stack, 3, aRun('one'))).toBeNull();
    expect(await ledger.close(stack, 3, 'one', true)).toBe(1);
    expect(await ledger.open(stack, 4, aRun('two'))).toEqual({ fence: 3, serial: 1, open: null });
    expect(await ledger.close(stack, 4, 'two', false)).toBe(1);
    expect(await ledger.find(stack)).toEqual({ fence: 4, serial: 1, open: null });
  });

  it('keeps a run that never ended for the next one to see', async () => {
    const stack = aStack('killed');
    await ledger.open(stack, 1, aRun('dead'));
    expect(await ledger.open(stack, 2, aRun('next'))).toEqual({ fence: 1, serial: 0, open: aRun('dead') });
  });

  it('shuts out a run that is under way, and still shows it to the next one', async () => {
    const stack = aStack('cut-off');
    await ledger.open(stack, 3, aRun('hung'));
    await ledger.raise(stack, 4);
    await expect(ledger.close(stack, 3, 'hung', true)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    await expect(ledger.raise(stack, 3)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    expect(await ledger.open(stack, 5, aRun('next'))).toEqual({ fence: 4, serial: 0, open: aRun('hung') });
  });

  it('shuts out an older holder that has not come to this stack yet', async () => {
    const stack = aStack('not-reached');
    await ledger.raise(stack, 4);
    await expect(ledger.open(stack, 3, aRun('late'))).rejects.toMatchObject({ code: 'STALE_LEASE' });
    expect(await ledger.find(stack)).toEqual({ fence: 4, serial: 0, open: null });
  });

  it('refuses an older fence, and the end of a run that another one has followed', async () => {
    const stack = aStack('security');
    await ledger.open(stack, 5, aRun('newer'));
    await expect(ledger.open(stack, 4, aRun('older'))).rejects.toMatchObject({ code: 'STALE_LEASE' });
    await expect(ledger.close(stack, 4, 'older', true)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    await ledger.open(stack, 5, aRun('again'));
    await expect(ledger.close(stack, 5, 'newer', true)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    expect(await ledger.find(stack)).toMatchObject({ fence: 5, serial: 0, open: { id: 'again' } });
  });
});
