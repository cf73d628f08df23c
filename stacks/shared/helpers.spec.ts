import * as pulumi from '@pulumi/pulumi';
import { assumeRole, policy, topicPolicy } from './policies';
import { egress, ingress, type Rule } from './sg';
import { slug } from './state';
import type { Context } from './types';
import { kmsAliasName, logGroupPath, name, opts, rdsName, tags } from './utils';
import { assertFargateSize, assertFqdn, assertNoOpenCidr, parseCidr } from './validate';

const ctx: Context = {
  stack: 'network',
  deploymentId: 'DT3VCA0',
  depId: 'dt3vca0',
  organization: 'Company & Co.',
  project: 'web-shop',
  environment: 'dev',
  region: 'us-east-1',
  secondaryRegion: 'us-west-2',
  accountId: '111111111111',
  domain: 'example.com',
  envDomain: 'dev.example.com',
  team: 'infrastructure',
  costCenter: 'engineering',
  protectStateful: true,
  logRetentionDays: 7,
  extraTags: { Owner: 'ops', Tier: 'none' },
};

const valueOf = <T>(output: pulumi.Output<T>): Promise<T> => new Promise((resolve) => void output.apply(resolve));

describe('X8: names', () => {
  test.each([
    ['alb', 32, 'web-shop-dev-alb-dt3vca0'],
    ['internal-load-balancer', 32, 'dt3vca0-dev-internal-load-balancer'.slice(0, 25)],
    ['internal-load-balancer', 63, 'web-shop-dev-internal-load-balancer-dt3vca0'],
    ['Primary-Bucket', 63, 'web-shop-dev-primary-bucket-dt3vca0'],
  ])('%s within %i characters starts %s', (component, limit, start) => {
    const made = name(ctx, component, limit);
    expect(made.startsWith(start)).toBe(true);
    expect(made.length).toBeLessThanOrEqual(limit);
    expect(made).toBe(name(ctx, component, limit));
  });

  test('a long project gives way to the deployment id', () => {
    const long = { ...ctx, project: 'p'.repeat(100) };
    for (const limit of [63, 64]) expect(name(long, 'primary', limit)).toBe('dt3vca0-dev-primary');
  });

  test('what is still too long is cut and told apart by a hash', () => {
    const [one, two] = ['a', 'b'].map((end) => name(ctx, `${'component-'.repeat(6)}${end}`, 32));
    expect(one).toMatch(/^dt3vca0-dev-component-com-[0-9a-f]{6}$/);
    expect(one).toHaveLength(32);
    expect(two).not.toBe(one);
  });

  test('names of RDS begin with a letter', () => {
    expect(rdsName(ctx, 'primary')).toBe('web-shop-dev-primary-dt3vca0');
    expect(rdsName({ ...ctx, project: '3d-shop' }, 'primary')).toBe('dt3vca0-dev-primary');
  });

  test('paths and aliases carry deployment and environment', () => {
    expect(logGroupPath(ctx, 'flow-log')).toBe('/cloud/dt3vca0/dev/network/flow-log');
    expect(kmsAliasName(ctx, 'database')).toBe('alias/web-shop-dev-dt3vca0-database');
  });

  test.each([
    ['MyCompany', 'mycompany'],
    ['  Test___Project ', 'test-project'],
    ['Café Müller', 'caf-m-ller'],
    ['!!!', ''],
  ])('the slug of %j is %j', (raw, expected) => {
    expect(slug(raw)).toBe(expected);
  });
});

test('tags: signs that IAM refuses become dashes, the resource has the last word', () => {
  expect(tags(ctx, 'vpc', { Tier: 'public' })).toEqual({
    Name: 'web-shop-dev-vpc-dt3vca0',
    Project: 'web-shop',
    Organization: 'Company - Co.',
    Environment: 'dev',
    DeploymentId: 'DT3VCA0',
    Stack: 'network',
    ManagedBy: 'pulumi',
    Team: 'infrastructure',
    CostCenter: 'engineering',
    Owner: 'ops',
    Tier: 'public',
  });
});

test('options: stateful resources are protected as the deployment says, others carry no flag', () => {
  expect(opts(ctx, { stateful: true })).toEqual({ protect: true });
  expect(opts({ ...ctx, protectStateful: false }, { stateful: true })).toEqual({ protect: false });
  expect(opts(ctx)).toEqual({});
  expect(opts(ctx, { timeoutMinutes: 5, ignoreChanges: ['desiredCount'] })).toEqual({
    customTimeouts: { create: '5m', update: '5m', delete: '5m' },
    ignoreChanges: ['desiredCount'],
  });
});

