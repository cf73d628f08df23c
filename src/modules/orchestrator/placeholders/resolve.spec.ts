import { VirtualClock } from '../../../../test/fakes/virtual-clock.js';
import { aRunRequest, aRunStack } from '../../../../test/factories/run-request.js';
import { RandomIds } from '../../../shared/kernel/ids.js';
import type { QueryPlace } from '../cloud-queries.port.js';
import type { StackOutputs } from '../engine.port.js';
import type { DeclaredOutput, RunPlace, RunStack } from '../run-request.js';
import { PlaceholderResolver, type OutputSource } from './resolve.js';
import { ValueReader } from '../value-reader.js';
import { StaticCloudQueries } from './static.cloud-queries.js';

class CountingQueries extends StaticCloudQueries {
  readonly asked: string[] = [];
  override async latestImage(place: QueryPlace, os: string, architecture: string) {
    this.asked.push(`image ${os}`);
    return super.latestImage(place, os, architecture);
  }
  override async secret(place: QueryPlace, id: string) {
    this.asked.push(`secret ${id}`);
    return super.secret(place, id);
  }
}

const OUTPUTS: Record<string, StackOutputs> = {
  network: {
    vpcId: { value: 'vpc-1', secret: false },
    subnetIds: { value: ['subnet-1', 'subnet-2'], secret: false },
    zones: { value: { a: { id: 'z1' } }, secret: false },
    'zones.b': { value: 'literal key', secret: false },
    count: { value: 3, secret: false },
    injected: { value: '{{RUNTIME:network:vpcId}} ${env.region}', secret: false },
    password: { value: 'hidden-pa55', secret: true },
    empty: { value: null, secret: false },
  },
};

function rig(place: Partial<RunPlace> = {}, declared: Record<string, DeclaredOutput> = {}) {
  const asked: string[] = [];
  const queries = new CountingQueries({
    parameters: async () => ({
      ssm: { '/a': 'x', '/list': ['1', '2'] },
      secrets: { db: '{"user":"root"}', broken: 'text' },
    }),
    inventory: async () => ({ resources: [] }),
  });
  const source: OutputSource = {
    has: (stack) => ['network', 'app', 'fresh', 'down'].includes(stack),
    declared: (stack) => (stack === 'network' ? declared : {}),
    outputs: async (stack) => {
      asked.push(stack);
      if (stack === 'down') throw new TypeError('backend unreachable');
      return OUTPUTS[stack] ?? null;
    },
  };
  const full = { ...aRunRequest([]).place, ...place };
  const resolver = new PlaceholderResolver(full, source, queries, new VirtualClock(), new RandomIds());
  return { resolver, asked, queries, reader: new ValueReader(full, source, resolver, queries) };
}

const app = (config: RunStack['config'], fields: Partial<RunStack> = {}) => aRunStack('app', { config, ...fields });

async function value(text: unknown, place: Partial<RunPlace> = {}): Promise<unknown> {
  const { values, unresolved } = await rig(place).resolver.resolve(app({ key: text }), 'strict');
  expect(unresolved).toEqual([]);
  return values['key'];
}

async function brokenRule(text: unknown, place: Partial<RunPlace> = {}): Promise<unknown> {
  const { unresolved } = await rig(place).resolver.resolve(app({ key: text }), 'strict');
  return unresolved.map(({ problem, path, stack }) => [problem.ruleId, path, stack]);
}

