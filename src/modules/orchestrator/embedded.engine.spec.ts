import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EngineRig, PROGRAMS, ref, type Scenario, secret, silentLog } from '../../../test/fakes/engine-rig.js';
import { QuickClock } from '../../../test/fakes/quick-clock.js';
import { FakeStackStateStore } from '../../../test/fakes/stack-state.store.js';
import { TestCloud } from '../../../test/fakes/test-cloud.js';
import { RandomProvider } from '../../../tools/random-provider/random.provider.js';
import { CloudError } from '../../../tools/sandbox-cloud/provider.port.js';
import { PROJECT_ROOT } from '../../shared/kernel/paths.js';
import { SecretBox } from '../../shared/kernel/secret-box.js';
import { EmbeddedEngine, type EmbeddedEngineOptions } from './embedded.engine.js';

/** Compiled code of the SDK: runners start in half the time. */
const cacheDir = join(PROJECT_ROOT, 'node_modules/.cache/stack-programs');
const engines: EmbeddedEngine[] = [];
const states = { store: new FakeStackStateStore() };

/** Of a process that has stood still. */
class FreezingClock extends QuickClock {
  frozenMs = 0;
  override now(): Date {
    return new Date(super.now().getTime() + this.frozenMs);
  }
}

/** An engine of its own. */
function aRig(options: Partial<EmbeddedEngineOptions> = {}, cloud = new TestCloud()): EngineRig {
  states.store = options.states instanceof FakeStackStateStore ? options.states : new FakeStackStateStore();
  const engine = anEngine({ providerFor: () => cloud, states: states.store, ...options });
  engines.push(engine);
  return new EngineRig(engine, cloud);
}

function anEngine(options: Pick<EmbeddedEngineOptions, 'providerFor' | 'states'> & Partial<EmbeddedEngineOptions>) {
  return new EmbeddedEngine({
    secrets: new SecretBox(Buffer.alloc(32, 7)),
    log: silentLog,
    graceMs: 2_000,
    clock: new QuickClock(),
    random: () => 0.5,
    ...options,
    runners: { size: 0, cacheDir, ...options.runners },
  });
}

afterEach(() => Promise.all(engines.splice(0).map((engine) => engine.close())));

