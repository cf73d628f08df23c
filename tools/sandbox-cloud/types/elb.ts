import { hex, numberFrom } from '../identities.js';
import { flag, length, list, number, object, oneOf, pattern, range, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  type CloudView,
  type GuardContext,
  needText,
  type Place,
  type Reference,
  type ResourceSpec,
  textOf,
  textsOf,
} from '../resource-spec.js';
import { certificateReference } from './acm.js';
import { ec2Reference } from './ec2.js';

const LOAD_BALANCER_TYPE = 'aws:lb/loadBalancer:LoadBalancer';
const LISTENER_TYPE = 'aws:lb/listener:Listener';
const RULE_TYPE = 'aws:lb/listenerRule:ListenerRule';
const TARGET_GROUP_TYPE = 'aws:lb/targetGroup:TargetGroup';

/** Source: "Quotas for your Application Load Balancers" of the ELB user guide, defaults. */
const BALANCERS_PER_REGION = 50;
const TARGET_GROUPS_PER_REGION = 3000;
const LISTENERS_PER_BALANCER = 50;
const RULES_PER_BALANCER = 100;
const VALUES_PER_RULE = 5;

/** Hosted zones of application load balancers. Source: "Elastic Load Balancing endpoints and quotas" of the AWS reference. */
const ZONES: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'Z14GRHDCWA56QT',
  'ap-northeast-2': 'ZWKZPGTI48KDX',
  'ap-northeast-3': 'Z5LXEXXYW11ES',
  'ap-south-1': 'ZP97RAFLXTNZK',
  'ap-southeast-1': 'Z1LMS91P8CMLE5',
  'ap-southeast-2': 'Z1GM3OXH4ZPM65',
  'ca-central-1': 'ZQSVJUPU6J1EY',
  'eu-central-1': 'Z215JYRZR1TBD5',
  'eu-north-1': 'Z23TAZ6LKFMNIO',
  'eu-west-1': 'Z32O12XQLNTSW2',
  'eu-west-2': 'ZHURV8PSTC4K8',
  'eu-west-3': 'Z3Q77PNBQS71R4',
  'sa-east-1': 'Z2P70J7HTTTPLU',
  'us-east-1': 'Z35SXDOTRQ7X7K',
  'us-east-2': 'Z3AADJGX6KTTL2',
  'us-west-1': 'Z368ELLRRE2KJ0',
  'us-west-2': 'Z1H1FL5HABSF5',
};

const NAME = (value: string): string | undefined => {
  if (!/^[0-9A-Za-z-]{1,32}$/.test(value)) return 'expected 1 to 32 of the characters A-Z a-z 0-9 -';
  if (value.startsWith('-') || value.endsWith('-')) return 'name cannot begin or end with a hyphen';
  return value.startsWith('internal-') ? 'name cannot begin with "internal-"' : undefined;
};

const elbArn = ({ region, account }: Place, resource: string): string =>
  `arn:aws:elasticloadbalancing:${region}:${account}:${resource}`;

const FAMILY: Readonly<Record<string, string>> = { application: 'app', network: 'net', gateway: 'gwy' };

