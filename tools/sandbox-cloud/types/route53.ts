import { numberFrom, upperAlphanumeric, uuid } from '../identities.js';
import { flag, length, list, map, number, object, oneOf, range, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  type GuardContext,
  needText,
  type Reference,
  type ResourceSpec,
  textOf,
  textsOf,
} from '../resource-spec.js';
import { ec2Reference } from './ec2.js';

const GLOBAL = 'global';

/** Source of quotas: "Quotas" of the Route 53 developer guide, defaults. */
const ZONES_PER_ACCOUNT = 500;
const RECORDS_PER_ZONE = 10_000;
const CHECKS_PER_ACCOUNT = 200;

const isDomain = (value: string): string | undefined =>
  value.length <= 255 && /^([a-zA-Z0-9_*-]{1,63}\.)*[a-zA-Z0-9_-]{1,63}\.?$/.test(value)
    ? undefined
    : `"${value}" is not a valid domain name`;

export const ZONE: ResourceSpec = {
  type: 'aws:route53/zone:Zone',
  kind: 'zone',
  global: true,
  taggable: true,
  seconds: { create: 40, update: 1, delete: 1 },
  autoName: { maxLength: 255 },
  inputs: {
    comment: text({ default: 'Managed by Pulumi', check: length(0, 256) }),
    delegationSetId: text({ replaces: true }),
    enableAcceleratedRecovery: flag(),
    forceDestroy: flag({ default: false }),
    name: text({ computed: true, replaces: true, check: isDomain }),
    vpcs: setOf(),
  },
  outputs: ['arn', 'nameServers', 'primaryNameServer', 'zoneId'],
  id: ({ seed }) => `Z${upperAlphanumeric(seed, 20)}`,
  arn: ({ id }) => `arn:aws:route53:::hostedzone/${id}`,
  compute: ({ inputs, id, seed }) => {
    const nameServers = isPrivate(inputs) ? [] : nameServersOf(seed);
    return {
      enableAcceleratedRecovery: inputs.enableAcceleratedRecovery ?? false,
      name: withoutDot(needText(inputs, 'name')),
      nameServers,
      primaryNameServer: nameServers[0] ?? '',
      zoneId: id,
    };
  },
  references: ({ vpcs }, _place) =>
    Object.fromEntries(
      (Array.isArray(vpcs) ? (vpcs as Properties[]) : []).map((vpc, i) => [
        `vpcs[${i}]`,
        textOf(vpc.vpcRegion) ? ec2Reference('vpc', String(vpc.vpcRegion), vpc.vpcId, 'refuse') : undefined,
      ]),
    ),
  quotas: () => [
    {
      limit: ZONES_PER_ACCOUNT,
      query: { type: 'aws:route53/zone:Zone' },
      error: new CloudError(
        'TooManyHostedZones',
        'Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones.',
      ),
    },
  ],
  isForced: ({ forceDestroy }) => forceDestroy === true,
  notFound: noZone,
  inUse: () =>
    new CloudError(
      'HostedZoneNotEmpty',
      'The specified hosted zone contains non-required resource record sets and so cannot be deleted.',
    ),
};

const RECORD_TYPES = [
  'A',
  'AAAA',
  'CAA',
  'CNAME',
  'DS',
  'HTTPS',
  'MX',
  'NAPTR',
  'NS',
  'PTR',
  'SOA',
  'SPF',
  'SRV',
  'SSHFP',
  'SVCB',
  'TLSA',
  'TXT',
];
const POLICIES = [
  'cidrRoutingPolicy',
  'failoverRoutingPolicies',
  'geolocationRoutingPolicies',
  'geoproximityRoutingPolicy',
  'latencyRoutingPolicies',
  'multivalueAnswerRoutingPolicy',
  'weightedRoutingPolicies',
];

