/** Who goes on with a run whose server died, and how it is ended where nobody may (deployments.md 7.13). */
import type { Body } from './app.harness.js';
import { at, CrashRig, MINIMAL_RESOURCES, type Point } from './crash-rig.js';

// Each start of the server is a process of its own: slow where others want the cores too.
jest.setTimeout(300_000);

describe('a run whose server is killed', () => {
  it('is taken over by another server on the same database when its lease has run out', async () => {
    const rig = await CrashRig.start({ LOCK_LEASE_SECONDS: '2' });
    try {
      const runner = rig.server;
      const operationId = await rig.begin('deploy');
      await rig.reached(at.event('stack_deploying'), operationId);
      const other = await rig.restart();
      await runner.kill();
      expect(other.hasEnded).toBe(false);
      const end = await rig.ended(operationId); // lease, then the next round of claiming
      expect(end).toMatchObject({ status: 'success', phase: 'deployed', error: null });
      expect(await rig.inventory()).toEqual(await rig.recorded());
      expect(await rig.inventory()).toHaveLength(MINIMAL_RESOURCES);
      expect(await rig.versions()).toHaveLength(1);
      const seqs = (await rig.events(operationId)).map((event) => Number(event['seq']));
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    } finally {
      await rig.close();
    }
  });

  describe('under RUN_RECOVERY=fail ends as interrupted', () => {
    let rig: CrashRig;
    beforeAll(async () => {
      rig = await CrashRig.start({ RUN_RECOVERY: 'fail' });
    });
    afterAll(() => rig.close());

    const killedAt = async (operationId: string, ...points: readonly Point[]): Promise<Body['data']> => {
      for (const point of points) expect(await rig.reached(point, operationId)).toBe(true);
      await rig.setFaults([]); // what hangs goes on hanging until its process dies
      await rig.server.kill();
      await rig.restart();
      const end = await rig.ended(operationId); // also waits for its lock to be gone
      expect(end).toMatchObject({
        status: 'failed',
        phase: 'failed',
        resumable: true,
        rolledBack: false,
        error: { code: 'ORCHESTRATOR_INTERRUPTED' },
      });
      expect(await rig.inventory()).toEqual(await rig.recorded());
      return end;
    };

    it('with its running stack failed when that had not come to its end; the retry skips what is finished', async () => {
      await rig.setFaults([{ match: { type: 'aws:kms/key:Key' }, operation: 'create', nth: 1, hang: true }]);
      const operationId = await rig.begin('deploy', { message: 'first', timeoutSeconds: 900 });
      const end = await killedAt(operationId, at.event('stack_deployed', 2), at.underWay);
      expect(end['failedStacks']).toMatchObject([{ name: 'security', error: { code: 'ORCHESTRATOR_INTERRUPTED' } }]);
      const failed = (await rig.events(operationId)).filter((event) => event['type'] === 'stack_failed');
      expect(failed).toMatchObject([{ stack: 'security', data: { error: { details: { class: 'interrupted' } } } }]);
      expect(await rig.versions()).toMatchObject([{ version: 1, kind: 'partial' }]);
      const path = `/api/v1/deployments/${rig.deploymentId}/operations/${operationId}/retry`;
      const again = await rig.server.data('POST', path, {});
      const retried = await rig.ended(String(again['operationId']));
      expect(retried).toMatchObject({ status: 'success', phase: 'deployed', resumedFrom: operationId });
      expect(retried['parameters']).toMatchObject({ message: 'first', stackTimeoutSeconds: 900 });
      const skipped = (retried['skippedStacks'] as { name: string }[]).map(({ name }) => name).sort();
      expect(skipped).toEqual(['dns', 'network']);
      expect(await rig.inventory()).toEqual(await rig.recorded());
      expect(await rig.inventory()).toHaveLength(MINIMAL_RESOURCES);
    });

    it('with its running stack deployed when that had come to its end', async () => {
      const drifted = { deploymentId: rig.deploymentId, environment: 'dev', stack: 'security' };
      await rig.db.collection('stack_instances').updateOne(drifted, { $set: { driftDetected: true } });
      // a drifted stack is read first: it hangs there, with nothing left to do
      await rig.setFaults([{ match: { type: 'aws:kms/key:Key' }, operation: 'read', nth: 1, hang: true }]);
      const operationId = await rig.begin('deploy');
      const end = await killedAt(operationId, at.event('stack_deploying'));
      expect(end['completedStacks']).toMatchObject([{ name: 'security', status: 'deployed' }]);
      const told = (await rig.events(operationId)).map((event) => event['type']);
      expect(told).toContain('stack_deployed');
      expect(told).not.toContain('stack_failed');
      const versions = await rig.versions();
      expect(versions.map(({ version }) => version)).toEqual([1, 2, 3]);
      const next = await rig.ended(await rig.begin('deploy'));
      expect(next).toMatchObject({ status: 'success', completedStacks: [] });
    });

    it('with its running stack failed when its removal had not come to its end', async () => {
      await rig.setFaults([{ match: { type: 'aws:kms/key:Key' }, operation: 'delete', nth: 1, hang: true }]);
      const operationId = await rig.begin('destroy');
      const end = await killedAt(operationId, at.event('stack_destroyed'), at.underWay);
      expect(end['failedStacks']).toMatchObject([{ name: 'security', error: { code: 'ORCHESTRATOR_INTERRUPTED' } }]);
      expect(await rig.ended(await rig.begin('destroy'))).toMatchObject({ status: 'success', phase: 'destroyed' });
      expect(await rig.inventory()).toEqual([]);
    });
  });

  it('leaves its environment to the operation that waits for it', async () => {
    const rig = await CrashRig.start();
    try {
      const first = await rig.begin('deploy');
      const second = await rig.begin('deploy', { waitForLock: true });
      await rig.server.kill();
      // as if it had died between the end of the first and the start of the second
      const operations = rig.db.collection('operations');
      await operations.updateOne({ operationId: first }, { $set: { status: 'cancelled', active: false } });
      await rig.restart();
      expect(await rig.ended(second)).toMatchObject({ status: 'success', phase: 'deployed' });
      expect(await rig.inventory()).toEqual(await rig.recorded());
    } finally {
      await rig.close();
    }
  });
});
