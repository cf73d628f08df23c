import { ACCOUNT, aNetwork, type Made, SandboxRig } from '../../../test/fakes/sandbox-rig.js';

/** What AWS refuses, and how, in Elastic Load Balancing and WAF. */
let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });

const ELB = `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}`;
const forward = (target: Made) => [{ type: 'forward', targetGroupArn: target.id }];
const NOT_FOUND = [{ type: 'fixed-response', fixedResponse: { contentType: 'text/plain', statusCode: '404' } }];

async function aBalancer(news: Record<string, unknown> = {}) {
  const network = await aNetwork(rig);
  const subnets = network.subnets.map(({ id }) => id);
  const group = await rig.make('group', 'alb', { vpcId: network.vpc.id });
  const balancer = await rig.make('balancer', 'public-alb', { subnets, securityGroups: [group.id], ...news });
  const target = await rig.make('targetGroup', 'web-tg', aTarget(network.vpc));
  return { ...network, group, balancer, target };
}
const aTarget = (vpc: Made) => ({ vpcId: vpc.id, port: 3000, protocol: 'HTTP', targetType: 'ip' });

describe('load balancers', () => {
  it('have the shapes of AWS', async () => {
    const { balancer, vpc, target } = await aBalancer();
    expect(balancer.id).toMatch(new RegExp(`^${ELB}:loadbalancer/app/public-alb-[0-9a-f]{7}/[0-9a-f]{16}$`));
    expect(balancer.outputs).toMatchObject({
      arn: balancer.id,
      arnSuffix: expect.stringMatching(/^app\/public-alb-[0-9a-f]{7}\/[0-9a-f]{16}$/),
      dnsName: expect.stringMatching(/^public-alb-[0-9a-f]{7}-\d{10}\.us-east-1\.elb\.amazonaws\.com$/),
      zoneId: 'Z35SXDOTRQ7X7K',
      vpcId: vpc.id,
      idleTimeout: 60,
      internal: false,
    });
    expect(target.outputs['arnSuffix']).toMatch(/^targetgroup\/web-tg-[0-9a-f]{7}\/[0-9a-f]{16}$/);
    const listener = await rig.make('listener', 'http', {
      loadBalancerArn: balancer.id,
      port: 80,
      defaultActions: NOT_FOUND,
    });
    expect(listener.id).toMatch(new RegExp(`^${ELB}:listener/app/public-alb-[0-9a-f]{7}/[0-9a-f]{16}/[0-9a-f]{16}$`));
  });

  it.each([
    ['internal-alb', 'cannot begin with "internal-"'],
    ['-alb', 'cannot begin or end with a hyphen'],
    ['a'.repeat(33), '1 to 32'],
  ])('may not be called %s', async (name, reason) => {
    expect(await rig.failures('balancer', { name, subnets: ['subnet-1'] })).toEqual([expect.stringContaining(reason)]);
  });

  it('need two zones of one VPC, groups of that VPC, and a way out to face the internet', async () => {
    const { subnet, subnets, group, gateway, vpc } = await aBalancer();
    const both = subnets.map(({ id }) => id);
    const make = (news: object) => rig.make('balancer', 'x', { securityGroups: [group.id], ...news });
    await refused(make({ subnets: [subnet.id] }), 'ValidationError', 'two different Availability Zones');
    const twin = await rig.make('subnet', 'twin', {
      vpcId: vpc.id,
      cidrBlock: '10.0.9.0/24',
      availabilityZone: 'us-east-1a',
    });
    await refused(make({ subnets: [...both, twin.id] }), 'InvalidConfigurationRequest', 'same Availability Zone');
    await refused(make({ subnets: ['subnet-0', subnet.id] }), 'SubnetNotFound', "'subnet-0' is not valid");
    await refused(make({ subnets: both, securityGroups: ['sg-0'] }), 'InvalidSecurityGroup', "'sg-0' does not exist");
    const other = await rig.make('vpc', 'other', { cidrBlock: '10.9.0.0/16' });
    const foreign = await rig.make('group', 'foreign', { vpcId: other.id });
    await refused(
      make({ subnets: both, securityGroups: [foreign.id] }),
      'InvalidConfigurationRequest',
      'security groups',
    );
    await rig.provider.delete(gateway);
    await refused(make({ subnets: both }), 'InvalidSubnet', `VPC ${vpc.id} has no internet gateway`);
    await expect(make({ subnets: both, internal: true })).resolves.toBeDefined();
  });

  it('write access logs only where a bucket lets them', async () => {
    const logs = { accessLogs: { bucket: 'logs', enabled: true } };
    await refused(aBalancer(logs), 'InvalidConfigurationRequest', 'Access Denied for bucket: logs');
  });

  it('are named once, protected when they say so, and hold their network', async () => {
    const { balancer, subnet, subnets, group } = await aBalancer({ enableDeletionProtection: true });
    const name = balancer.inputs['name'];
    const again = { name, subnets: subnets.map(({ id }) => id), internal: true };
    await refused(rig.make('balancer', 'y', again), 'DuplicateLoadBalancerName');
    await refused(rig.provider.delete(balancer), 'OperationNotPermitted', 'deletion protection is enabled');
    await refused(rig.provider.delete(subnet), 'DependencyViolation');
    await refused(rig.provider.delete(group), 'DependencyViolation');
    const open = await rig.update(balancer, { ...balancer.inputs, enableDeletionProtection: false });
    await rig.provider.delete(open);
    await rig.provider.delete(group);
  });

  it.each([
    ['idleTimeout', { idleTimeout: 120 }, []],
    ['internal', { internal: true }, ['internal']],
    ['name', { name: 'other' }, ['name']],
  ])('a change of %s replaces as AWS demands', async (_key, change, replaces) => {
    const { balancer } = await aBalancer();
    const news = { subnets: balancer.inputs['subnets'], securityGroups: balancer.inputs['securityGroups'], ...change };
    expect((await rig.diff(balancer, news)).replaces).toEqual(replaces);
  });
});