export const RECORD: ResourceSpec = {
  type: 'aws:route53/record:Record',
  kind: 'record',
  global: true,
  seconds: { create: 35, update: 35, delete: 35 },
  inputs: {
    aliases: list(),
    allowOverwrite: flag({ computed: true }),
    cidrRoutingPolicy: object(),
    failoverRoutingPolicies: list(),
    geolocationRoutingPolicies: list(),
    geoproximityRoutingPolicy: object(),
    healthCheckId: text(),
    latencyRoutingPolicies: list(),
    multivalueAnswerRoutingPolicy: flag(),
    name: text({ required: true, replaces: true, check: isDomain }),
    records: setOf(),
    setIdentifier: text({ replaces: true }),
    ttl: number({ check: range(0, 2_147_483_647) }),
    type: text({ required: true, replaces: true, check: oneOf(...RECORD_TYPES) }),
    weightedRoutingPolicies: list(),
    zoneId: text({ required: true, replaces: true }),
  },
  outputs: ['fqdn'],
  validate: recordFailures,
  // The zone's own name is not known to the arguments: it is part of the id only as far as the program wrote it.
  id: ({ inputs }) =>
    [needText(inputs, 'zoneId'), nameOf(inputs), needText(inputs, 'type'), textOf(inputs.setIdentifier)]
      .filter((part) => part !== undefined)
      .join('_'),
  compute: ({ inputs, refs }) => ({
    allowOverwrite: inputs.allowOverwrite ?? false,
    fqdn: fqdnOf(inputs, refs.zone?.properties),
    name: nameOf(inputs),
  }),
  references: ({ zoneId, healthCheckId }): Record<string, Reference | undefined> => ({
    zone: zoneReference(zoneId),
    healthCheck: textOf(healthCheckId)
      ? {
          claim: claimOf(GLOBAL, 'health-check', String(healthCheckId)),
          onDelete: 'ignore',
          missing: new CloudError(
            'InvalidChangeBatch',
            `[Invalid request: the health check ${String(healthCheckId)} does not exist]`,
          ),
        }
      : undefined,
  }),
  claims: ({ inputs, refs }) => {
    const fqdn = fqdnOf(inputs, refs.zone?.properties);
    const value = claimOf(
      GLOBAL,
      'record-set',
      [inputs.zoneId, fqdn, inputs.type, inputs.setIdentifier ?? ''].map(String).join('|'),
    );
    const taken = (): CloudError =>
      invalidChange(
        `Tried to create resource record set [name='${fqdn}.', type='${String(inputs.type)}'] but it already exists`,
      );
    return [{ value, taken, overwrites: inputs.allowOverwrite === true }];
  },
  quotas: ({ zoneId }) => [
    {
      limit: RECORDS_PER_ZONE,
      query: { type: 'aws:route53/record:Record', ref: claimOf(GLOBAL, 'zone', String(zoneId)) },
      error: invalidChange(`Number of records limit of ${RECORDS_PER_ZONE} exceeded.`),
    },
  ],
  guard: assertRecordFits,
  notFound: (id) => invalidChange(`Tried to change resource record set [${id}] but it was not found`),
};

const CHECK_TYPES = [
  'HTTP',
  'HTTPS',
  'HTTP_STR_MATCH',
  'HTTPS_STR_MATCH',
  'TCP',
  'CALCULATED',
  'CLOUDWATCH_METRIC',
  'RECOVERY_CONTROL',
];
const CHECKER_REGIONS = [
  'ap-northeast-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'eu-west-1',
  'sa-east-1',
  'us-east-1',
  'us-west-1',
  'us-west-2',
];
const MIN_CHECKER_REGIONS = 3;

export const HEALTH_CHECK: ResourceSpec = {
  type: 'aws:route53/healthCheck:HealthCheck',
  kind: 'health-check',
  global: true,
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    childHealthThreshold: number({ check: range(0, 256) }),
    childHealthchecks: setOf(),
    cloudwatchAlarmName: text(),
    cloudwatchAlarmRegion: text(),
    disabled: flag({ default: false }),
    enableSni: flag({ computed: true }),
    failureThreshold: number({ computed: true, check: range(1, 10) }),
    fqdn: text({ check: length(0, 255) }),
    insufficientDataHealthStatus: text({ check: oneOf('Healthy', 'Unhealthy', 'LastKnownStatus') }),
    invertHealthcheck: flag({ default: false }),
    ipAddress: text(),
    measureLatency: flag({ default: false, replaces: true }),
    port: number({ check: range(1, 65_535) }),
    referenceName: text({ replaces: true, check: length(0, 27) }),
    regions: setOf({ check: checkerRegions }),
    requestInterval: number({ replaces: true, check: oneOf(10, 30) }),
    resourcePath: text({ check: length(0, 255) }),
    routingControlArn: text({ replaces: true }),
    searchString: text({ check: length(0, 255) }),
    triggers: map(),
    type: text({ required: true, replaces: true, check: oneOf(...CHECK_TYPES) }),
  },
  outputs: ['arn'],
  validate: (inputs) => {
    const isEndpoint = /^(HTTP|HTTPS|HTTP_STR_MATCH|HTTPS_STR_MATCH|TCP)$/.test(String(inputs.type));
    return isEndpoint && inputs.fqdn === undefined && inputs.ipAddress === undefined
      ? [{ property: 'fqdn', reason: 'one of fqdn, ipAddress must be specified' }]
      : [];
  },
  id: ({ seed }) => uuid(seed),
  arn: ({ id }) => `arn:aws:route53:::healthcheck/${id}`,
  compute: ({ inputs }) => ({
    enableSni: inputs.enableSni ?? /^HTTPS/.test(String(inputs.type)),
    failureThreshold: inputs.failureThreshold ?? 3,
  }),
  quotas: () => [
    {
      limit: CHECKS_PER_ACCOUNT,
      query: { type: 'aws:route53/healthCheck:HealthCheck' },
      error: new CloudError('TooManyHealthChecks', 'Limits Exceeded: MAX_HEALTH_CHECKS_BY_OWNER'),
    },
  ],
  notFound: (id) => new CloudError('NoSuchHealthCheck', `No health check exists with the specified id ${id}.`),
};