describe('substitution and typing (deployments.md 5.4)', () => {
  it.each<[unknown, unknown]>([
    ['{{RUNTIME:aws:region:current}}', 'us-east-1'],
    ['${deployment.org}/${deployment.project}/${env.region}', 'Acme/Shop/us-east-1'],
    ['{{RUNTIME:network:subnetIds}}', ['subnet-1', 'subnet-2']],
    ['  {{RUNTIME:network:count}} ', 3],
    ['n=${network.count} in ${network.vpcId}', 'n=3 in vpc-1'],
    ['ids ${network.subnetIds}', 'ids ["subnet-1","subnet-2"]'],
    ['${network.subnetIds.1}', 'subnet-2'],
    ['${network.zones.a.id}', 'z1'],
    ['${network.zones.b}', 'literal key'],
    [{ deep: [{ id: '${network.vpcId}' }, 1, null, true] }, { deep: [{ id: 'vpc-1' }, 1, null, true] }],
    ['\\{{RUNTIME:network:vpcId}}', '{{RUNTIME:network:vpcId}}'],
    ['${network.injected}', '{{RUNTIME:network:vpcId}} ${env.region}'],
    ['${deployment.id}/${env.name}/${env.accountId}', 'DTEST1/dev/111111111111'],
    ['{{RUNTIME:aws:availabilityZones:2}}', ['us-east-1a', 'us-east-1b']],
    ['{{RUNTIME:aws:availabilityZones:eu-west-1:1}}', ['eu-west-1a']],
    ['{{RUNTIME:aws:ssmParameter:/list}}', ['1', '2']],
    ['{{SECRET:db#user}}', 'root'],
    ['${aws.account.id} ${aws.region.current}', '111111111111 us-east-1'],
    ['{{RUNTIME:calculate:timestamp:unix}}', 1893456000],
    ['{{RUNTIME:calculate:subnets:10.0.0.0/16:24:2}}', ['10.0.0.0/24', '10.0.1.0/24']],
  ])('[5.4] %j is %j', async (text, expected) => expect(await value(text)).toEqual(expected));

  it('keeps AWS shapes in static answers, the same for the same question', async () => {
    const image = await value('{{RUNTIME:aws:latestAmiId:amazonLinux2023}}');
    expect(image).toMatch(/^ami-[0-9a-f]{17}$/);
    expect(await value('${aws.latestAmi.amazonLinux2023}')).toBe(image);
    expect(await value('${aws.vpc.default}')).toMatch(/^vpc-[0-9a-f]{17}$/);
    expect(await value('{{AWS:acm:a.test}}')).toMatch(
      /^arn:aws:acm:us-east-1:111111111111:certificate\/[0-9a-f-]{36}$/,
    );
  });
});

describe('ENV keys and process variables (deployments.md 5.2, 5.5)', () => {
  const environmentConfig = {
    size: 4,
    id: 'in ${network.vpcId}',
    deep: { list: ['{{ENV:size}}'] },
    a: '{{ENV:b}}',
    b: '{{ENV:a}}',
  };

  it.each<[string, unknown]>([
    ['{{ENV:size}}', 4],
    ['{{ENV:id}}', 'in vpc-1'],
    ['{{ENV:deep}}', { list: [4] }],
    ['x {{ENV:id}} y', 'x in vpc-1 y'],
  ])('%s is read again for placeholders: %j', async (text, expected) => {
    expect(await value(text, { environmentConfig })).toEqual(expected);
  });

  it('[PH-006] tells the loop, and stops after five levels', async () => {
    const { unresolved } = await rig({ environmentConfig }).resolver.resolve(app({ key: '{{ENV:a}}' }), 'strict');
    expect(unresolved[0]?.problem).toMatchObject({ ruleId: 'PH-006', details: { loop: ['a', 'b', 'a'] } });
    const steps = Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`k${n}`, n < 6 ? `{{ENV:k${n + 1}}}` : 'end']));
    expect(await value('{{ENV:k2}}', { environmentConfig: steps })).toBe('end');
    expect(await brokenRule('{{ENV:k1}}', { environmentConfig: steps })).toEqual([['PH-006', 'key', 'app']]);
  });

  it('[PH-007] knows only keys and variables that are there', async () => {
    expect(await brokenRule('{{ENV:none}}')).toEqual([['PH-007', 'key', 'app']]);
    expect(await brokenRule('${env.PATH}', { processEnv: { CLOUD_TIER: 'x' } })).toEqual([['PH-007', 'key', 'app']]);
    expect(await value('${env.CLOUD_TIER}', { processEnv: { CLOUD_TIER: 'x' } })).toBe('x');
  });
});