export const LOAD_BALANCER: ResourceSpec = {
  type: LOAD_BALANCER_TYPE,
  kind: 'load-balancer',
  taggable: true,
  seconds: { create: 130, update: 5, delete: 20 },
  autoName: { maxLength: 32 },
  inputs: {
    accessLogs: object(),
    clientKeepAlive: number({ default: 3600, check: range(60, 604_800) }),
    connectionLogs: object(),
    customerOwnedIpv4Pool: text({ replaces: true }),
    desyncMitigationMode: text({ default: 'defensive', check: oneOf('monitor', 'defensive', 'strictest') }),
    dnsRecordClientRoutingPolicy: text({ default: 'any_availability_zone' }),
    dropInvalidHeaderFields: flag({ default: false }),
    enableCrossZoneLoadBalancing: flag({ default: false }),
    enableDeletionProtection: flag({ default: false }),
    enableHttp2: flag({ default: true }),
    enablePrefixForIpv6SourceNat: text({ computed: true, check: oneOf('on', 'off') }),
    enableTlsVersionAndCipherSuiteHeaders: flag({ default: false }),
    enableWafFailOpen: flag({ default: false }),
    enableXffClientPort: flag({ default: false }),
    enableZonalShift: flag({ default: false }),
    enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: text({ computed: true, check: oneOf('on', 'off') }),
    healthCheckLogs: object(),
    idleTimeout: number({ default: 60, check: range(1, 4000) }),
    internal: flag({ computed: true, replaces: true }),
    ipAddressType: text({ computed: true, check: oneOf('ipv4', 'dualstack', 'dualstack-without-public-ipv4') }),
    ipamPools: object(),
    loadBalancerType: text({
      default: 'application',
      replaces: true,
      check: oneOf('application', 'network', 'gateway'),
    }),
    minimumLoadBalancerCapacity: object(),
    name: text({ computed: true, replaces: true, check: NAME }),
    namePrefix: text({ computed: true, replaces: true, check: length(1, 6) }),
    preserveHostHeader: flag({ default: false }),
    secondaryIpsAutoAssignedPerSubnet: number({ computed: true }),
    securityGroups: setOf({ computed: true }),
    subnetMappings: setOf({ computed: true }),
    subnets: setOf({ computed: true }),
    xffHeaderProcessingMode: text({ default: 'append', check: oneOf('append', 'preserve', 'remove') }),
  },
  outputs: ['arn', 'arnSuffix', 'dnsName', 'vpcId', 'zoneId'],
  validate: ({ subnets, subnetMappings }) =>
    (subnets === undefined) === (subnetMappings === undefined)
      ? [{ property: 'subnets', reason: 'exactly one of subnets, subnetMappings must be specified' }]
      : [],
  id: (context) => elbArn(context, `loadbalancer/${pathOf(context)}`),
  arn: ({ id }) => id,
  compute: ({ inputs, refs, id, region, seed }) => {
    const name = needText(inputs, 'name');
    const stem = `${inputs.internal === true ? 'internal-' : ''}${name}-${1_000_000_000 + numberFrom(`${seed}|dns`, 999_999_999)}`;
    return {
      arnSuffix: suffixOf(id, 'loadbalancer'),
      dnsName: `${stem}.${region}.elb.amazonaws.com`,
      enablePrefixForIpv6SourceNat: inputs.enablePrefixForIpv6SourceNat ?? '',
      enforceSecurityGroupInboundRulesOnPrivateLinkTraffic:
        inputs.enforceSecurityGroupInboundRulesOnPrivateLinkTraffic ?? '',
      internal: inputs.internal ?? false,
      ipAddressType: inputs.ipAddressType ?? 'ipv4',
      namePrefix: inputs.namePrefix ?? '',
      secondaryIpsAutoAssignedPerSubnet: inputs.secondaryIpsAutoAssignedPerSubnet ?? 0,
      securityGroups: inputs.securityGroups ?? [String(refs['subnet0']?.properties.defaultSecurityGroupId ?? '')],
      subnetMappings: inputs.subnetMappings ?? subnetIdsOf(inputs).map((subnetId) => ({ subnetId })),
      subnets: subnetIdsOf(inputs),
      vpcId: refs['subnet0']?.inputs.vpcId ?? '',
      zoneId: ZONES[region] ?? `Z${hex(region, 13).toUpperCase()}`,
    };
  },
  references: (inputs, { region }) => ({
    ...numbered(
      'subnet',
      subnetIdsOf(inputs).map((id) => ({
        ...ec2Reference('subnet', region, id, 'refuse')!,
        missing: new CloudError('SubnetNotFound', `The subnet ID '${id}' is not valid`),
      })),
    ),
    ...numbered(
      'group',
      textsOf(inputs.securityGroups).map((id) => ({
        ...ec2Reference('sg', region, id, 'refuse')!,
        missing: new CloudError('InvalidSecurityGroup', `The security group '${id}' does not exist`),
      })),
    ),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'load-balancer-name', String(inputs.name)),
      taken: () =>
        new CloudError('DuplicateLoadBalancerName', `ELBv2 Load Balancer (${String(inputs.name)}) already exists`),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: BALANCERS_PER_REGION,
      query: { type: LOAD_BALANCER_TYPE, region },
      error: new CloudError('TooManyLoadBalancers', 'The maximum number of load balancers has been reached'),
    },
  ],
  guard: async (context) => {
    assertSubnets(context);
    await assertWayOut(context);
    await assertLogsBucket(context);
  },
  guardDelete: ({ inputs, arn }) => {
    if (inputs.enableDeletionProtection !== true) return Promise.resolve();
    throw new CloudError(
      'OperationNotPermitted',
      `Load balancer '${arn}' cannot be deleted because deletion protection is enabled`,
    );
  },
  notFound: (arn) => new CloudError('LoadBalancerNotFound', `Load balancer '${arn}' not found`),
};