describe('listeners and rules', () => {
  it('need their load balancer, target groups and an issued certificate', async () => {
    const { balancer, target } = await aBalancer();
    const http = { loadBalancerArn: balancer.id, port: 80, defaultActions: NOT_FOUND };
    await refused(rig.make('listener', 'l', { ...http, loadBalancerArn: `${balancer.id}0` }), 'LoadBalancerNotFound');
    await refused(
      rig.make('listener', 'l', { ...http, defaultActions: [{ type: 'forward', targetGroupArn: `${target.id}0` }] }),
      'TargetGroupNotFound',
    );
    const https = { ...http, port: 443, protocol: 'HTTPS' };
    await refused(rig.make('listener', 'l', https), 'ValidationError', 'A certificate must be specified');
    await refused(
      rig.make('listener', 'l', { ...https, certificateArn: 'arn:none' }),
      'CertificateNotFound',
      'arn:none',
    );
    const certificate = await rig.make('certificate', 'c', { domainName: 'example.com', validationMethod: 'DNS' });
    await refused(rig.make('listener', 'l', { ...https, certificateArn: certificate.id }), 'UnsupportedCertificate');
    await refused(
      rig.make('listenerRule', 'r', {
        listenerArn: `${ELB}:listener/app/none/0a/0b`,
        actions: NOT_FOUND,
        conditions: [{ pathPattern: { values: ['/x'] } }],
      }),
      'ListenerNotFound',
    );
  });

  it('have a port and a priority of their own', async () => {
    const { balancer } = await aBalancer();
    const http = { loadBalancerArn: balancer.id, port: 80, defaultActions: NOT_FOUND };
    const listener = await rig.make('listener', 'l', http);
    await refused(rig.make('listener', 'm', http), 'DuplicateListener');
    const rule = {
      listenerArn: listener.id,
      priority: 100,
      actions: NOT_FOUND,
      conditions: [{ pathPattern: { values: ['/x'] } }],
    };
    await rig.make('listenerRule', 'r', rule);
    await refused(rig.make('listenerRule', 's', rule), 'PriorityInUse', "Priority '100' is currently in use");
  });

  it('keep a target group to one load balancer, and from being deleted', async () => {
    const { balancer, target, subnets, vpc } = await aBalancer();
    const listener = await rig.make('listener', 'l', {
      loadBalancerArn: balancer.id,
      port: 80,
      defaultActions: forward(target),
    });
    await refused(rig.provider.delete(target), 'ResourceInUse', 'is currently in use by a listener or a rule');
    const second = await rig.make('balancer', 'second', { subnets: subnets.map(({ id }) => id), internal: true });
    await refused(
      rig.make('listener', 'm', { loadBalancerArn: second.id, port: 80, defaultActions: forward(target) }),
      'TargetGroupAssociationLimit',
    );
    const spare = await rig.make('targetGroup', 'spare', aTarget(vpc));
    await rig.update(listener, { ...listener.inputs, defaultActions: forward(spare) });
    await rig.provider.delete(target);
    await rig.provider.delete(balancer); // its listeners go with it
    expect((await rig.inventory({ type: 'aws:lb/listener:Listener' })).map(({ id }) => id)).toEqual([]);
  });

  it.each<[string, 'listener' | 'listenerRule' | 'targetGroup', Record<string, unknown>, string]>([
    ['no action', 'listener', { loadBalancerArn: 'a', defaultActions: [] }, 'at least one action'],
    ['half an action', 'listener', { loadBalancerArn: 'a', defaultActions: [{ type: 'redirect' }] }, 'needs redirect'],
    [
      'six condition values',
      'listenerRule',
      { listenerArn: 'a', actions: NOT_FOUND, conditions: [{ pathPattern: { values: [...'abcdef'] } }] },
      "can only have '5' condition values",
    ],
    ['a target group without port', 'targetGroup', { vpcId: 'vpc-1', protocol: 'HTTP' }, 'port'],
    [
      'a health check slower than its interval',
      'targetGroup',
      { vpcId: 'v', port: 1, protocol: 'HTTP', healthCheck: { interval: 5, timeout: 5 } },
      'must be smaller than the interval',
    ],
  ])('%s is refused before it is asked for', async (_what, type, news, reason) => {
    expect(await rig.failures(type, news)).toEqual([expect.stringContaining(reason)]);
  });
});

