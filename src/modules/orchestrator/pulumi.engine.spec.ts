import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { EngineRig, ref, type Scenario, secret } from '../../../test/fakes/engine-rig.js';
import { aPulumiEngine, COMMAND_LINE, WHY_SKIPPED } from '../../../test/fakes/pulumi-rig.js';
import { FakeStackLedger } from '../../../test/fakes/stack-ledger.js';
import { TestCloud } from '../../../test/fakes/test-cloud.js';
import { CommandLineMissing } from './pulumi/pulumi.errors.js';

/** What the contract suite (test/contract/stack-engine.contract.ts) does not ask: the command line's own troubles. */
const describeHere = COMMAND_LINE === undefined ? describe.skip : describe;

describeHere(`PulumiEngine${COMMAND_LINE === undefined ? ` (${WHY_SKIPPED})` : ''}`, () => {
  jest.setTimeout(120_000);
  const removals: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const remove of removals.splice(0)) await remove();
  });

  function aRig(options: Partial<Parameters<typeof aPulumiEngine>[0]> = {}, cloud = new TestCloud()) {
    const ledger = new FakeStackLedger();
    const made = aPulumiEngine({ providerFor: () => cloud, ledger, ...options });
    removals.push(made.remove);
    return { rig: new EngineRig(made.engine, cloud), folder: made.folder, ledger };
  }

  const one: Scenario = { resources: [{ name: 'a', inputs: { size: 1 } }], outputs: { id: ref('a.id') } };
  const HOST = hostname();
  /** A lock as a killed command line leaves it. */
  function leaveLock(folder: string, lock: { hostname: string; pid: number }): void {
    const place = join(folder, 'state/acme/.pulumi/locks/organization/shop/D1-network-dev');
    mkdirSync(place, { recursive: true });
    const content = { username: 'cloud', timestamp: new Date().toISOString(), ...lock };
    writeFileSync(join(place, 'left.json'), JSON.stringify(content));
  }

  it('breaks the lock of a command line that is gone, says so, and leaves that of a living one alone', async () => {
    const { rig, folder } = aRig();
    await rig.up(one);
    leaveLock(folder, { hostname: HOST, pid: 2 ** 22 - 1 });
    expect(await rig.up(one)).toMatchObject({
      success: true,
      repaired: [
        expect.stringMatching(/^The lock of the state was released: cloud@.* has ended without releasing it\.$/),
      ],
    });
    leaveLock(folder, { hostname: 'laptop', pid: 1 });
    expect(await rig.up(one)).toMatchObject({
      success: false,
      repaired: [],
      error: { class: 'state_conflict', code: 'RESOURCE_LOCKED' },
    });
  });

  it('shuts an older holder out, and drops the lock of somebody else only when it is told to', async () => {
    const { rig, folder } = aRig();
    await rig.up(one, { fence: 3 });
    leaveLock(folder, { hostname: 'laptop', pid: 1 });
    expect(await rig.engine.shutOut(rig.run({}), 4, { breakLock: false })).toBe(false);
    await expect(rig.up(one, { fence: 3 })).rejects.toMatchObject({ code: 'STALE_LEASE' });
    expect(await rig.up(one, { fence: 4 })).toMatchObject({ error: { code: 'RESOURCE_LOCKED' } });
    expect(await rig.engine.shutOut(rig.run({}), 5, { breakLock: true })).toBe(true);
    expect(await rig.up(one, { fence: 5 })).toMatchObject({ success: true });
    const nowhere = { ...rig.run({}), stack: 'D1-nowhere-dev' };
    expect(await rig.engine.shutOut(nowhere, 1, { breakLock: true })).toBe(false);
  });

  it('refuses a stale fence before anything is written', async () => {
    const { rig } = aRig();
    await rig.up(one, { fence: 5 });
    rig.cloud.calls.length = 0;
    await expect(rig.up({}, { fence: 4 })).rejects.toMatchObject({ code: 'STALE_LEASE' });
    await expect(
      rig.engine.importState(rig.run({}), { version: 3, deployment: { resources: [] } }, 4),
    ).rejects.toMatchObject({ code: 'STALE_LEASE' });
    expect(rig.cloud.calls).toEqual([]);
  });

  it('finds what a killed run had created, and creates nothing twice', async () => {
    const cloud = new TestCloud();
    const { rig, ledger } = aRig({ graceMs: 0 }, cloud);
    await rig.up({ outputs: { x: 1 } });
    const cancel = new AbortController();
    cloud.afterwards = () => {
      cancel.abort();
      return new Promise(() => undefined); // the cloud has done it, the answer never comes
    };
    const killed = await rig.up(one, { signal: cancel.signal });
    expect(killed.error?.class).toBe('cancelled');
    cloud.afterwards = () => undefined;
    // a server that dies leaves its run open
    const [[key, entry] = []] = ledger.entries;
    const dead = ledger.opened.at(-1);
    if (!key || !entry || !dead) throw new TypeError('nothing in the ledger');
    ledger.entries.set(key, { ...entry, open: dead });
    const result = await rig.up(one);
    expect(result).toMatchObject({
      success: true,
      resources: { created: 0 },
      outputs: { id: { value: 'vpc-1' } },
      repaired: [expect.stringContaining('exists as vpc-1 and was adopted')],
    });
    expect(cloud.things.size).toBe(1);
  });

  it('tells another passphrase, a missing plug-in and a missing command line by name', async () => {
    const { rig, folder, ledger } = aRig();
    const guarded: Scenario = { resources: [{ name: 'a', inputs: { password: secret('of the database') } }] };
    await rig.up(guarded);
    const backend = {
      url: `file://${join(folder, 'state')}`,
      folder: '',
      secretsProvider: 'passphrase',
      passphrase: 'another',
    };
    const other = aRig({ backend, ledger });
    expect((await other.rig.up(guarded)).error?.message).toContain('PULUMI_CONFIG_PASSPHRASE');
    expect((await rig.up({ resources: [{ name: 'x', type: 'tls:index/privateKey:PrivateKey' }] })).error).toMatchObject(
      {
        code: 'PULUMI_PLUGIN_MISSING',
        message: expect.stringContaining('"tls"'),
      },
    );
    const none = aRig({ commandLine: () => Promise.reject(new CommandLineMissing('none')) });
    await expect(none.rig.engine.warm()).rejects.toMatchObject({ code: 'PULUMI_CLI_MISSING' });
  });

  it('[PUL-001] [PUL-002] [PUL-003] tells what it may do in the backend, and tries it out without leaving anything', async () => {
    const { rig } = aRig();
    const asked = await rig.engine.access(rig.run({}), { probe: false });
    expect(asked).toMatchObject({ cliInstalled: true, loggedIn: true, canCreate: null, problem: null });
    expect(asked?.cliVersion).toMatch(/^3\./);
    const tried = await rig.engine.access(rig.run({}), { probe: true });
    expect(tried).toMatchObject({ organization: 'organization', canCreate: true, canRead: true, canWrite: true });
    expect(await rig.engine.stackExists(rig.run({}))).toBe(false);
    const none = aRig({ commandLine: () => Promise.reject(new CommandLineMissing('none')) });
    expect(await none.rig.engine.access(none.rig.run({}), { probe: true })).toMatchObject({
      cliInstalled: false,
      loggedIn: false,
      problem: expect.stringContaining('PULUMI_CLI') as string,
    });
  });

  it('runs programs with transforms and hooks, which are Pulumi’s own', async () => {
    const { rig } = aRig();
    const code = `pulumi.runtime.registerResourceTransform(() => undefined); new pulumi.ResourceHook('h', () => undefined)`;
    expect(await rig.up({ ...one, code })).toMatchObject({ success: true });
  });

  it('leaves no work folder, no process and no secret in a file behind', async () => {
    const { rig, folder } = aRig();
    await rig.up({ ...one, secrets: { 'scenario:password': 'canary-in-config' } });
    const { readdirSync, readFileSync, statSync } = await import('node:fs');
    expect(readdirSync(join(folder, 'work'))).toEqual([]);
    const files = readdirSync(folder, { recursive: true })
      .map((name) => join(folder, String(name)))
      .filter((file) => statSync(file).isFile());
    expect(files.filter((file) => readFileSync(file, 'utf8').includes('canary'))).toEqual([]);
  });
});
