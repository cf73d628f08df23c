/**
 * A process that stands still for longer than its lease has lost its run (deployments.md 7.11): another one finishes it, and
 * whatever the first one still had in hand when it goes on is refused.
 */
import { at, CrashRig, expectWholeJournal, MINIMAL_RESOURCES } from './crash-rig.js';

// Starts of servers, and leases that have to run out.
jest.setTimeout(300_000);

const LEASE_SECONDS = 2;
/** Frozen for this many leases at least. */
const LEASES = 2.5;

describe('a server that is frozen in the middle of a run', () => {
  it.each([
    { when: 'while it makes resources that take their time', speed: 1, point: at.inTheMiddle },
    { when: 'as soon as it has told the start of a stack', speed: 0, point: at.event('stack_deploying') },
    { when: 'as soon as it has told the end of a stack', speed: 0, point: at.event('stack_deployed') },
  ])('$when: another one finishes, and it can write nothing when it goes on', async ({ speed, point }) => {
    const rig = await CrashRig.start({ LOCK_LEASE_SECONDS: String(LEASE_SECONDS), LOG_LEVEL: 'warn' });
    try {
      const frozen = rig.server;
      await rig.setSpeed(speed);
      const operationId = await rig.begin('deploy');
      expect(await rig.reached(point, operationId)).toBe(true);
      frozen.freeze();
      const frozenAt = Date.now();
      await rig.restart();
      await rig.setSpeed(0);
      expect(await rig.ended(operationId)).toMatchObject({ status: 'success', phase: 'deployed', error: null });
      await new Promise((resolve) => setTimeout(resolve, LEASES * LEASE_SECONDS * 1000 - (Date.now() - frozenAt)));
      const before = await rig.everything();

      frozen.thaw();
      await frozen.says('its lease is no longer ours');
      // it has served a request since, so everything that was due before has been done
      expect(await frozen.call('GET', '/health')).toMatchObject({ status: 200 });
      expect(await rig.everything()).toEqual(before);

      await expectWholeJournal(rig, operationId);
      expect(await rig.versions()).toHaveLength(1);
      expect(await rig.inventory()).toEqual(await rig.recorded());
      expect(await rig.inventory()).toHaveLength(MINIMAL_RESOURCES);
      expect(await rig.resourceCount()).toBe(MINIMAL_RESOURCES);
    } finally {
      await rig.close();
    }
  });
});