describe('policies (B5)', () => {
  const statement = { sid: 'Read', actions: ['s3:GetObject'], resources: ['arn:aws:s3:::bucket/*'] };

  test('outputs inside a document are resolved', async () => {
    const text = await valueOf(policy([{ ...statement, resources: [pulumi.output('arn:later')] }]));
    expect(JSON.parse(text)).toEqual({
      Version: '2012-10-17',
      Statement: [{ Sid: 'Read', Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:later'] }],
    });
  });

  test.each([
    ['every action', { actions: ['*'] }],
    ['every action, with a reason', { actions: ['*'], wildcardReason: 'convenient' }],
    ['every action of a service', { actions: ['ecr:*'] }],
    ['every resource', { resources: ['*'] }],
  ])('%s is refused', (_, wild) => {
    expect(() => policy([{ ...statement, ...wild }])).toThrow('statement Read allows "*"');
  });

  test('a stated reason admits every resource, and a denial may be as wide as it likes', () => {
    expect(() => policy([{ ...statement, resources: ['*'], wildcardReason: 'no resource level' }])).not.toThrow();
    expect(() => policy([{ ...statement, effect: 'Deny', actions: ['s3:*'], resources: ['*'] }])).not.toThrow();
  });

  test('conditions of the caller stand beside the source account', async () => {
    const text = await valueOf(assumeRole(ctx, 'eks.amazonaws.com', { StringEquals: { 'sts:ExternalId': 'x' } }));
    expect(JSON.parse(text).Statement[0].Condition).toEqual({
      StringEquals: { 'sts:ExternalId': 'x', 'aws:SourceAccount': '111111111111' },
    });
  });
});

test('a topic hears services of this account alone, through TLS', async () => {
  const text = await valueOf(topicPolicy(ctx, 'arn:topic', ['cloudwatch.amazonaws.com']));
  expect(JSON.parse(text).Statement).toEqual([
    {
      Sid: 'PublishByServices',
      Effect: 'Allow',
      Principal: { Service: ['cloudwatch.amazonaws.com'] },
      Action: ['sns:Publish'],
      Resource: ['arn:topic'],
      Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
    },
    expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
  ]);
});

describe('security group rules (B1)', () => {
  const rule: Rule = {
    name: 'web-ingress-test',
    tier: 'web',
    groupId: 'sg-1',
    peer: { cidr: '10.0.0.0/8' },
    port: 3000,
    description: 'test',
  };
  const everyone = { cidr: '0.0.0.0/0' };

  test.each<[string, typeof ingress | typeof egress, Partial<Rule>]>([
    ['ingress from everyone to a tier', ingress, { peer: everyone }],
    ['ingress from everyone over IPv6', ingress, { peer: { cidr: '::/0' }, port: 443 }],
    [
      'ingress from everyone to the load balancer on another port',
      ingress,
      { tier: 'alb', peer: everyone, port: 8080 },
    ],
    ['ingress from everyone on every port', ingress, { tier: 'alb', peer: everyone, port: 'all' }],
    ['egress to everyone on another port than 443', egress, { peer: everyone, port: 80 }],
    ['SSH between groups', ingress, { peer: { groupId: 'sg-2' }, port: 22 }],
    ['RDP', egress, { port: 3389 }],
  ])('%s is refused', (_, create, change) => {
    expect(() => create(ctx, { ...rule, ...change })).toThrow(/network: web-ingress-test = .* is refused/);
  });
});

describe('validation', () => {
  test.each(['10.0.0.0/33', '10.0.0/8', '256.0.0.0/8', '10.0.0.1/8', 'x', '10.0.0.0'])('%s is no block', (text) => {
    expect(parseCidr(text)).toBeNull();
  });

  test.each(['0.0.0.0/0', '::/0'])('%s means everyone', (text) => {
    expect(() => assertNoOpenCidr('a:b', text)).toThrow('open to the whole internet');
  });

  test.each(['example', 'a..com', '-a.com', 'a-.com', 'exa mple.com', 'example.com.', '1.2.3.4'])(
    '%s is no domain name',
    (text) => {
      expect(() => assertFqdn('a:b', text)).toThrow('a: b = ');
    },
  );

  test('a domain name comes back in lower case', () => {
    expect(assertFqdn('a:b', 'Shop.Example.COM')).toBe('shop.example.com');
  });

  test.each([
    [256, 512],
    [256, 2048],
    [1024, 3072],
    [4096, 30_720],
    [8192, 20_480],
    [16_384, 122_880],
  ])('Fargate offers %i CPU units with %i MiB', (cpu, memory) => {
    expect(() => assertFargateSize('a:memory', cpu, memory)).not.toThrow();
  });

  test.each([
    [256, 4096, 'a: memory = 4096 is refused: with 256 CPU units Fargate offers 512, 1024, 2048 MiB'],
    [1024, 2500, 'a: memory = 2500 is refused: with 1024 CPU units Fargate offers 2048 to 8192 MiB in steps of 1024'],
    [8192, 18_000, 'in steps of 4096'],
    [300, 512, 'a: cpu = 300 is refused: Fargate offers 256, 512'],
  ])('and not %i with %i', (cpu, memory, rule) => {
    expect(() => assertFargateSize('a:memory', cpu, memory)).toThrow(rule);
  });
});