const PROTOCOLS = ['GENEVE', 'HTTP', 'HTTPS', 'QUIC', 'TCP', 'TCP_QUIC', 'TCP_UDP', 'TLS', 'UDP'] as const;

export const TARGET_GROUP: ResourceSpec = {
  type: TARGET_GROUP_TYPE,
  kind: 'target-group',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 32 },
  inputs: {
    connectionTermination: flag({ computed: true }),
    deregistrationDelay: number({ default: 300, check: range(0, 3600) }),
    healthCheck: object({ computed: true, check: healthCheckProblem }),
    ipAddressType: text({ computed: true, replaces: true, check: oneOf('ipv4', 'ipv6') }),
    lambdaMultiValueHeadersEnabled: flag({ default: false }),
    loadBalancingAlgorithmType: text({
      computed: true,
      check: oneOf('round_robin', 'least_outstanding_requests', 'weighted_random'),
    }),
    loadBalancingAnomalyMitigation: text({ computed: true, check: oneOf('on', 'off') }),
    loadBalancingCrossZoneEnabled: text({
      computed: true,
      check: oneOf('true', 'false', 'use_load_balancer_configuration'),
    }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^(?!-)[0-9A-Za-z-]{1,32}(?<!-)$/, 'expected 1 to 32 of the characters A-Z a-z 0-9 -'),
    }),
    namePrefix: text({ computed: true, replaces: true, check: length(1, 6) }),
    port: number({ replaces: true, check: range(1, 65_535) }),
    preserveClientIp: text({ computed: true }),
    protocol: text({ replaces: true, check: oneOf(...PROTOCOLS) }),
    protocolVersion: text({ computed: true, replaces: true, check: oneOf('HTTP1', 'HTTP2', 'GRPC') }),
    proxyProtocolV2: flag({ default: false }),
    slowStart: number({ default: 0 }),
    stickiness: object({ computed: true }),
    targetControlPort: number({ replaces: true }),
    targetFailovers: list({ computed: true }),
    targetGroupHealth: object({ computed: true }),
    targetHealthStates: list({ computed: true }),
    targetType: text({ default: 'instance', replaces: true, check: oneOf('instance', 'ip', 'lambda', 'alb') }),
    vpcId: text({ replaces: true }),
  },
  outputs: ['arn', 'arnSuffix', 'loadBalancerArns'],
  validate: targetGroupFailures,
  id: (context) => elbArn(context, `targetgroup/${needText(context.inputs, 'name')}/${hex(context.seed, 16)}`),
  arn: ({ id }) => id,
  compute: ({ inputs, id, previous }) => ({
    arnSuffix: suffixOf(id, ''),
    connectionTermination: inputs.connectionTermination ?? false,
    healthCheck: {
      enabled: true,
      healthyThreshold: 3,
      interval: 30,
      matcher: '200',
      path: '/',
      port: 'traffic-port',
      protocol: 'HTTP',
      timeout: 5,
      unhealthyThreshold: 3,
      ...(inputs.healthCheck as Properties | undefined),
    },
    ipAddressType: inputs.ipAddressType ?? 'ipv4',
    loadBalancerArns: previous?.loadBalancerArns ?? [],
    loadBalancingAlgorithmType: inputs.loadBalancingAlgorithmType ?? 'round_robin',
    loadBalancingAnomalyMitigation: inputs.loadBalancingAnomalyMitigation ?? 'off',
    loadBalancingCrossZoneEnabled: inputs.loadBalancingCrossZoneEnabled ?? 'use_load_balancer_configuration',
    namePrefix: inputs.namePrefix ?? '',
    preserveClientIp: inputs.preserveClientIp ?? '',
    protocolVersion: inputs.protocolVersion ?? (/^HTTPS?$/.test(String(inputs.protocol)) ? 'HTTP1' : ''),
    stickiness: inputs.stickiness ?? { cookieDuration: 86_400, cookieName: '', enabled: false, type: 'lb_cookie' },
    targetFailovers: inputs.targetFailovers ?? [],
    targetGroupHealth: inputs.targetGroupHealth ?? {
      dnsFailover: { minimumHealthyTargetsCount: '1', minimumHealthyTargetsPercentage: 'off' },
      unhealthyStateRouting: { minimumHealthyTargetsCount: 1, minimumHealthyTargetsPercentage: 'off' },
    },
    targetHealthStates: inputs.targetHealthStates ?? [],
  }),
  references: ({ vpcId }, { region }) => ({ vpc: ec2Reference('vpc', region, vpcId, 'ignore') }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'target-group-name', String(inputs.name)),
      taken: () =>
        new CloudError('DuplicateTargetGroupName', `ELBv2 Target Group (${String(inputs.name)}) already exists`),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: TARGET_GROUPS_PER_REGION,
      query: { type: TARGET_GROUP_TYPE, region },
      error: new CloudError('TooManyTargetGroups', 'The maximum number of target groups has been reached'),
    },
  ],
  notFound: (arn) => noTargetGroup(arn),
  inUse: ({ arn }) =>
    new CloudError('ResourceInUse', `Target group '${arn}' is currently in use by a listener or a rule`),
};

