/** A server dies while it makes resources of the biggest stack: the next run says what it found half done, and makes nothing twice. */
import { TOTALS } from '../../stacks/testing/resource-counts.js';
import { MINIMAL } from './app.harness.js';
import { CrashRig } from './crash-rig.js';

// Two starts of the server, and 94 resources.
jest.setTimeout(600_000);

const totalOf = (stack: string): number => TOTALS['default']?.[stack]?.[0] ?? 0;
const NETWORK = totalOf('network');
const SECURITY = totalOf('security');

describe('the death of a server in the middle of the security stack of the default template', () => {
  let rig: CrashRig;
  beforeAll(async () => {
    rig = await CrashRig.start({}, { ...MINIMAL, template: 'default' });
    await rig.ended(await rig.begin('deploy', { stackFilter: ['network'] }), 300_000);
  });
  afterAll(() => rig.close());

  it('leaves operations under way, which the next run names, settles by reading the cloud and goes on', async () => {
    expect(await rig.inventory()).toHaveLength(NETWORK);
    await rig.setSpeed(10); // what is accepted stays under way for a long time
    const operationId = await rig.begin('deploy', { stackFilter: ['security'] });
    // accepted by the cloud, not yet known to the state
    const isMade = async (): Promise<boolean> => (await rig.underWay()).some(({ kind }) => kind === 'creating');
    const reached = await rig.reached(
      async (db) => (await db.collection('sandbox_resources').countDocuments()) >= NETWORK + 20 && (await isMade()),
      operationId,
    );
    expect(reached).toBe(true);
    await rig.server.kill();
    const pending = await rig.underWay();
    expect(pending.length).toBeGreaterThan(0);

    await rig.restart();
    await rig.setSpeed(0);
    expect(await rig.ended(operationId, 300_000)).toMatchObject({ status: 'success', phase: 'deployed', error: null });

    const told = (await rig.events(operationId))
      .filter(({ type }) => type === 'log')
      .map(({ data }) => String((data as { message: string }).message))
      .filter((message) => message.startsWith('An earlier run was killed'));
    expect(told).toHaveLength(pending.length);
    for (const { urn, kind } of pending) {
      const [type, name] = urn.split('::').slice(-2);
      const start = `An earlier run was killed while it was ${kind} ${type?.split('$').at(-1)} "${name}": `;
      expect(told.filter((message) => message.startsWith(start))).toHaveLength(1);
    }
    expect(told.filter((message) => message.endsWith('and was adopted.')).length).toBeGreaterThan(0);

    expect(await rig.inventory()).toEqual(await rig.recorded());
    expect(await rig.inventory()).toHaveLength(NETWORK + SECURITY);
    expect(await rig.resourceCount()).toBe(NETWORK + SECURITY);
    expect(await rig.underWay()).toEqual([]);
  });
});