describe('web ACLs', () => {
  const visibilityConfig = { metricName: 'm', cloudwatchMetricsEnabled: true, sampledRequestsEnabled: true };
  const rate = (limit: number) => ({
    name: 'rate',
    priority: 1,
    action: { block: {} },
    statement: { rateBasedStatement: { limit, aggregateKeyType: 'IP' } },
    visibilityConfig,
  });
  const group = {
    name: 'common',
    priority: 2,
    overrideAction: { none: {} },
    statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: 'AWSManagedRulesCommonRuleSet' } },
    visibilityConfig,
  };
  const acl = (rules: unknown[], more = {}) => ({
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    visibilityConfig,
    rules,
    ...more,
  });

  it('count their capacity, and stay while something is behind them', async () => {
    const { balancer } = await aBalancer();
    const made = await rig.make('webAcl', 'acl', acl([rate(100), group]));
    expect(made.outputs).toMatchObject({
      arn: `arn:aws:wafv2:us-east-1:${ACCOUNT}:regional/webacl/${String(made.inputs['name'])}/${made.id}`,
      capacity: 702,
    });
    const association = { resourceArn: balancer.id, webAclArn: made.outputs['arn'] };
    const first = await rig.make('webAclAssociation', 'a', association);
    await refused(rig.provider.delete(made), 'WAFAssociatedItemException');
    const other = await rig.make('webAcl', 'other', acl([]));
    await rig.make('webAclAssociation', 'b', { ...association, webAclArn: other.outputs['arn'] }); // takes its place
    await rig.provider.delete(first);
    await rig.provider.delete(made);
    await refused(rig.make('webAclAssociation', 'c', association), 'WAFNonexistentItemException');
  });

  it('are named once, and for CloudFront only in us-east-1', async () => {
    const named = acl([], { name: 'front' });
    await rig.make('webAcl', 'a', named);
    await refused(rig.make('webAcl', 'b', named), 'WAFDuplicateItemException');
    const global = acl([], { scope: 'CLOUDFRONT', region: 'eu-west-1' });
    await refused(rig.make('webAcl', 'c', global), 'WAFInvalidParameterException');
  });

  it.each<[string, unknown[], string]>([
    ['a rate below the least', [rate(9)], 'a rate limit is at least 10'],
    ['a priority twice', [rate(100), { ...group, priority: 1 }], 'each rule priority once'],
    [
      'a group that blocks by itself',
      [{ ...group, overrideAction: undefined, action: { block: {} } }],
      'overrideAction',
    ],
  ])('%s is refused', async (_what, rules, reason) => {
    expect(await rig.failures('webAcl', acl(rules))).toEqual([expect.stringContaining(reason)]);
  });
});