export const LISTENER: ResourceSpec = {
  type: LISTENER_TYPE,
  kind: 'listener',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    alpnPolicy: text(),
    certificateArn: text(),
    defaultActions: list({ required: true, check: actionsProblem }),
    loadBalancerArn: text({ required: true, replaces: true }),
    mutualAuthentication: object({ computed: true }),
    port: number({ check: range(1, 65_535) }),
    protocol: text({ computed: true, check: oneOf(...PROTOCOLS) }),
    routingHttpRequestXAmznMtlsClientcertHeaderName: text({ computed: true }),
    routingHttpRequestXAmznMtlsClientcertIssuerHeaderName: text({ computed: true }),
    routingHttpRequestXAmznMtlsClientcertLeafHeaderName: text({ computed: true }),
    routingHttpRequestXAmznMtlsClientcertSerialNumberHeaderName: text({ computed: true }),
    routingHttpRequestXAmznMtlsClientcertSubjectHeaderName: text({ computed: true }),
    routingHttpRequestXAmznMtlsClientcertValidityHeaderName: text({ computed: true }),
    routingHttpRequestXAmznTlsCipherSuiteHeaderName: text({ computed: true }),
    routingHttpRequestXAmznTlsVersionHeaderName: text({ computed: true }),
    routingHttpResponseAccessControlAllowCredentialsHeaderValue: text({ computed: true }),
    routingHttpResponseAccessControlAllowHeadersHeaderValue: text({ computed: true }),
    routingHttpResponseAccessControlAllowMethodsHeaderValue: text({ computed: true }),
    routingHttpResponseAccessControlAllowOriginHeaderValue: text({ computed: true }),
    routingHttpResponseAccessControlExposeHeadersHeaderValue: text({ computed: true }),
    routingHttpResponseAccessControlMaxAgeHeaderValue: text({ computed: true }),
    routingHttpResponseContentSecurityPolicyHeaderValue: text({ computed: true }),
    routingHttpResponseServerEnabled: flag({ computed: true }),
    routingHttpResponseStrictTransportSecurityHeaderValue: text({ computed: true }),
    routingHttpResponseXContentTypeOptionsHeaderValue: text({ computed: true }),
    routingHttpResponseXFrameOptionsHeaderValue: text({ computed: true }),
    sslPolicy: text({ computed: true }),
    tcpIdleTimeoutSeconds: number({ computed: true }),
  },
  outputs: ['arn'],
  id: ({ inputs, seed }) =>
    `${needText(inputs, 'loadBalancerArn').replace(':loadbalancer/', ':listener/')}/${hex(seed, 16)}`,
  arn: ({ id }) => id,
  compute: ({ inputs }) => {
    const protocol = inputs.protocol ?? 'HTTP';
    return {
      mutualAuthentication: inputs.mutualAuthentication ?? {},
      protocol,
      routingHttpResponseServerEnabled: inputs.routingHttpResponseServerEnabled ?? true,
      ...Object.fromEntries(
        Object.keys(LISTENER.inputs)
          .filter((key) => /^routingHttp\w+(Name|Value)$/.test(key))
          .map((key) => [key, inputs[key] ?? '']),
      ),
      sslPolicy: inputs.sslPolicy ?? (protocol === 'HTTPS' ? 'ELBSecurityPolicy-2016-08' : ''),
      tcpIdleTimeoutSeconds: inputs.tcpIdleTimeoutSeconds ?? 0,
    };
  },
  references: ({ loadBalancerArn, certificateArn, defaultActions }, { region }) => ({
    loadBalancer: loadBalancerReference(loadBalancerArn, region, 'cascade'),
    certificate: certificateOf(certificateArn, region),
    ...numbered('target', targetsOf(defaultActions, region)),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'listener-port', `${String(inputs.loadBalancerArn)}|${String(inputs.port)}`),
      taken: () =>
        new CloudError(
          'DuplicateListener',
          `A listener already exists on this port for this load balancer '${String(inputs.loadBalancerArn)}'`,
        ),
    },
  ],
  quotas: ({ loadBalancerArn }, { region }) => [
    {
      limit: LISTENERS_PER_BALANCER,
      query: { type: LISTENER_TYPE, region, ref: claimOf(region, 'load-balancer', String(loadBalancerArn)) },
      error: new CloudError('TooManyListeners', 'The maximum number of listeners has been reached'),
    },
  ],
  guard: async (context) => {
    const { inputs, refs } = context;
    if (inputs.protocol === 'HTTPS' && !textOf(inputs.certificateArn)) {
      throw new CloudError('ValidationError', 'A certificate must be specified for HTTPS listeners');
    }
    if (refs['certificate'] && refs['certificate'].properties.status !== 'ISSUED') {
      throw new CloudError(
        'UnsupportedCertificate',
        `The certificate '${refs['certificate'].arn}' must have a fully-qualified domain name, a supported signature, and a supported key size.`,
      );
    }
    await assertOneBalancer(context, needText(inputs, 'loadBalancerArn'));
  },
  notFound: (arn) => noListener(arn),
};