describe('failures (deployments.md 5.3, 5.6)', () => {
  it.each([
    ['PH-001', '{{OUTPUT:x:y}}'],
    ['PH-002', '{{RUNTIME:aws:nothing:x}}'],
    ['PH-003', '${ghost.id}'],
    ['PH-004', '${fresh.id}'],
    ['PH-004', '${network.none}'],
    ['PH-004', '${network.empty}'],
    ['PH-004', '${down.id}'],
    ['PH-005', '${app.id}'],
    ['PH-010', '{{RUNTIME:aws:latestAmiId:windows}}'],
    ['PH-010', '{{RUNTIME:aws:latestAmiId:ubuntu2204:mips}}'],
    ['PH-011', '{{RUNTIME:aws:availabilityZones:4}}'],
    ['PH-011', '{{RUNTIME:aws:availabilityZones:0}}'],
    ['PH-012', '{{RUNTIME:aws:ssmParameter:/none}}'],
    ['PH-012', '{{SECRET:db#none}}'],
    ['PH-012', '{{SECRET:broken#user}}'],
    ['PH-013', '{{RUNTIME:calculate:subnets:10.0.0.0/16:17:3}}'],
    ['PH-013', '{{RUNTIME:calculate:subnets:10.0.0.5/16:24:1}}'],
    ['PH-013', '{{RUNTIME:calculate:subnets:10.0.0.0/16:15:1}}'],
    ['PH-014', '{{RUNTIME:calculate:randomPassword:7}}'],
  ])('[%s] %s', async (rule, text) => expect(await brokenRule({ at: [text] })).toEqual([[rule, 'key.at[0]', 'app']]));

  it('[PH-004] distinguishes not deployed, absent and unreachable', async () => {
    const texts = { a: '${fresh.id}', b: '${network.none}', c: '${down.id}' };
    const { unresolved } = await rig().resolver.resolve(app(texts), 'strict');
    expect(unresolved.map(({ problem }) => problem.message)).toEqual([
      'fresh is not deployed, so it has no id',
      'network is deployed, but has no output none',
      '${down.id} could not be looked up: backend unreachable',
    ]);
  });

  it('[PH-004] counts only declared outputs where a template declares any, and the common ones', async () => {
    const declared = { vpcId: { type: 'string', secret: false } } as const;
    const resolver = rig({}, declared).resolver;
    const { unresolved } = await resolver.resolve(app({ a: '${network.count}', b: '${network.vpcId}' }), 'strict');
    expect(unresolved.map(({ placeholder }) => placeholder)).toEqual(['${network.count}']);
    const common = await resolver.resolve(app({ a: '${network.stackName}' }), 'collect');
    expect(common.unresolved).toEqual([]);
  });

  it('stands as text in tolerant mode, and collect mode takes what is to come as given', async () => {
    const config = { key: 'x ${fresh.id}', image: '{{RUNTIME:aws:latestAmiId:windows}}', self: '${app.id}' };
    const tolerant = await rig().resolver.resolve(app(config), 'tolerant');
    expect(tolerant.values['key']).toBe('x <unresolved: {{RUNTIME:fresh:id}}>');
    const offline = await rig().resolver.resolve(app(config), 'collect', false);
    expect(offline.unresolved.map(({ problem }) => problem.ruleId)).toEqual(['PH-005']);
    const online = await rig().resolver.resolve(app(config), 'collect', true);
    expect(online.unresolved.map(({ problem }) => problem.ruleId)).toEqual(['PH-010', 'PH-005']);
  });

  it('leaves out an input that is bound to an optional dependency that is not there', async () => {
    const config = { cache: ['${cache.url}'], vpc: '${network.vpcId}' };
    const resolved = await rig().resolver.resolve(app(config, { optionalDependencies: ['cache'] }), 'strict');
    expect(resolved).toMatchObject({ values: { vpc: 'vpc-1' }, omittedKeys: ['cache'], unresolved: [] });
  });
});

