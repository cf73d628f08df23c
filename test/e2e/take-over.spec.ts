/** Who goes on with a run whose server died, and how it is ended where nobody may (deployments.md 7.13). */
import { at, CrashRig, MINIMAL_RESOURCES } from './crash-rig.js';

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

  it('ends as interrupted under RUN_RECOVERY=fail, and the next run skips what is finished', async () => {
    const rig = await CrashRig.start({ RUN_RECOVERY: 'fail' });
    try {
      await rig.setFaults([{ match: { type: 'aws:kms/key:Key' }, operation: 'create', nth: 1, hang: true }]);
      const operationId = await rig.begin('deploy');
      await rig.reached(at.event('stack_deployed', 2), operationId);
      await rig.reached(at.underWay, operationId);
      await rig.server.kill();
      await rig.restart();
      const end = await rig.ended(operationId);
      expect(end).toMatchObject({
        status: 'failed',
        resumable: true,
        rolledBack: false,
        error: { code: 'ORCHESTRATOR_INTERRUPTED' },
      });
      const failed = (await rig.events(operationId)).filter((event) => event['type'] === 'stack_failed');
      expect(failed.map((event) => event['stack'])).toEqual(['security']);
      expect(await rig.versions()).toHaveLength(1);
      await rig.setFaults([]);
      const again = await rig.ended(await rig.begin('deploy'));
      expect(again).toMatchObject({ status: 'success', phase: 'deployed' });
      const skipped = (again['skippedStacks'] as { name: string }[]).map(({ name }) => name).sort();
      expect(skipped).toEqual(['dns', 'network']);
      expect(await rig.inventory()).toEqual(await rig.recorded());
      expect(await rig.inventory()).toHaveLength(MINIMAL_RESOURCES);
    } finally {
      await rig.close();
    }
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