export const LISTENER_RULE: ResourceSpec = {
  type: RULE_TYPE,
  kind: 'listener-rule',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    actions: list({ required: true, check: actionsProblem }),
    conditions: setOf({ required: true, check: conditionsProblem }),
    listenerArn: text({ required: true, replaces: true }),
    priority: number({ computed: true, check: range(1, 50_000) }),
    transforms: setOf(),
  },
  outputs: ['arn'],
  id: ({ inputs, seed }) =>
    `${needText(inputs, 'listenerArn').replace(':listener/', ':listener-rule/')}/${hex(seed, 16)}`,
  arn: ({ id }) => id,
  compute: ({ inputs, previous, seed }) => ({
    priority: inputs.priority ?? previous?.priority ?? 1 + numberFrom(`${seed}|priority`, 49_999),
  }),
  references: ({ listenerArn, actions }, { region }) => ({
    listener: listenerReference(listenerArn, region, 'cascade'),
    ...numbered('target', targetsOf(actions, region)),
  }),
  claims: ({ inputs, region }) =>
    inputs.priority === undefined
      ? []
      : [
          {
            value: claimOf(region, 'rule-priority', `${String(inputs.listenerArn)}|${String(inputs.priority)}`),
            taken: () => new CloudError('PriorityInUse', `Priority '${String(inputs.priority)}' is currently in use`),
          },
        ],
  quotas: ({ listenerArn }, { region }) => [
    {
      limit: RULES_PER_BALANCER,
      query: { type: RULE_TYPE, region, ref: claimOf(region, 'listener', String(listenerArn)) },
      error: new CloudError('TooManyRules', 'The maximum number of rules has been reached'),
    },
  ],
  guard: (context) => assertOneBalancer(context, balancerOfListener(needText(context.inputs, 'listenerArn'))),
  notFound: () => new CloudError('RuleNotFound', 'One or more rules not found'),
};

export function loadBalancerReference(
  arn: unknown,
  region: string,
  onDelete: Reference['onDelete'],
): Reference | undefined {
  const value = textOf(arn);
  return value === undefined
    ? undefined
    : { claim: claimOf(region, 'load-balancer', value), onDelete, missing: LOAD_BALANCER.notFound(value) };
}

export function listenerReference(
  arn: unknown,
  region: string,
  onDelete: Reference['onDelete'],
): Reference | undefined {
  const value = textOf(arn);
  return value === undefined
    ? undefined
    : { claim: claimOf(region, 'listener', value), onDelete, missing: noListener(value) };
}

