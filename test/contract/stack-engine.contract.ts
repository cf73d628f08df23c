import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudError, UNKNOWN } from '../../tools/sandbox-cloud/provider.port.js';
import { type EngineRig, ref, secret, type Scenario } from '../fakes/engine-rig.js';

const SUBNET = 'aws:ec2/subnet:Subnet';
const TOPIC = 'aws:sns/topic:Topic';
const BUCKET = 'aws:s3/bucket:Bucket';

/** What every StackEngine must do; run by each adapter with a rig of its own. */
export function stackEngineContract(aRig: () => EngineRig): void {
  const vpc = { name: 'main', inputs: { cidrBlock: '10.0.0.0/16', tags: { Env: 'dev' } } };
  const subnet = (name: string, inputs = {}) => ({ name, type: SUBNET, inputs: { vpcId: ref('main.id'), ...inputs } });
  const network: Scenario = {
    resources: [vpc, subnet('a'), subnet('b')],
    outputs: { vpcId: ref('main.id'), subnets: [ref('a.id'), ref('b.id')] },
  };

  describe('up', () => {
    it('creates what the program wants after what it depends on, and answers its outputs', async () => {
      const rig = aRig();
      const result = await rig.up(network);
      expect(result).toMatchObject({
        success: true,
        resources: { created: 3, updated: 0, deleted: 0, replaced: 0, unchanged: 0 },
        resourceCount: 3,
        repaired: [],
        outputs: { vpcId: { value: 'vpc-1', secret: false } },
      });
      expect(rig.cloud.changes()[0]).toBe('create main');
      expect(rig.cloud.named('a')?.inputs['vpcId']).toBe('vpc-1');
      expect(await rig.engine.outputs(rig.run(network))).toEqual(result.outputs);
      expect((await rig.engine.resources(rig.run(network))).map(({ name, id }) => [name, id])).toContainEqual([
        'main',
        'vpc-1',
      ]);
    });

    it('reports every resource once as started and once as done, and neither stack nor provider', async () => {
      const rig = aRig();
      await rig.up(network);
      const steps = rig.events.flatMap((event) => (event.kind === 'log' ? [] : [`${event.kind} ${event.name}`]));
      expect(steps.slice(0, 2)).toEqual(['resource_started main', 'resource_done main']);
      expect([...steps].sort()).toEqual(
        ['main', 'a', 'b'].flatMap((name) => [`resource_done ${name}`, `resource_started ${name}`]).sort(),
      );
    });

    it('asks nothing of the cloud and saves nothing when nothing changed', async () => {
      const rig = aRig();
      const first = await rig.up(network);
      const before = rig.cloud.changes().length;
      const second = await rig.up(network);
      expect(second).toMatchObject({ success: true, resources: { unchanged: 3, created: 0 }, outputs: first.outputs });
      expect(second.stateVersion).toBe(first.stateVersion);
      expect(rig.cloud.changes()).toHaveLength(before);
    });

    it('follows three successive changes: update, addition, removal', async () => {
      const rig = aRig();
      await rig.up(network);
      rig.done();
      const tagged = { ...vpc, inputs: { ...vpc.inputs, tags: { Env: 'prod' } } };
      expect((await rig.up({ ...network, resources: [tagged, subnet('a'), subnet('b')] })).resources.updated).toBe(1);
      expect(rig.done()).toEqual(['update main']);
      expect(rig.cloud.named('main')?.outputs['tags']).toEqual({ Env: 'prod' });
      await rig.up({ ...network, resources: [tagged, subnet('a'), subnet('b'), subnet('c')] });
      expect(rig.done()).toEqual(['create c']);
      const last = await rig.up({ resources: [tagged, subnet('a')] });
      expect(last).toMatchObject({ resources: { deleted: 2, unchanged: 2 }, resourceCount: 2, outputs: {} });
      expect(rig.done().sort()).toEqual(['delete b', 'delete c']);
    });

    it('replaces by creating the new ones first and deleting the old ones, dependents first, at the end', async () => {
      const rig = aRig();
      await rig.up(network);
      rig.cloud.calls.length = 0;
      rig.done();
      const moved = { ...vpc, inputs: { ...vpc.inputs, cidrBlock: '10.9.0.0/16' } };
      const result = await rig.up({ ...network, resources: [moved, subnet('a'), subnet('b')] });
      expect(result.resources).toMatchObject({ replaced: 3, created: 0, deleted: 0 });
      const calls = rig.cloud.changes();
      expect(calls[0]).toBe('create main');
      expect(calls.slice(3, 5).sort()).toEqual(['delete a', 'delete b']);
      expect(calls[5]).toBe('delete main');
      expect(rig.cloud.things.size).toBe(3);
      expect(rig.done().filter((line) => line.endsWith('main'))).toEqual(['create main', 'delete main']);
    });

    it('deletes first when the program says so, and with it what would be replaced too', async () => {
      const rig = aRig();
      const options = { deleteBeforeReplace: true };
      await rig.up({ resources: [{ ...vpc, options }, subnet('a')] });
      rig.cloud.calls.length = 0;
      const moved = { ...vpc, options, inputs: { cidrBlock: '10.9.0.0/16' } };
      expect((await rig.up({ resources: [moved, subnet('a')] })).resources.replaced).toBe(2);
      expect(rig.cloud.changes()).toEqual(['delete a', 'delete main', 'create main', 'create a']);
    });

    it('deletes first when the provider says that two cannot exist, but leaves dependents that are only updated', async () => {
      const rig = aRig();
      const topics = (name: string): Scenario => ({
        resources: [
          { name: 'topic', type: TOPIC, inputs: { name } },
          { name: 'bucket', type: BUCKET, inputs: { topic: ref('topic.id') } },
        ],
      });
      await rig.up(topics('one'));
      rig.cloud.calls.length = 0;
      await rig.up(topics('two'));
      expect(rig.cloud.changes()).toEqual(['delete topic', 'create topic', 'update bucket']);
    });

    it('keeps dependencies, property dependencies and parents in the state', async () => {
      const rig = aRig();
      await rig.up({
        resources: [
          vpc,
          { name: 'all', group: true },
          { ...subnet('a'), options: { parent: 'all', dependsOn: ['main'] } },
        ],
      });
      const state = await rig.engine.exportState(rig.run({}));
      const resources = state?.deployment['resources'] as Record<string, unknown>[];
      const main = 'urn:pulumi:D1-network-dev::shop::aws:ec2/vpc:Vpc::main';
      const all = 'urn:pulumi:D1-network-dev::shop::test:index:Group::all';
      expect(resources.map(({ type }) => type).slice(0, 2)).toEqual(['pulumi:pulumi:Stack', expect.any(String)]);
      expect(resources.find(({ urn }) => urn === all)).toMatchObject({ custom: false, outputs: { group: 'all' } });
      expect(resources.find(({ type }) => type === SUBNET)).toMatchObject({
        urn: 'urn:pulumi:D1-network-dev::shop::test:index:Group$aws:ec2/subnet:Subnet::a',
        parent: all,
        dependencies: [main],
        propertyDependencies: { vpcId: [main] },
        provider: expect.stringMatching(/::pulumi:providers:aws::default_7_48_0::[0-9a-f-]{36}$/),
      });
    });
  });

  describe('options', () => {
    const change = (before: Scenario, after: Scenario) => async (): Promise<string[]> => {
      const rig = aRig();
      expect((await rig.up(before)).error).toBeUndefined();
      rig.cloud.calls.length = 0;
      expect((await rig.up(after)).error).toBeUndefined();
      return rig.cloud.changes();
    };
    const one = (inputs: Record<string, unknown>, options: Record<string, unknown> = {}, name = 'main'): Scenario => ({
      resources: [{ name, inputs, options }],
    });

    it.each<[string, () => Promise<string[]>, string[]]>([
      [
        'ignoreChanges leaves alone what it names, and only that',
        change(
          one({ a: 1, tags: { x: '1', y: '1' } }, { ignoreChanges: ['a', 'tags.x'] }),
          one({ a: 2, tags: { x: '2', y: '1' } }, { ignoreChanges: ['a', 'tags.x'] }),
        ),
        [],
      ],
      [
        'ignoreChanges does not hide other changes',
        change(one({ a: 1, b: 1 }), one({ a: 2, b: 2 }, { ignoreChanges: ['a'] })),
        ['update main'],
      ],
      [
        'replaceOnChanges replaces what would be updated',
        change(one({ a: { b: 1 } }), one({ a: { b: 2 } }, { replaceOnChanges: ['a.b'] })),
        ['create main', 'delete main'],
      ],
      ['retainOnDelete forgets without deleting', change(one({}, { retainOnDelete: true }), {}), []],
      [
        'deletedWith leaves the deletion to another resource',
        change({ resources: [vpc, { ...subnet('a'), options: { deletedWith: 'main' } }] }, {}),
        ['delete main'],
      ],
      ['an alias keeps a renamed resource', change(one({}), one({}, { aliases: [{ name: 'main' }] }, 'renamed')), []],
      [
        'a child follows its parent under a new name',
        change(
          {
            resources: [
              { name: 'old', group: true },
              { name: 'old-x', inputs: {}, options: { parent: 'old' } },
            ],
          },
          {
            resources: [
              { name: 'new', group: true, options: { aliases: [{ name: 'old' }] } },
              { name: 'new-x', inputs: {}, options: { parent: 'new' } },
            ],
          },
        ),
        [],
      ],
      [
        'replaceWith replaces along',
        change(
          { resources: [vpc, { name: 'x', options: { replaceWith: ['main'] } }] },
          {
            resources: [
              { ...vpc, inputs: { cidrBlock: '10.8.0.0/16' } },
              { name: 'x', options: { replaceWith: ['main'] } },
            ],
          },
        ),
        ['create main', 'create x', 'delete x', 'delete main'],
      ],
      [
        'another region of the provider replaces',
        change(
          {
            resources: [
              { name: 'p', type: 'pulumi:providers:aws', inputs: { region: 'eu-west-1' } },
              { name: 'x', options: { provider: 'p' } },
            ],
          },
          {
            resources: [
              { name: 'p', type: 'pulumi:providers:aws', inputs: { region: 'eu-west-2' } },
              { name: 'x', options: { provider: 'p' } },
            ],
          },
        ),
        ['create x', 'delete x'],
      ],
    ])('%s', async (_, changes, expected) => {
      expect(await changes()).toEqual(expected);
    });

    it('an alias takes its old name away from every other resource of the program', async () => {
      const rig = aRig();
      await rig.up(one({}));
      const result = await rig.up({
        resources: [
          { name: 'renamed', options: { aliases: [{ name: 'main' }] } },
          { name: 'main', options: { dependsOn: ['renamed'] } },
        ],
      });
      expect(result.error).toMatchObject({
        code: 'PROGRAM_FAILED',
        message: expect.stringMatching(/Duplicate resource URN .*::main' conflicting with alias .*::renamed'/),
      });
    });

    it('protect refuses removal, replacement and destroy by name, also in a preview, and leaves alone what it guards', async () => {
      const rig = aRig();
      const guarded = (inputs: Record<string, unknown>, protect: boolean): Scenario => ({
        resources: [{ ...vpc, inputs, options: { protect } }, { name: 'other' }],
      });
      await rig.up(guarded({ cidrBlock: 'x' }, true));
      rig.cloud.calls.length = 0;
      const refused = [
        await rig.up({}),
        await rig.preview({}),
        await rig.up(guarded({ cidrBlock: 'y' }, true)),
        await rig.preview(guarded({ cidrBlock: 'y' }, true)),
        await rig.destroy(),
      ];
      for (const { success, error } of refused) {
        expect(success).toBe(false);
        expect(error).toMatchObject({
          class: 'validation',
          resourceName: 'main',
          message: expect.stringContaining('protected'),
        });
      }
      expect(rig.cloud.changes()).not.toContainEqual(expect.stringMatching(/ main$/));
      await rig.up(guarded({ cidrBlock: 'x' }, false));
      expect((await rig.destroy()).success).toBe(true);
      expect(rig.cloud.things.size).toBe(0);
    });

    it('import takes over what exists, and makes it what the inputs say', async () => {
      const rig = aRig();
      await rig.up(one({ a: 1 }), { stack: 'other' });
      rig.cloud.calls.length = 0;
      expect(await rig.up(one({ a: 1 }, { import: 'vpc-1' }))).toMatchObject({
        success: true,
        resources: { created: 1, updated: 0 },
        resourceCount: 1,
      });
      expect(rig.cloud.changes()).toEqual([]);
      expect(await rig.up(one({ a: 2 }, { import: 'vpc-1' }), { stack: 'third' })).toMatchObject({
        success: true,
        resources: { created: 1, updated: 1 },
        resourceCount: 1,
      });
      expect(rig.cloud.changes()).toEqual(['update main']);
      const missing = await rig.up(one({ a: 1 }, { import: 'vpc-9' }), { stack: 'fourth' });
      expect(missing).toMatchObject({ success: false, error: { message: expect.stringContaining('vpc-9') } });
    });

    it('get reads what belongs to another stack, and destroy leaves it there', async () => {
      const rig = aRig();
      await rig.up(one({ a: 1 }), { stack: 'other' });
      const result = await rig.up({ resources: [{ name: 'seen', get: 'vpc-1' }], outputs: { arn: ref('seen.arn') } });
      expect(result).toMatchObject({
        success: true,
        resourceCount: 0,
        outputs: { arn: { value: 'arn:aws:test:::vpc-1' } },
      });
      expect((await rig.destroy()).resources.deleted).toBe(0);
      expect(rig.cloud.things.size).toBe(1);
      const missing = await rig.up({ resources: [{ name: 'seen', get: 'vpc-9' }] });
      expect(missing.error?.message).toContain('vpc-9');
    });
  });

  describe('preview', () => {
    it('plans without touching cloud or state; what only the cloud can tell is unknown', async () => {
      const rig = aRig();
      const result = await rig.preview({ ...network, outputs: { id: ref('main.id'), cidr: ref('main.cidrBlock') } });
      expect(result).toMatchObject({
        success: true,
        resources: { created: 3 },
        stateVersion: 0,
        outputs: { id: { value: UNKNOWN }, cidr: { value: '10.0.0.0/16' } },
      });
      expect(rig.cloud.changes()).toEqual([]);
      expect(await rig.engine.stackExists(rig.run({}))).toBe(false);
    });

    it('lets an unknown input count as a change, so that a replacement spreads to what depends on it', async () => {
      const rig = aRig();
      const first = await rig.up(network);
      const moved = { ...vpc, inputs: { ...vpc.inputs, cidrBlock: '10.9.0.0/16' } };
      const result = await rig.preview({ resources: [moved, subnet('a')] });
      expect(result).toMatchObject({ resources: { replaced: 2, deleted: 1 }, stateVersion: first.stateVersion });
      expect(rig.cloud.changes()).toHaveLength(3);
    });
  });

  describe('destroy', () => {
    it('deletes in reverse order without running the program, independent ones at once', async () => {
      const rig = aRig();
      await rig.up(network);
      rig.cloud.calls.length = 0;
      let waiting = 0;
      let open: () => void = () => undefined;
      const both = new Promise<void>((resolve) => (open = resolve));
      rig.cloud.intercept = (operation, name) => {
        if (operation !== 'delete' || name === 'main') return undefined;
        if (++waiting === 2) open();
        return both; // only parallel deletions get past this
      };
      const result = await rig.destroy({ programDir: '/nowhere' });
      expect(result).toMatchObject({ success: true, resources: { deleted: 3 }, resourceCount: 0, outputs: {} });
      expect(rig.cloud.changes().at(-1)).toBe('delete main');
    });

    it('keeps what could not be deleted, and what that needs', async () => {
      const rig = aRig();
      await rig.up(network);
      rig.cloud.intercept = (operation, name) => {
        if (operation === 'delete' && name === 'a') throw new CloudError('DependencyViolation', 'has dependencies');
      };
      const result = await rig.destroy();
      expect(result.error).toMatchObject({
        class: 'resource',
        code: 'RESOURCE_DELETE_FAILED',
        cloudCode: 'DependencyViolation',
        resourceName: 'a',
        resourceType: SUBNET,
        retryable: false,
      });
      const left = (await rig.engine.resources(rig.run({}))).map(({ name }) => name);
      expect(left).toEqual(expect.arrayContaining(['main', 'a']));
      rig.cloud.intercept = () => undefined;
      expect((await rig.destroy()).success).toBe(true);
      expect(rig.cloud.things.size).toBe(0);
    });
  });

  describe('refresh', () => {
    it('drops what vanished and notices what changed, so that the next up puts both right', async () => {
      const rig = aRig();
      await rig.up(network);
      rig.cloud.things.delete(rig.cloud.named('a')?.id ?? '');
      Object.assign(rig.cloud.named('main') ?? {}, { inputs: { ...vpc.inputs, tags: { Env: 'by hand' } } });
      expect(await rig.engine.refresh(rig.run(network))).toMatchObject({
        success: true,
        resources: { updated: 1, deleted: 1, unchanged: 1 },
        resourceCount: 2,
      });
      rig.cloud.calls.length = 0;
      expect((await rig.up(network)).success).toBe(true);
      expect(rig.cloud.changes()).toEqual(['update main', 'create a']);
    });

    it('comes first in an up that asks for it', async () => {
      const rig = aRig();
      await rig.up(network);
      rig.cloud.things.delete(rig.cloud.named('b')?.id ?? '');
      expect(await rig.up(network, { refresh: true })).toMatchObject({
        resources: { created: 1, unchanged: 2, deleted: 0 },
      });
    });
  });

  describe('drift', () => {
    it('is told per property with what the repair would do, and changes neither state nor cloud', async () => {
      const rig = aRig();
      await rig.up({
        resources: [{ ...vpc, inputs: { ...vpc.inputs, size: 1 } }, subnet('a'), subnet('b'), subnet('c')],
      });
      const before = await rig.engine.exportState(rig.run({}));
      const byHand = (name: string, inputs: Record<string, unknown>): void => {
        const thing = rig.cloud.named(name);
        if (thing)
          Object.assign(thing, { inputs: { ...thing.inputs, ...inputs }, outputs: { ...thing.outputs, ...inputs } });
      };
      byHand('main', { tags: { Env: 'prod', By: 'hand' }, size: undefined });
      byHand('b', { vpcId: 'vpc-other' });
      const third = rig.cloud.named('c');
      if (third) third.outputs = { ...third.outputs, arn: 'arn:other' };
      rig.cloud.things.delete(rig.cloud.named('a')?.id ?? '');
      rig.cloud.calls.length = 0;
      const result = await rig.engine.detectDrift(rig.run({}));
      expect(result).toMatchObject({ success: true, checked: 4 });
      const seen = result.drifted.map(({ name, repair, properties }) => [name, repair, properties]);
      expect(seen.sort()).toEqual([
        ['a', 'create', []],
        ['b', 'replace', [{ property: 'vpcId', expected: 'vpc-1', actual: 'vpc-other' }]],
        [
          'main',
          'update',
          [
            { property: 'size', expected: 1, actual: null },
            { property: 'tags.By', expected: null, actual: 'hand' },
            { property: 'tags.Env', expected: 'dev', actual: 'prod' },
          ],
        ],
      ]);
      expect(rig.cloud.changes()).toEqual([]);
      expect(await rig.engine.exportState(rig.run({}))).toEqual(before);
    });

    it('is not seen where nothing differs, where the program looks away, and where there is no stack', async () => {
      const rig = aRig();
      expect(await rig.engine.detectDrift(rig.run({}))).toEqual({ success: true, checked: 0, drifted: [] });
      await rig.up({ resources: [{ ...vpc, options: { ignoreChanges: ['tags.Env'] } }] });
      expect(await rig.engine.detectDrift(rig.run({}))).toEqual({ success: true, checked: 1, drifted: [] });
      const main = rig.cloud.named('main');
      const tags = { Env: 'prod' };
      if (main) Object.assign(main, { inputs: { ...main.inputs, tags }, outputs: { ...main.outputs, tags } });
      expect((await rig.engine.detectDrift(rig.run({}))).drifted).toEqual([]);
    });

    it('never shows a secret, but knows that it differs', async () => {
      const rig = aRig();
      await rig.up({ resources: [{ name: 'main', inputs: { password: secret('canary-one') } }] });
      const main = rig.cloud.named('main');
      const password = 'canary-two';
      if (main) Object.assign(main, { inputs: { password }, outputs: { ...main.outputs, password } });
      const { drifted } = await rig.engine.detectDrift(rig.run({}));
      expect(drifted).toMatchObject([{ properties: [{ property: 'password', expected: '***', actual: '***' }] }]);
      expect(JSON.stringify([drifted, rig.events])).not.toContain('canary');
    });

    it('is not guessed when the cloud does not answer', async () => {
      const rig = aRig();
      await rig.up(network);
      rig.cloud.intercept = (operation, name) => {
        if (operation === 'read' && name === 'a')
          throw new CloudError('UnauthorizedOperation', 'You are not authorized');
      };
      expect(await rig.engine.detectDrift(rig.run({}))).toMatchObject({
        success: false,
        error: { class: 'permission', resourceName: 'a' },
      });
    });
  });

  describe('import of resources', () => {
    const exists = (rig: EngineRig): void => {
      const inputs = { cidrBlock: '10.0.0.0/16', tags: { Env: 'dev' } };
      const thing = { id: 'vpc-77', type: 'aws:ec2/vpc:Vpc', urn: 'urn:::by-hand', token: '' };
      rig.cloud.things.set('vpc-77', { ...thing, inputs, outputs: { ...inputs, arn: 'arn:77' } });
    };
    const wanted = [{ type: 'aws:ec2/vpc:Vpc', name: 'main', id: 'vpc-77' }];

    it('adopts what exists, protected, so that the program finds it as its own', async () => {
      const rig = aRig();
      exists(rig);
      expect(await rig.engine.importResources(rig.run({}), wanted, { preview: true })).toMatchObject({
        success: true,
        resources: { created: 1 },
      });
      expect(await rig.engine.resources(rig.run({}))).toEqual([]);
      expect(await rig.engine.importResources(rig.run({}), wanted, { preview: false })).toMatchObject({
        success: true,
        resources: { created: 1 },
        resourceCount: 1,
      });
      expect(await rig.engine.resources(rig.run({}))).toMatchObject([{ name: 'main', id: 'vpc-77', protect: true }]);
      rig.cloud.calls.length = 0;
      expect(await rig.up({ resources: [vpc], outputs: { id: ref('main.id') } })).toMatchObject({
        success: true,
        resources: { created: 0 },
        outputs: { id: { value: 'vpc-77' } },
      });
      expect(rig.cloud.changes()).toEqual([]);
    });

    it('takes nothing over when one of them does not exist', async () => {
      const rig = aRig();
      exists(rig);
      const both = [...wanted, { type: SUBNET, name: 'a', id: 'subnet-404' }];
      const result = await rig.engine.importResources(rig.run({}), both, { preview: false });
      expect(result).toMatchObject({ success: false, error: { message: expect.stringContaining('subnet-404') } });
      expect(await rig.engine.resources(rig.run({}))).toEqual([]);
    });
  });

  describe('look-ups', () => {
    const lookup = (args: string): Scenario => ({
      code: `exports.names = aws.getAvailabilityZonesOutput(${args}).names`,
    });

    it('are answered by the cloud', async () => {
      expect((await aRig().up(lookup(`{ state: 'available' }`))).outputs['names']?.value).toEqual([
        'us-east-1a',
        'us-east-1b',
      ]);
    });

    it('fail the program with what the cloud refused', async () => {
      const rig = aRig();
      expect((await rig.up(lookup(`{ filters: [] }`))).error).toMatchObject({
        code: 'PROGRAM_FAILED',
        message: expect.stringContaining('filters'),
      });
      rig.cloud.intercept = (operation) => {
        if (operation === 'invoke') throw new CloudError('UnauthorizedOperation', 'You are not authorized');
      };
      expect((await rig.up(lookup('{}'))).error).toMatchObject({
        class: 'permission',
        code: 'INSUFFICIENT_PERMISSIONS',
        cloudCode: 'UnauthorizedOperation',
      });
    });
  });

  describe('secrets', () => {
    const CANARY = 'canary-5up3rs3cr3t';

    it('are never stored or shown in clear, wherever they come from and wherever they go', async () => {
      const rig = aRig();
      const scenario: Scenario = {
        secrets: { 'scenario:password': `${CANARY}-config` },
        resources: [
          { name: 'a', inputs: { password: secret(CANARY), tags: { deep: secret(CANARY) }, list: [secret(CANARY)] } },
          {
            name: 'b',
            inputs: { copy: ref('a.password'), from: { $config: 'password' } },
            options: { additionalSecretOutputs: ['arn'] },
          },
        ],
        outputs: { password: ref('a.password'), list: ref('a.list'), arn: ref('b.arn'), plain: ref('a.arn') },
        code: `pulumi.log.info('password is ${CANARY}-config'); console.log('${CANARY}-config');`,
      };
      const result = await rig.up(scenario);
      expect(result.outputs).toMatchObject({
        password: { value: CANARY, secret: true },
        list: { value: [CANARY], secret: true },
        arn: { secret: true },
        plain: { secret: false },
      });
      expect(rig.cloud.named('b')?.inputs).toMatchObject({ copy: CANARY, from: `${CANARY}-config` });
      rig.cloud.intercept = (operation) => {
        if (operation === 'update') throw new CloudError('InvalidParameter', `"${CANARY}" is too weak`);
      };
      const changed = [{ name: 'a', inputs: { password: secret(CANARY), size: 2 } }];
      const failed = await rig.up({ ...scenario, resources: changed, outputs: {} });
      expect(failed.error?.message).toContain('***');
      rig.cloud.intercept = () => undefined;
      const thrown = await rig.up({ ...scenario, resources: [{ name: 'x', throws: `no ${CANARY}-config` }] });
      expect(thrown.success).toBe(false);
      const everything = JSON.stringify([
        rig.events,
        failed.error,
        thrown.error,
        await rig.engine.exportState(rig.run({})),
      ]);
      expect(everything).not.toContain(CANARY);
      expect(rig.messages()).toContainEqual(expect.stringContaining('password is ***'));
    });

    it('of the configuration are sealed even where a program has read them as plain text', async () => {
      const rig = aRig();
      const scenario: Scenario = {
        secrets: { 'scenario:tags': JSON.stringify({ Key: CANARY }) },
        resources: [{ name: 'a', inputs: { tags: { Key: CANARY, Name: 'open-name' }, note: `with ${CANARY}` } }],
      };
      expect(await rig.up(scenario)).toMatchObject({ success: true });
      expect(rig.cloud.named('a')?.inputs).toMatchObject({ tags: { Key: CANARY }, note: `with ${CANARY}` });
      const state = JSON.stringify(await rig.engine.exportState(rig.run({})));
      expect(state).not.toContain(CANARY);
      expect(state).toContain('open-name');
      expect(await rig.up(scenario)).toMatchObject({ success: true, resources: { unchanged: 1 } });
    });

    it('come back as they were', async () => {
      const rig = aRig();
      const scenario: Scenario = {
        resources: [{ name: 'a', inputs: { password: secret(CANARY) } }],
        outputs: { p: ref('a.password') },
      };
      await rig.up(scenario);
      const again = await rig.up(scenario);
      expect(again).toMatchObject({ resources: { unchanged: 1 }, outputs: { p: { value: CANARY, secret: true } } });
      expect(await rig.engine.outputs(rig.run(scenario))).toEqual(again.outputs);
    });
  });

  describe('failures', () => {
    /** Made by the first row that runs; every row must leave it as it found it. */
    let kept: EngineRig | undefined;

    it.each<[string, Scenario, Record<string, unknown>]>([
      [
        'a missing setting',
        { code: `new pulumi.Config('network').require('vpcCidr')` },
        { class: 'validation', code: 'PROGRAM_FAILED', message: expect.stringContaining('network:vpcCidr') },
      ],
      [
        'an exception',
        { resources: [{ name: 'x', throws: 'too few zones' }] },
        {
          class: 'validation',
          code: 'PROGRAM_FAILED',
          message: expect.stringMatching(/^Error: too few zones \(at index\.js:\d+:\d+\)$/),
        },
      ],
      [
        'a rejected promise',
        { code: `Promise.reject(new TypeError('late'))` },
        { code: 'PROGRAM_FAILED', message: expect.stringContaining('TypeError: late') },
      ],
      [
        'an early exit',
        { resources: [vpc], code: 'process.exit(0)' },
        { code: 'PROGRAM_FAILED', message: expect.stringContaining('exited before') },
      ],
      [
        'a kill',
        { code: `process.kill(process.pid, 'SIGKILL')` },
        { class: 'internal', code: 'PROGRAM_FAILED', message: expect.stringContaining('SIGKILL') },
      ],
      [
        'an invalid input',
        { resources: [{ name: 'x', inputs: { invalid: 1 } }] },
        {
          class: 'validation',
          code: 'RESOURCE_CREATION_FAILED',
          resourceName: 'x',
          message: expect.stringContaining('invalid: is not allowed'),
        },
      ],
      [
        'a doubled name',
        { resources: [vpc, vpc] },
        { code: 'PROGRAM_FAILED', message: expect.stringContaining('Duplicate resource URN') },
      ],
      [
        'a setting of the provider',
        { resources: [{ name: 'p', type: 'pulumi:providers:aws', inputs: { defaultTags: { tags: { a: 'b' } } } }] },
        { message: expect.stringContaining('defaultTags') },
      ],
    ])('%s ends in an error that says so, and leaves the rest as it is', async (_, scenario, error) => {
      kept ??= aRig();
      const rig = kept;
      if (rig.cloud.things.size === 0) {
        await rig.up({ resources: [{ name: 'kept' }], outputs: { id: ref('kept.id') } });
      }
      rig.cloud.calls.length = 0;
      const result = await rig.up(scenario);
      expect(result).toMatchObject({ success: false, error });
      expect(result.error?.message).not.toContain('node_modules');
      expect(rig.cloud.calls).not.toContain('delete kept');
      expect(result.outputs['id']?.value).toBe('vpc-1');
    });

    it('a program that cannot be loaded says which', async () => {
      const rig = aRig();
      const broken = mkdtempSync(join(tmpdir(), 'broken-program-'));
      writeFileSync(join(broken, 'index.js'), 'exports.x = ;');
      try {
        expect((await rig.up({}, { programDir: broken })).error).toMatchObject({
          code: 'PROGRAM_FAILED',
          message: expect.stringContaining('SyntaxError'),
        });
      } finally {
        rmSync(broken, { recursive: true });
      }
      expect((await rig.up({}, { programDir: broken })).error).toMatchObject({ code: 'PROGRAM_FAILED' });
    });

    it('let running siblings finish, start nothing new, delete nothing, and are the first by time', async () => {
      const rig = aRig();
      await rig.up({ resources: [{ name: 'old' }] });
      let failed: () => void = () => undefined;
      const afterFailure = new Promise<void>((resolve) => (failed = resolve));
      rig.cloud.intercept = async (operation, name) => {
        if (operation !== 'create') return;
        if (name === 'slow') await afterFailure;
        if (name === 'bad') {
          setTimeout(failed, 50);
          throw new CloudError('VpcLimitExceeded', 'The maximum number of VPCs has been reached');
        }
      };
      const result = await rig.up({
        resources: [{ name: 'slow' }, { name: 'bad' }, { name: 'never', inputs: { after: ref('bad.id') } }],
      });
      expect(result).toMatchObject({
        success: false,
        resources: { created: 1 },
        resourceCount: 2,
        error: { class: 'limit', code: 'SERVICE_LIMIT_EXCEEDED', cloudCode: 'VpcLimitExceeded', resourceName: 'bad' },
      });
      expect(rig.cloud.named('slow')).toBeDefined();
      expect(rig.cloud.calls).not.toContain('create never');
      expect(rig.cloud.calls).not.toContain('delete old');
      expect(rig.events.filter((event) => event.kind === 'resource_failed')).toHaveLength(1);
      rig.cloud.intercept = () => undefined;
      expect((await rig.up({ resources: [{ name: 'slow' }, { name: 'bad' }] })).resources).toMatchObject({
        created: 1,
        unchanged: 1,
        deleted: 1,
      });
    });
  });

  describe('cancel', () => {
    it('starts nothing new and lets running steps end', async () => {
      const rig = aRig();
      const cancel = new AbortController();
      rig.cloud.intercept = (operation, name) => {
        if (operation === 'create' && name === 'main') cancel.abort();
      };
      const result = await rig.up(network, { signal: cancel.signal });
      expect(result).toMatchObject({ success: false, error: { class: 'cancelled' }, resourceCount: 1 });
      expect(rig.cloud.changes()).toEqual(['create main']);
      rig.cloud.intercept = () => undefined;
      expect(await rig.up(network)).toMatchObject({ success: true, resources: { created: 2, unchanged: 1 } });
    });

    it('does nothing when it came before the start', async () => {
      const rig = aRig();
      expect((await rig.up(network, { signal: AbortSignal.abort() })).error?.class).toBe('cancelled');
      expect(rig.cloud.calls).toEqual([]);
    });
  });

  describe('a holder that was shut out', () => {
    it('[7.11] writes nothing more, also not from the run that is under way', async () => {
      const rig = aRig();
      const run = rig.run(network, { fence: 3 });
      let before: unknown;
      rig.cloud.intercept = async (operation, name) => {
        if (operation !== 'create' || name !== 'main') return;
        expect(await rig.engine.shutOut(run, 4, { breakLock: false })).toBe(false);
        before = await rig.engine.exportState(run);
      };
      await expect(rig.engine.up(run)).rejects.toMatchObject({ code: 'STALE_LEASE' });
      await expect(rig.engine.up(run)).rejects.toMatchObject({ code: 'STALE_LEASE' });
      await expect(rig.engine.destroy(run)).rejects.toMatchObject({ code: 'STALE_LEASE' });
      await expect(rig.engine.shutOut(run, 2, { breakLock: false })).rejects.toMatchObject({ code: 'STALE_LEASE' });
      if (rig.engine.name === 'embedded') expect(await rig.engine.exportState(run)).toEqual(before);
    });
  });

  describe('state', () => {
    it('goes out and comes back the same; what is not a state of this stack is refused', async () => {
      const rig = aRig();
      await rig.up(network);
      const run = { ...rig.run(network), organization: `${rig.run(network).organization}-copy` };
      const state = await rig.engine.exportState(rig.run(network));
      if (!state) throw new TypeError('no state');
      await rig.engine.importState(run, state, 1);
      expect(await rig.engine.exportState(run)).toEqual(state);
      expect(await rig.engine.up(run)).toMatchObject({ resources: { unchanged: 3, created: 0 } });
      const secretInClear = JSON.stringify(state).replace(
        '"10.0.0.0/16"',
        '{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","plaintext":"\\"canary\\""}',
      );
      await rig.engine.importState(run, JSON.parse(secretInClear) as typeof state, 1);
      expect(JSON.stringify(await rig.engine.exportState(run))).not.toContain('canary');
      await expect(rig.engine.importState({ ...run, stack: 'x' }, state, 1)).rejects.toMatchObject({
        code: 'STATE_INVALID',
      });
      await expect(
        rig.engine.importState(run, { version: 3, deployment: { resources: [{ urn: 'x' }] } }, 1),
      ).rejects.toMatchObject({ code: 'STATE_INVALID' });
    });
  });
}