describe('order, caching, secrets and sticky values (deployments.md 5.5, 5.7)', () => {
  it('asks once per canonical text and operation, in order, and asks a failed look-up again', async () => {
    const { resolver, asked, queries } = rig();
    const config = {
      d: '${network.vpcId}',
      c: '{{SECRET:db}}',
      b: '{{SECRET:none}}',
      a: '${aws.latestAmi.ubuntu2204}',
    };
    await resolver.resolve(app(config), 'strict');
    await resolver.resolve(app({ ...config, e: '{{RUNTIME:aws:latestAmiId:ubuntu2204:x86_64}}' }), 'strict');
    expect(queries.asked).toEqual(['image ubuntu2204', 'secret db', 'secret none', 'secret none']);
    expect(asked).toEqual(['network']);
    resolver.forget('network');
    await resolver.resolve(app(config), 'strict');
    expect(asked).toEqual(['network', 'network']);
  });

  it('makes a whole text secret when a secret stands in it', async () => {
    const config = { url: 'db://x:${network.password}@h', plain: '${network.vpcId}', raw: 'literal' };
    const resolved = await rig().resolver.resolve(app(config, { secretKeys: ['raw'] }), 'strict');
    expect(resolved.values['url']).toBe('db://x:hidden-pa55@h');
    expect([...resolved.secretKeys].sort()).toEqual(['raw', 'url']);
    expect(resolved.filledKeys).toEqual(['url', 'plain']);
  });

  it('makes sticky values once per place and leaves timestamps out of what is compared', async () => {
    const config = { a: '{{RUNTIME:calculate:uuid}}', b: ['{{RUNTIME:calculate:uuid}}'], t: '${calculate.timestamp}' };
    const first = await rig().resolver.resolve(app(config), 'strict');
    expect(Object.keys(first.newSticky)).toEqual(['a|{{RUNTIME:calculate:uuid}}', 'b[0]|{{RUNTIME:calculate:uuid}}']);
    expect(first.values['a']).not.toEqual((first.values['b'] as string[])[0]);
    const second = await rig().resolver.resolve(app(config, { sticky: first.newSticky }), 'strict');
    expect(second.values['a']).toBe(first.values['a']);
    expect(second.newSticky).toEqual({});
    expect(second.resolved.map(({ key }) => key)).toEqual(Object.keys(first.newSticky));
  });
});

describe('values for code (deployments.md 5.8)', () => {
  it('[5.8] reads one output, several or all of a stack, and asks for them once', async () => {
    const { reader, asked } = rig();
    expect(await reader.get('network', 'subnetIds.1')).toBe('subnet-2');
    expect(await reader.getMultiple('network', ['vpcId', 'count'])).toEqual({ vpcId: 'vpc-1', count: 3 });
    expect(asked).toEqual(['network']);
    expect(await reader.getAll('network')).toMatchObject({ vpcId: 'vpc-1', password: 'hidden-pa55' });
  });

  it('[5.8] refuses by the rules of placeholders', async () => {
    const { reader } = rig();
    const rulesOf = (asked: Promise<unknown>): Promise<unknown> =>
      asked.catch((error: { ruleId: string }) => error.ruleId);
    expect(await rulesOf(reader.get('ghost', 'id'))).toBe('PH-003');
    expect(await rulesOf(reader.get('network', 'none'))).toBe('PH-004');
    expect(await rulesOf(reader.getAll('ghost'))).toBe('PH-003');
    expect(await rulesOf(reader.getAll('fresh'))).toBe('PH-004');
    expect(await rulesOf(reader.queryAwsResource('instance', 'Name', 'web'))).toBe('PH-002');
    expect(await rulesOf(reader.queryAwsResource('vpc', 'Name', 'none'))).toBe('PH-012');
  });
});