export function targetGroupReference(
  arn: unknown,
  region: string,
  onDelete: Reference['onDelete'],
  missing?: CloudError,
): Reference | undefined {
  const value = textOf(arn);
  return value === undefined
    ? undefined
    : { claim: claimOf(region, 'target-group', value), onDelete, missing: missing ?? noTargetGroup(value) };
}

/** ARNs of the load balancers whose listeners or rules send requests to the target group. */
export async function balancersOf(cloud: CloudView, targetGroupArn: string, region: string): Promise<string[]> {
  const ref = claimOf(region, 'target-group', targetGroupArn);
  const [listeners, rules] = await Promise.all([
    cloud.find({ type: LISTENER_TYPE, region, ref }),
    cloud.find({ type: RULE_TYPE, region, ref }),
  ]);
  return [
    ...new Set([
      ...listeners.map(({ inputs }) => String(inputs.loadBalancerArn)),
      ...rules.map(({ inputs }) => balancerOfListener(String(inputs.listenerArn))),
    ]),
  ];
}

function balancerOfListener(listenerArn: string): string {
  return listenerArn.replace(':listener/', ':loadbalancer/').replace(/\/[0-9a-f]+$/, '');
}

function pathOf({ inputs, seed }: { inputs: Properties; seed: string }): string {
  return `${FAMILY[String(inputs.loadBalancerType)] ?? 'app'}/${needText(inputs, 'name')}/${hex(seed, 16)}`;
}

/** What metrics call the resource: the ARN from its kind on, or after `prefix/`. */
function suffixOf(arn: string, prefix: string): string {
  const resource = arn.split(':').pop() ?? '';
  return prefix ? resource.slice(prefix.length + 1) : resource;
}

function subnetIdsOf({ subnets, subnetMappings }: Properties): string[] {
  const mapped = ((subnetMappings ?? []) as Properties[]).map(({ subnetId }) => String(subnetId));
  return subnets === undefined ? mapped : textsOf(subnets);
}

function numbered(stem: string, references: readonly Reference[]): Record<string, Reference> {
  return Object.fromEntries(references.map((reference, i) => [`${stem}${i}`, reference]));
}

/** Target groups of forwarding actions, in either spelling. */
function targetsOf(actions: unknown, region: string): Reference[] {
  const arns = ((actions ?? []) as Properties[]).flatMap((action) => {
    const groups = ((action.forward as Properties | undefined)?.targetGroups ?? []) as Properties[];
    return [action.targetGroupArn, ...groups.map(({ arn }) => arn)];
  });
  return [...new Set(arns)].flatMap((arn) => targetGroupReference(arn, region, 'refuse') ?? []);
}

function certificateOf(arn: unknown, region: string): Reference | undefined {
  const reference = certificateReference(arn, region, 'refuse');
  return (
    reference && {
      ...reference,
      missing: new CloudError('CertificateNotFound', `Certificate '${String(arn)}' not found`),
    }
  );
}

function assertSubnets({ inputs, refs }: GuardContext): void {
  if (inputs.loadBalancerType !== 'application') return;
  const subnets = Object.entries(refs).flatMap(([key, ref]) => (key.startsWith('subnet') && ref ? [ref] : []));
  const zones = subnets.map(({ properties }) => String(properties.availabilityZone));
  if (new Set(zones).size < zones.length) {
    throw new CloudError(
      'InvalidConfigurationRequest',
      'A load balancer cannot be attached to multiple subnets in the same Availability Zone',
    );
  }
  if (zones.length < 2) {
    throw new CloudError(
      'ValidationError',
      'At least two subnets in two different Availability Zones must be specified',
    );
  }
  const vpc = subnets[0]?.inputs.vpcId;
  const groups = Object.entries(refs).flatMap(([key, ref]) => (key.startsWith('group') && ref ? [ref] : []));
  if (subnets.some(({ inputs: { vpcId } }) => vpcId !== vpc)) {
    throw new CloudError('InvalidConfigurationRequest', 'All subnets must belong to the same VPC');
  }
  if (groups.some(({ inputs: { vpcId } }) => vpcId !== undefined && vpcId !== vpc)) {
    throw new CloudError('InvalidConfigurationRequest', 'One or more security groups are invalid');
  }
}