export function zoneReference(zoneId: unknown): Reference | undefined {
  const id = textOf(zoneId)?.replace(/^\/hostedzone\//, '');
  return id === undefined ? undefined : { claim: claimOf(GLOBAL, 'zone', id), onDelete: 'refuse', missing: noZone(id) };
}

function noZone(id: string): CloudError {
  return new CloudError('NoSuchHostedZone', `No hosted zone found with ID: ${id}`);
}

function invalidChange(message: string): CloudError {
  return new CloudError('InvalidChangeBatch', `[${message}]`);
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '').toLowerCase();
}

function isPrivate(inputs: Properties): boolean {
  return Array.isArray(inputs.vpcs) && inputs.vpcs.length > 0;
}

/** Four servers under four top-level domains, each pool numbered as Route 53 numbers it. */
function nameServersOf(seed: string): string[] {
  return ['co.uk', 'com', 'net', 'org']
    .map((top, i) => {
      const pool = { com: 0, net: 1, org: 2, 'co.uk': 3 }[top] ?? i;
      const server = pool * 512 + numberFrom(`${seed}|${top}`, 512);
      return `ns-${server}.awsdns-${String(numberFrom(`${seed}|${top}|awsdns`, 64)).padStart(2, '0')}.${top}`;
    })
    .sort();
}

function nameOf(inputs: Properties): string {
  return withoutDot(needText(inputs, 'name'));
}

/** A name outside the zone is relative to it, as the real provider reads it. */
function fqdnOf(inputs: Properties, zone: Properties | undefined): string {
  const name = nameOf(inputs);
  const zoneName = textOf(zone?.name);
  return !zoneName || name === zoneName || name.endsWith(`.${zoneName}`) ? name : `${name}.${zoneName}`;
}

function recordFailures(inputs: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  if (inputs.records === undefined && inputs.aliases === undefined) {
    failures.push({ property: 'records', reason: 'one of records, aliases must be specified' });
  }
  if (inputs.records !== undefined && inputs.aliases !== undefined) {
    failures.push({ property: 'aliases', reason: 'only one of records, aliases can be specified' });
  }
  if (inputs.records !== undefined && inputs.ttl === undefined) {
    failures.push({ property: 'ttl', reason: '"ttl" is required with "records"' });
  }
  if (POLICIES.some((policy) => inputs[policy] !== undefined) && inputs.setIdentifier === undefined) {
    failures.push({ property: 'setIdentifier', reason: '"setIdentifier" is required with a routing policy' });
  }
  return failures;
}

async function assertRecordFits({ inputs, refs, cloud, self }: GuardContext): Promise<void> {
  const zone = refs.zone?.properties;
  const fqdn = fqdnOf(inputs, zone);
  const zoneName = String(zone?.name);
  const isCname = inputs.type === 'CNAME';
  if (isCname && fqdn === zoneName) {
    throw invalidChange(`RRSet of type CNAME with DNS name ${fqdn}. is not permitted at apex in zone ${zoneName}.`);
  }
  if (fqdn === zoneName && (inputs.type === 'NS' || inputs.type === 'SOA') && inputs.allowOverwrite !== true) {
    throw invalidChange(
      `Tried to create resource record set [name='${fqdn}.', type='${String(inputs.type)}'] but it already exists`,
    );
  }
  if (inputs.type === 'CAA') textsOf(inputs.records).forEach(assertCaa);
  const zoneClaim = claimOf(GLOBAL, 'zone', needText(inputs, 'zoneId'));
  const neighbours = await cloud.find({ type: 'aws:route53/record:Record', ref: zoneClaim });
  const conflict = neighbours.some(
    (other) =>
      other.key !== self &&
      other.properties.fqdn === fqdn &&
      other.inputs.type !== inputs.type &&
      (isCname || other.inputs.type === 'CNAME'),
  );
  if (conflict) {
    throw invalidChange(
      `RRSet of type ${String(inputs.type)} with DNS name ${fqdn}. is not permitted as it conflicts with other records with the same DNS name in zone ${zoneName}.`,
    );
  }
}

function assertCaa(record: string): void {
  if (!/^\d{1,3} (issue|issuewild|iodef) "[^"]*"$/.test(record)) {
    throw invalidChange(`Invalid Resource Record: 'FATAL problem: CAARDATAValueNotQuoted at 0 in ${record}'`);
  }
}

function checkerRegions(regions: unknown[]): string | undefined {
  const unknown = regions.find((region) => !CHECKER_REGIONS.includes(String(region)));
  if (unknown !== undefined)
    return `"${String(unknown)}" has no health checkers; expected ${CHECKER_REGIONS.join(', ')}`;
  return regions.length < MIN_CHECKER_REGIONS ? `at least ${MIN_CHECKER_REGIONS} regions are required` : undefined;
}