describe('EmbeddedEngine', () => {
  jest.setTimeout(60_000);

  const never = (): Promise<never> => new Promise(() => undefined);
  const one: Scenario = { resources: [{ name: 'a', inputs: { size: 1 } }], outputs: { id: ref('a.id') } };
  const grown: Scenario = { resources: [{ name: 'a', inputs: { size: 2 } }] };

  /** A second process on the same cloud and state, with the next fencing token. */
  function takeOver(dead: EngineRig): { rig: EngineRig; fence: number } {
    const { store } = states;
    store.beforeSave = () => undefined;
    store.afterSave = () => undefined;
    dead.cloud.afterwards = () => undefined;
    dead.cloud.intercept = () => undefined;
    return { rig: aRig({ states: store }, dead.cloud), fence: 2 };
  }

  /** Resolves when `until` says so; the run itself goes on as a dead process does: not at all. */
  const dies = (start: (reached: () => void) => void): Promise<void> => new Promise((resolve) => start(resolve));

  describe('a process that dies', () => {
    it.each<[string, (rig: EngineRig, reached: () => void) => void, number, RegExp]>([
      [
        'before it asked the cloud',
        (rig, reached) =>
          (rig.cloud.intercept = (operation) => (operation === 'create' ? (reached(), never()) : undefined)),
        1,
        /nothing had been created/,
      ],
      [
        'after the cloud created, before it was saved',
        (rig, reached) => (rig.cloud.afterwards = () => (reached(), never())),
        0,
        /exists as vpc-1 and was adopted/,
      ],
    ])('%s leaves nothing behind and nothing twice', async (_, kill, created, sentence) => {
      const dead = aRig();
      await dies((reached) => {
        kill(dead, reached);
        void dead.up(one).catch(() => undefined);
      });
      const { rig, fence } = takeOver(dead);
      const result = await rig.up(one, { fence });
      expect(result).toMatchObject({ success: true, resources: { created, unchanged: 1 - created } });
      expect(result.repaired).toEqual([expect.stringMatching(sentence)]);
      expect(dead.cloud.things.size).toBe(1);
      expect((await rig.up(one, { fence })).repaired).toEqual([]);
    });

    it('during the save of a finished step finds what it had created', async () => {
      const dead = aRig();
      await dies((reached) => {
        dead.cloud.afterwards = () => {
          states.store.beforeSave = () => (reached(), never());
        };
        void dead.up(one).catch(() => undefined);
      });
      const { rig, fence } = takeOver(dead);
      expect((await rig.up(one, { fence })).resources).toMatchObject({ created: 0, unchanged: 1 });
      expect(dead.cloud.things.size).toBe(1);
    });

    it.each<[string, Scenario, 'update' | 'delete', Record<string, number>]>([
      ['while it updates puts right what was half done', grown, 'update', { unchanged: 1, updated: 0 }],
      ['while it deletes knows what is gone', {}, 'delete', { deleted: 0 }],
    ])('%s', async (_, scenario, operation, resources) => {
      const dead = aRig();
      await dead.up(one);
      await dies((reached) => {
        dead.cloud.afterwards = (done) => (done === operation ? (reached(), never()) : undefined);
        void dead.up(scenario).catch(() => undefined);
      });
      const { rig, fence } = takeOver(dead);
      const result = await rig.up(scenario, { fence });
      expect(result).toMatchObject({ success: true, resources });
      expect(result.repaired).toHaveLength(1);
      expect(await rig.engine.exportState(rig.run({}))).not.toHaveProperty('deployment.pending_operations');
    });

    it('in the middle of a replacement goes on with it', async () => {
      const topic = (name: string): Scenario => ({
        resources: [{ name: 't', type: 'aws:sns/topic:Topic', inputs: { name } }],
      });
      const dead = aRig();
      await dead.up(topic('one'));
      await dies((reached) => {
        dead.cloud.intercept = (operation) => (operation === 'create' ? (reached(), never()) : undefined);
        void dead.up(topic('two')).catch(() => undefined);
      });
      expect(dead.cloud.things.size).toBe(0);
      const { rig, fence } = takeOver(dead);
      expect((await rig.up(topic('two'), { fence })).resources).toMatchObject({ replaced: 1 });
      expect([...dead.cloud.things.values()].map(({ inputs }) => inputs['name'])).toEqual(['two']);
    });
  });

  it('stops at once and throws when its lease is stale, and asks the cloud for nothing more', async () => {
    const rig = aRig();
    await rig.up({ resources: [{ name: 'a' }] }, { fence: 5 });
    rig.cloud.calls.length = 0;
    await expect(
      rig.up({ resources: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }, { fence: 4 }),
    ).rejects.toMatchObject({
      code: 'STALE_LEASE',
    });
    expect(rig.cloud.changes()).toEqual([]);
  });

  it('asks the cloud for nothing when it stood still during a save and the stack was taken over meanwhile', async () => {
    const clock = new FreezingClock();
    const rig = aRig({ clock });
    const run = rig.run(one);
    states.store.afterSave = async (_save, { deployment }) => {
      if (deployment['pending_operations'] === undefined || clock.frozenMs > 0) return;
      clock.frozenMs = 5_000;
      await states.store.raise(run, 2);
    };
    await expect(rig.engine.up(run)).rejects.toMatchObject({ code: 'STALE_LEASE' });
    expect(clock.frozenMs).toBe(5_000);
    expect(rig.cloud.changes()).toEqual([]);
  });

  it('saves before each step what it is about to do, and after it that it was done', async () => {
    const rig = aRig();
    await rig.up(one);
    const kinds = states.store.history.map((text) => {
      const { deployment } = JSON.parse(text) as {
        deployment: { pending_operations?: { type: string; token: string }[]; resources: unknown[] };
      };
      return [
        deployment.pending_operations?.map(({ type, token }) => `${type} ${token.length}`),
        deployment.resources.length,
      ];
    });
    expect(kinds).toContainEqual([['creating 36'], 2]);
    expect(kinds.at(-1)).toEqual([undefined, 3]);
  });

  it('shares saves between parallel steps', async () => {
    const rig = aRig();
    await rig.up({ resources: Array.from({ length: 20 }, (_, i) => ({ name: `r${i}` })) });
    expect(rig.cloud.things.size).toBe(20);
    expect(states.store.history.length).toBeLessThan(30);
  });

  it('runs no more than `parallel` steps at once', async () => {
    const rig = aRig();
    let running = 0;
    let most = 0;
    rig.cloud.intercept = async (operation) => {
      if (operation !== 'create') return;
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
    };
    await rig.up({ resources: Array.from({ length: 8 }, (_, i) => ({ name: `r${i}` })) }, { parallel: 3 });
    expect(most).toBe(3);
  });

  it.each([
    [2, { success: true }],
    [3, { success: false, error: { class: 'transient', cloudCode: 'Throttling', retryable: true } }],
  ])('repeats what the cloud marks retryable twice, with pauses (%i failures)', async (failures, expected) => {
    const clock = new QuickClock();
    const rig = aRig({ clock });
    let left = failures;
    rig.cloud.intercept = (operation) => {
      if (operation === 'create' && left-- > 0) throw new CloudError('Throttling', 'Rate exceeded', true);
    };
    expect(await rig.up(one)).toMatchObject(expected);
    expect(clock.pauses).toEqual([1_000, 2_000]);
  });

  it('gives up after the grace time what does not end, and leaves it pending for the next run', async () => {
    const rig = aRig({ graceMs: 20 });
    const cancel = new AbortController();
    rig.cloud.intercept = (operation) => {
      if (operation !== 'create') return undefined;
      cancel.abort();
      return never();
    };
    expect((await rig.up(one, { signal: cancel.signal })).error?.class).toBe('cancelled');
    rig.cloud.intercept = () => undefined;
    expect(await rig.up(one)).toMatchObject({
      success: true,
      repaired: [expect.stringContaining('killed while it was creating')],
    });
  });

  it('ends a step that outlives customTimeouts', async () => {
    const rig = aRig();
    rig.cloud.intercept = (operation, _, signal) =>
      operation === 'create'
        ? new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
        : undefined;
    const slow = { resources: [{ name: 'a', options: { customTimeouts: { create: '20ms' } } }] };
    expect((await rig.up(slow)).error).toMatchObject({ class: 'timeout', code: 'RESOURCE_CREATION_FAILED' });
  });

  it('says when a state is damaged instead of guessing', async () => {
    const rig = aRig();
    await states.store.save(rig.run({}), { version: 3, deployment: { resources: [{ type: 'x' }] } }, 1);
    expect((await rig.up(one)).error).toMatchObject({ class: 'state_corruption', code: 'STATE_CORRUPTED' });
    expect(rig.cloud.calls).toEqual([]);
  });

  it('keeps the server’s own environment from programs', async () => {
    const rig = aRig({ runners: { environment: { GIVEN: 'yes' }, cacheDir: undefined } });
    const result = await rig.up({
      code: `exports.env = Object.keys(process.env).filter((key) => !key.startsWith('PULUMI'))`,
    });
    expect(result.outputs['env']?.value).toEqual(['GIVEN']);
  });

  it('ends running runs and all runners when it is closed', async () => {
    const rig = aRig({ runners: { size: 2 } });
    await rig.engine.warm();
    let pid = 0;
    const done = rig.engine.up({
      ...rig.run({ code: `console.log('pid ' + process.pid); while (true) ;` }),
      onEvent: (event) => {
        if (event.kind === 'log' && event.message.startsWith('pid ')) {
          pid = Number(event.message.slice(4));
          void rig.engine.close();
        }
      },
    });
    expect((await done).error?.class).toBe('cancelled');
    await rig.engine.close();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  it('runs programs that use the classes of @pulumi/aws', async () => {
    const rig = aRig();
    const changes = {
      programDir: join(PROGRAMS, 'network'),
      config: { 'aws:region': 'us-east-1', 'network:vpcCidr': '10.0.0.0/16', 'network:subnets': '3' },
    };
    expect((await rig.preview({}, changes)).resources.created).toBe(4);
    const result = await rig.up({}, changes);
    expect(result.outputs).toMatchObject({ vpcId: { value: 'vpc-1' }, vpcArn: { value: 'arn:aws:test:::vpc-1' } });
    expect(rig.cloud.named('private-2')?.inputs).toMatchObject({ vpcId: 'vpc-1', availabilityZone: 'us-east-1a' });
  });

  it('takes what moves to another region away from the old one, also in a later run', async () => {
    const clouds: Record<string, TestCloud> = { 'us-east-1': new TestCloud(), 'us-west-2': new TestCloud() };
    const rig = aRig({ providerFor: ({ region }) => clouds[region] ?? new TestCloud() });
    const counts = (): number[] => Object.values(clouds).map(({ things }) => things.size);
    const at = (region: string) => ({ config: { ...rig.run(one).config, 'aws:region': region } });
    await rig.up(one, at('us-east-1'));
    if (clouds['us-east-1']) {
      clouds['us-east-1'].intercept = (operation) => {
        if (operation === 'delete') throw new CloudError('DependencyViolation', 'is still used');
      };
    }
    expect((await rig.up(one, at('us-west-2'))).error).toMatchObject({ code: 'RESOURCE_DELETE_FAILED' });
    expect(counts()).toEqual([1, 1]);
    if (clouds['us-east-1']) clouds['us-east-1'].intercept = () => undefined;
    expect(await rig.up(one, at('us-west-2'))).toMatchObject({
      success: true,
      resources: { unchanged: 1, deleted: 0 },
    });
    expect(counts()).toEqual([0, 1]);
  });

  describe('with the random package', () => {
    const packages = { random: new RandomProvider() };
    const program = (version: number): Scenario => ({
      code: `
        const { RandomPassword, RandomBytes, RandomPet } = require('@pulumi/random');
        const password = new RandomPassword('password', { length: 24, keepers: { version: '${version}' } });
        const bytes = new RandomBytes('bytes', { length: 16 });
        exports.pet = new RandomPet('pet').id;
        exports.password = password.result;
        exports.sum = pulumi.all([password.bcryptHash, bytes.hex]).apply((parts) => parts.join('|'));
        new aws.ec2.Vpc('vpc', { cidrBlock: '10.0.0.0/16', tags: { password: password.result } });
        password.result.apply((text) => console.log('the password is ' + text));
      `,
    });

    it('keeps values between runs, makes them anew with their keepers, forgets them at the end', async () => {
      const rig = aRig({ packages });
      expect((await rig.preview(program(1))).resources.created).toBe(4);
      const first = await rig.up(program(1));
      expect(first).toMatchObject({
        resources: { created: 4 },
        outputs: {
          pet: { value: expect.stringMatching(/^[a-z]+-[a-z]+$/), secret: false },
          password: { secret: true },
        },
      });
      expect(await rig.up(program(1))).toMatchObject({ resources: { unchanged: 4 }, outputs: first.outputs });
      expect((await rig.engine.refresh(rig.run({}))).resources).toMatchObject({ unchanged: 4 });
      const second = await rig.up(program(2));
      expect(second.resources).toMatchObject({ replaced: 1, updated: 1, unchanged: 2 });
      expect(second.outputs['pet']).toEqual(first.outputs['pet']);
      expect(second.outputs['password']).not.toEqual(first.outputs['password']);
      expect(await rig.destroy()).toMatchObject({ success: true, resources: { deleted: 4 }, resourceCount: 0 });
    });

    it('shows no value in state, events or logs, whether or not the program says that it is secret', async () => {
      const rig = aRig({ packages });
      const { outputs } = await rig.up(program(1));
      const type = 'random:index/randomPassword:RandomPassword';
      await rig.up({ ...program(1), resources: [{ name: 'bare', type, inputs: { length: 20 } }] });
      const state = JSON.stringify(await rig.engine.exportState(rig.run({})));
      const secrets = [outputs['password'], outputs['sum']].flatMap((output) => String(output?.value).split('|'));
      expect(secrets).toHaveLength(3);
      for (const secret of secrets) expect(state + JSON.stringify(rig.events)).not.toContain(secret);
      expect(rig.messages()).toContain('info: the password is ***');
      expect(state).not.toMatch(/"(result|bcryptHash|hex|base64)":"/);
    });

    it('has a provider of its own in the state, which takes no settings', async () => {
      const rig = aRig({ packages });
      await rig.up(program(1));
      const state = JSON.stringify(await rig.engine.exportState(rig.run({})));
      expect(state).toMatch(/pulumi:providers:random::default_\d+_\d+_\d+/);
      const config = { ...rig.run(program(1)).config, 'random:seed': '1' };
      expect((await rig.up({}, { config })).error?.message).toContain('the setting "seed" of the random provider');
    });

    it('imports a value once', async () => {
      const rig = aRig({ packages });
      const imported: Scenario = {
        code: `const { RandomInteger } = require('@pulumi/random');
          exports.port = new RandomInteger('port', { min: 1, max: 9 }, { import: '5,1,9' }).result;`,
      };
      expect(await rig.up(imported)).toMatchObject({ resources: { created: 1 }, outputs: { port: { value: 5 } } });
      expect((await rig.up(imported)).resources).toMatchObject({ created: 0, unchanged: 1 });
    });
  });

  it('keeps the cipher text of secrets that do not change, and blanks out those a program prints itself', async () => {
    const rig = aRig();
    const scenario: Scenario = {
      resources: [{ name: 'a', inputs: { password: secret('canary-literal') } }],
      code: `pulumi.log.info('password is canary-literal')`,
    };
    await rig.up(scenario);
    const before = JSON.stringify(await rig.engine.exportState(rig.run({})));
    await rig.up(scenario);
    expect(JSON.stringify(await rig.engine.exportState(rig.run({})))).toBe(before);
    expect(JSON.stringify(rig.events)).not.toContain('canary');
  });

  it('refuses before the first deletion when anything that must go is protected', async () => {
    const rig = aRig();
    await rig.up({ resources: [{ name: 'a', options: { protect: true } }, { name: 'b' }] });
    rig.cloud.calls.length = 0;
    expect([(await rig.up({})).success, (await rig.destroy()).success]).toEqual([false, false]);
    expect(rig.cloud.changes()).toEqual([]);
  });

  it.each<[string, Scenario, string | RegExp]>([
    [
      'a foreign provider',
      { resources: [{ name: 'x', type: 'tls:index/privateKey:PrivateKey' }] },
      /"tls" .* is not supported by the embedded engine/,
    ],
    [
      'a transform',
      { code: `pulumi.runtime.registerResourceTransform(() => undefined)` },
      /transforms is not supported/,
    ],
    ['a hook', { code: `new pulumi.ResourceHook('h', () => undefined)` }, /hook/],
  ])('refuses %s by name', async (_, scenario, message) => {
    const { error } = await aRig().up(scenario);
    expect(error).toMatchObject({ code: 'PROGRAM_FAILED', message: expect.stringMatching(message) });
  });

  it('runs two stacks side by side without mixing them up', async () => {
    const rig = aRig();
    const [left, right] = await Promise.all([
      rig.up({ resources: [{ name: 'left' }], outputs: { l: ref('left.id') } }, { stack: 'left' }),
      rig.up({ resources: [{ name: 'right' }], outputs: { r: ref('right.id') } }, { stack: 'right' }),
    ]);
    expect([Object.keys(left.outputs), Object.keys(right.outputs)]).toEqual([['l'], ['r']]);
  });
});
