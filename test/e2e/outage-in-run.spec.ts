/** The database goes away in the middle of a run, for longer than its lease (deployments.md 7.13): nothing is lost or done twice. */
import { at, CrashRig, expectWholeJournal, MINIMAL_RESOURCES } from './crash-rig.js';
import { DatabaseProxy } from './database-proxy.js';

// The outage, the end of the lease, and the next look for open runs.
jest.setTimeout(300_000);

const LEASE_SECONDS = 2;
/** Seconds; three leases. `OUTAGE_SECONDS=60` is the minute of the specification. */
const OUTAGE_SECONDS = Number(process.env['OUTAGE_SECONDS'] ?? 3 * LEASE_SECONDS);

describe('the database is away in the middle of a run', () => {
  it.each([
    { how: 'refuses connections', away: (wire: DatabaseProxy) => wire.cut() },
    { how: 'is silent', away: (wire: DatabaseProxy) => wire.hold() },
  ])('and $how: the run goes on from its journal when it is back', async ({ away }) => {
    let wire: DatabaseProxy | undefined;
    const settings = {
      LOCK_LEASE_SECONDS: String(LEASE_SECONDS),
      MONGO_SERVER_SELECTION_TIMEOUT_MS: '1000',
      DB_QUERY_TIMEOUT_MS: '2000',
      CIRCUIT_OPEN_MS: '1000',
    };
    const rig = await CrashRig.start(settings, undefined, async (uri) => {
      wire = await DatabaseProxy.start(uri);
      return wire.uri;
    });
    try {
      await rig.setSpeed(0.2);
      const operationId = await rig.begin('deploy');
      expect(await rig.reached(at.inTheMiddle, operationId)).toBe(true);
      if (wire) away(wire);
      await new Promise((resolve) => setTimeout(resolve, OUTAGE_SECONDS * 1000));
      expect(await rig.db.collection('operations').findOne({ operationId })).toMatchObject({ status: 'in_progress' });
      wire?.mend();
      await rig.reachable();
      await rig.setSpeed(0);
      expect(await rig.ended(operationId)).toMatchObject({ status: 'success', phase: 'deployed', error: null });
      await expectWholeJournal(rig, operationId);
      expect(await rig.versions()).toHaveLength(1);
      expect(await rig.inventory()).toEqual(await rig.recorded());
      expect(await rig.inventory()).toHaveLength(MINIMAL_RESOURCES);
      expect(await rig.resourceCount()).toBe(MINIMAL_RESOURCES);
      expect((await rig.everything())['leases']).toMatchObject([{ holder: null }]);
    } finally {
      wire?.mend();
      await rig.close();
      await wire?.stop();
    }
  });
});