async function assertWayOut({ inputs, refs, region, cloud }: GuardContext): Promise<void> {
  const vpc = textOf(refs['subnet0']?.inputs.vpcId);
  if (inputs.internal === true || !vpc) return;
  if ((await cloud.findByClaims([claimOf(region, 'igw-of-vpc', vpc)])).length === 0) {
    throw new CloudError('InvalidSubnet', `VPC ${vpc} has no internet gateway`);
  }
}

/** Elastic Load Balancing writes a test object when logs are turned on. */
async function assertLogsBucket({ inputs, cloud }: GuardContext): Promise<void> {
  const logs = inputs.accessLogs as Properties | undefined;
  const bucket = textOf(logs?.bucket);
  if (!bucket || logs?.enabled !== true) return;
  const policies = await cloud.find({ type: 'aws:s3/bucketPolicy:BucketPolicy' });
  const isAllowed = policies.some(
    ({ inputs: policy }) => policy.bucket === bucket && String(policy.policy).includes('s3:PutObject'),
  );
  if (!isAllowed) {
    throw new CloudError(
      'InvalidConfigurationRequest',
      `Access Denied for bucket: ${bucket}. Please check S3bucket permission`,
    );
  }
}

/** A target group serves one load balancer. */
async function assertOneBalancer({ refs, region, cloud }: GuardContext, balancerArn: string): Promise<void> {
  for (const [key, target] of Object.entries(refs)) {
    if (!key.startsWith('target') || !target) continue;
    const others = (await balancersOf(cloud, target.id, region)).filter((arn) => arn !== balancerArn);
    if (others.length > 0) {
      throw new CloudError(
        'TargetGroupAssociationLimit',
        `The following target groups cannot be associated with more than one load balancer: ${target.id}`,
      );
    }
  }
}

function healthCheckProblem(check: Properties): string | undefined {
  const { interval = 30, timeout = 5, healthyThreshold = 3, unhealthyThreshold = 3 } = check as Record<string, number>;
  return (
    range(5, 300)(interval) ??
    range(2, 120)(timeout) ??
    range(2, 10)(healthyThreshold) ??
    range(2, 10)(unhealthyThreshold) ??
    (timeout >= interval ? `health check timeout ${timeout} must be smaller than the interval ${interval}` : undefined)
  );
}

function targetGroupFailures(inputs: Properties): CheckFailure[] {
  if (inputs.targetType === 'lambda') return [];
  return ['port', 'protocol', 'vpcId'].flatMap((property) =>
    inputs[property] === undefined
      ? [{ property, reason: `"${property}" should be set when target type is ${String(inputs.targetType)}` }]
      : [],
  );
}

const ACTION_NEEDS: Readonly<Record<string, readonly string[]>> = {
  forward: ['targetGroupArn', 'forward'],
  redirect: ['redirect'],
  'fixed-response': ['fixedResponse'],
  'authenticate-cognito': ['authenticateCognito'],
  'authenticate-oidc': ['authenticateOidc'],
  'jwt-validation': ['jwtValidation'],
};

function actionsProblem(actions: unknown[]): string | undefined {
  if (actions.length === 0) return 'at least one action is required';
  for (const action of actions as Properties[]) {
    const needed = ACTION_NEEDS[String(action.type)];
    if (!needed)
      return `expected an action type of ${Object.keys(ACTION_NEEDS).join(', ')}, got ${String(action.type)}`;
    if (!needed.some((key) => action[key] !== undefined))
      return `an action ${String(action.type)} needs ${needed.join(' or ')}`;
  }
  return undefined;
}

function conditionsProblem(conditions: unknown[]): string | undefined {
  const values = (conditions as Properties[]).flatMap((condition) =>
    Object.values(condition).flatMap((one) => ((one as Properties | undefined)?.values ?? []) as unknown[]),
  );
  if (conditions.length === 0) return 'at least one condition is required';
  return values.length > VALUES_PER_RULE ? `A rule can only have '${VALUES_PER_RULE}' condition values` : undefined;
}

function noTargetGroup(arn: string): CloudError {
  return new CloudError('TargetGroupNotFound', `Target groups '${arn}' not found`);
}

function noListener(arn: string): CloudError {
  return new CloudError('ListenerNotFound', `Listener '${arn}' not found`);
}
