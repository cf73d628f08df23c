import { type CheckFailure, CloudError, type Properties } from './provider.port.js';
import { isKnownRegion, zoneId, zonesOf } from './regions.js';
import { type InvokeContext, textOf } from './resource-spec.js';
import { latestImage } from './types/images.js';
import { ZONE } from './types/route53.js';
import { secretVersion } from './types/secrets-manager.js';

/** A data source: the arguments it understands and its answer. */
interface InvokeSpec {
  readonly args: readonly string[];
  readonly answer: (args: Properties, context: InvokeContext) => Properties | Promise<Properties>;
}

/** Every data source of the sandbox by its token. */
export const INVOKES: ReadonlyMap<string, InvokeSpec> = new Map<string, InvokeSpec>([
  [
    'aws:index/getAvailabilityZones:getAvailabilityZones',
    {
      args: ['region', 'state'],
      answer: (args, context) => {
        const region = regionOf(args, context);
        const names = args.state === undefined || args.state === 'available' ? zonesOf(region) : [];
        return {
          id: region,
          region,
          names,
          zoneIds: names.map(zoneId),
          groupNames: names.length > 0 ? [`${region}-zg-1`] : [],
          ...(args.state !== undefined && { state: args.state }),
        };
      },
    },
  ],
  [
    'aws:index/getCallerIdentity:getCallerIdentity',
    {
      args: [],
      answer: (_args, { account }) => ({
        id: account,
        accountId: account,
        arn: `arn:aws:iam::${account}:root`,
        userId: account,
      }),
    },
  ],
  [
    'aws:index/getRegion:getRegion',
    {
      args: ['region', 'endpoint', 'id', 'name'],
      answer: (args, context) => {
        const region = textOf(args.name) ?? regionOf(args, context);
        return {
          id: region,
          name: region,
          region,
          description: `AWS region ${region}`,
          endpoint: `ec2.${region}.amazonaws.com`,
        };
      },
    },
  ],
  [
    'aws:index/getPartition:getPartition',
    {
      args: [],
      answer: () => ({
        id: 'aws',
        partition: 'aws',
        dnsSuffix: 'amazonaws.com',
        reverseDnsPrefix: 'com.amazonaws',
      }),
    },
  ],
  [
    'aws:ec2/getAmi:getAmi',
    { args: ['filters', 'includeDeprecated', 'mostRecent', 'nameRegex', 'owners', 'region'], answer: latestImage },
  ],
  [
    'aws:secretsmanager/getSecretVersion:getSecretVersion',
    { args: ['region', 'secretId', 'versionId', 'versionStage'], answer: secretVersion },
  ],
  ['aws:route53/getZone:getZone', { args: ['name', 'zoneId', 'privateZone', 'tags'], answer: hostedZone }],
]);

/** @throws CloudError for a token that is not in the table */
export async function runInvoke(
  token: string,
  args: Properties,
  context: InvokeContext,
): Promise<{ result: Properties; failures: CheckFailure[] }> {
  const spec = INVOKES.get(token);
  if (!spec) throw new CloudError('UnsupportedInvoke', `the sandbox cloud does not know the function ${token}`);
  const unknown = Object.keys(args).filter((key) => args[key] !== undefined && !spec.args.includes(key));
  if (unknown.length > 0) {
    const failures = unknown.map((property) => ({
      property,
      reason: `"${property}" is not supported by the sandbox for ${token}`,
    }));
    return { result: {}, failures };
  }
  return { result: await spec.answer(args, context), failures: [] };
}

function regionOf(args: Properties, context: InvokeContext): string {
  const region = textOf(args.region) ?? context.region;
  if (!isKnownRegion(region)) throw new CloudError('InvalidRegion', `invalid AWS Region: ${region}`);
  return region;
}

/** A zone by id, or the only one of a name (and of all given tags). */
async function hostedZone(args: Properties, { cloud }: InvokeContext): Promise<Properties> {
  const id = textOf(args.zoneId);
  const name = textOf(args.name)?.replace(/\.$/, '');
  const wantedTags = Object.entries((args.tags ?? {}) as Record<string, unknown>);
  const zones = (await cloud.find({ type: ZONE.type, ...(id && { id }) })).filter(({ properties }) => {
    const tags = (properties.tags ?? {}) as Record<string, unknown>;
    const isPrivate = Array.isArray(properties.vpcs) && properties.vpcs.length > 0;
    return (
      (name === undefined || properties.name === name) &&
      (args.privateZone === undefined || isPrivate === args.privateZone) &&
      wantedTags.every(([key, value]) => tags[key] === value)
    );
  });
  const [zone] = zones;
  if (!zone)
    throw id ? ZONE.notFound(id) : new CloudError('NoSuchHostedZone', 'no matching Route 53 Hosted Zone found');
  if (zones.length > 1) {
    throw new CloudError('AmbiguousHostedZone', `multiple Route 53 Hosted Zones matched name ${String(args.name)}`);
  }
  const records = await cloud.find({ type: 'aws:route53/record:Record', ref: `global|zone|${zone.id}` });
  const { arn, comment, nameServers, primaryNameServer, vpcs, tags } = zone.properties;
  return {
    id: zone.id,
    zoneId: zone.id,
    arn,
    callerReference: zone.token,
    comment,
    linkedServiceDescription: '',
    linkedServicePrincipal: '',
    name: zone.properties.name,
    nameServers,
    primaryNameServer,
    privateZone: Array.isArray(vpcs) && vpcs.length > 0,
    resourceRecordSetCount: records.length + 2, // NS and SOA come with the zone
    tags: tags ?? {},
  };
}
