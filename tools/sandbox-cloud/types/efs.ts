import type { CloudResource } from '../account-store.port.js';
import { hex } from '../identities.js';
import { flag, length, list, number, object, oneOf, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import { zoneId } from '../regions.js';
import { claimOf, needText, type Place, type Reference, type ResourceSpec, textOf, textsOf } from '../resource-spec.js';
import { addressIn, ec2Reference } from './ec2.js';
import { keyReference } from './kms.js';

/** Source of quotas: "Amazon EFS quotas" of the EFS user guide, defaults. */
const FILE_SYSTEMS_PER_REGION = 1000;
const ACCESS_POINTS_PER_FILE_SYSTEM = 10_000;
const GROUPS_PER_MOUNT_TARGET = 5;

const efsArn =
  (resource: string) =>
  ({ region, account, id }: Place & { id: string }): string =>
    `arn:aws:elasticfilesystem:${region}:${account}:${resource}/${id}`;
const fileSystemArn = efsArn('file-system');

export const FILE_SYSTEM: ResourceSpec = {
  type: 'aws:efs/fileSystem:FileSystem',
  kind: 'efs',
  taggable: true,
  seconds: { create: 7, update: 5, delete: 6 },
  inputs: {
    availabilityZoneName: text({ computed: true, replaces: true }),
    creationToken: text({ computed: true, replaces: true, check: length(1, 64) }),
    encrypted: flag({ computed: true, replaces: true }),
    kmsKeyId: text({ computed: true, replaces: true }),
    lifecyclePolicies: list({ check: (policies) => (policies.length > 3 ? 'expected at most 3 policies' : undefined) }),
    performanceMode: text({ computed: true, replaces: true, check: oneOf('generalPurpose', 'maxIO') }),
    protection: object({ computed: true }),
    provisionedThroughputInMibps: number(),
    throughputMode: text({ default: 'bursting', check: oneOf('bursting', 'provisioned', 'elastic') }),
  },
  outputs: ['arn', 'availabilityZoneId', 'dnsName', 'name', 'numberOfMountTargets', 'ownerId', 'sizeInBytes'],
  validate: (inputs) => {
    const failures: CheckFailure[] = [];
    const { throughputMode, provisionedThroughputInMibps, performanceMode, kmsKeyId, encrypted } = inputs;
    if ((throughputMode === 'provisioned') !== (provisionedThroughputInMibps !== undefined)) {
      failures.push({
        property: 'provisionedThroughputInMibps',
        reason: 'goes with throughputMode provisioned, and with it alone',
      });
    }
    if (throughputMode === 'elastic' && performanceMode === 'maxIO') {
      failures.push({ property: 'performanceMode', reason: 'Elastic throughput needs generalPurpose' });
    }
    if (textOf(kmsKeyId) && encrypted !== true) {
      failures.push({ property: 'encrypted', reason: 'encrypted must be set to true when kms_key_id is specified' });
    }
    return failures;
  },
  id: ({ seed }) => `fs-${hex(seed)}`,
  arn: fileSystemArn,
  compute: ({ inputs, id, region, account, seed }) => ({
    availabilityZoneId: textOf(inputs.availabilityZoneName) ? zoneId(String(inputs.availabilityZoneName)) : '',
    availabilityZoneName: inputs.availabilityZoneName ?? '',
    creationToken: inputs.creationToken ?? `terraform-${hex(`${seed}|token`, 26)}`,
    dnsName: `${id}.efs.${region}.amazonaws.com`,
    encrypted: inputs.encrypted ?? false,
    kmsKeyId: inputs.kmsKeyId ?? '',
    name: (inputs.tags as Properties | undefined)?.Name ?? '',
    numberOfMountTargets: 0, // as the real provider sees it when it creates
    ownerId: account,
    performanceMode: inputs.performanceMode ?? 'generalPurpose',
    protection: inputs.protection ?? { replicationOverwrite: 'ENABLED' },
    sizeInBytes: [{ value: 6144, valueInIa: 0, valueInStandard: 6144 }], // what an empty one takes
  }),
  references: ({ kmsKeyId }, place) => ({
    key: keyReference(
      kmsKeyId,
      place,
      'ignore',
      new CloudError('BadRequest', `The KMS key ${String(kmsKeyId)} does not exist`),
    ),
  }),
  claims: ({ inputs, region }) => {
    const token = textOf(inputs.creationToken);
    if (token === undefined) return [];
    const taken = ({ id }: CloudResource): CloudError =>
      new CloudError('FileSystemAlreadyExists', `File system '${id}' already exists with creation token '${token}'`);
    return [{ value: claimOf(region, 'efs-creation-token', token), taken }];
  },
  quotas: (_inputs, { region }) => [
    {
      limit: FILE_SYSTEMS_PER_REGION,
      query: { type: 'aws:efs/fileSystem:FileSystem', region },
      error: new CloudError('FileSystemLimitExceeded', 'The limit of file systems per account has been reached'),
    },
  ],
  notFound: noFileSystem,
  inUse: ({ id }) => new CloudError('FileSystemInUse', `File system '${id}' has mount targets`),
};

/** The entrance of a file system in one zone. */
export const MOUNT_TARGET: ResourceSpec = {
  type: 'aws:efs/mountTarget:MountTarget',
  kind: 'efs-mount-target',
  seconds: { create: 85, update: 2, delete: 12 },
  inputs: {
    fileSystemId: text({ required: true, replaces: true }),
    ipAddress: text({ computed: true, replaces: true }),
    ipAddressType: text({ computed: true, replaces: true, check: oneOf('IPV4_ONLY', 'IPV6_ONLY', 'DUAL_STACK') }),
    ipv6Address: text({ computed: true, replaces: true }),
    securityGroups: setOf({
      computed: true,
      check: (groups) =>
        groups.length > GROUPS_PER_MOUNT_TARGET
          ? `expected at most ${GROUPS_PER_MOUNT_TARGET} security groups`
          : undefined,
    }),
    subnetId: text({ required: true, replaces: true }),
  },
  outputs: [
    'availabilityZoneId',
    'availabilityZoneName',
    'dnsName',
    'fileSystemArn',
    'mountTargetDnsName',
    'networkInterfaceId',
    'ownerId',
  ],
  id: ({ seed }) => `fsmt-${hex(seed)}`,
  compute: ({ inputs, refs, region, account, seed }) => {
    const zone = zoneOf(refs.subnet);
    const dnsName = `${String(inputs.fileSystemId)}.efs.${region}.amazonaws.com`;
    return {
      availabilityZoneId: zoneId(zone),
      availabilityZoneName: zone,
      dnsName,
      fileSystemArn: refs.fileSystem?.arn ?? '',
      ipAddress: inputs.ipAddress ?? addressIn(refs.subnet, `${seed}|ip`),
      ipAddressType: inputs.ipAddressType ?? 'IPV4_ONLY',
      ipv6Address: inputs.ipv6Address ?? '',
      mountTargetDnsName: `${zone}.${dnsName}`,
      networkInterfaceId: `eni-${hex(`${seed}|interface`)}`,
      ownerId: account,
      securityGroups: inputs.securityGroups ?? [],
    };
  },
  references: (inputs, place) => ({
    fileSystem: fileSystemReference(inputs.fileSystemId, place, 'refuse'),
    subnet: ec2Reference('subnet', place.region, inputs.subnetId, 'refuse'),
    ...Object.fromEntries(
      textsOf(inputs.securityGroups).map((id, i) => [`group${i}`, ec2Reference('sg', place.region, id, 'refuse')]),
    ),
  }),
  claims: ({ inputs, refs, region }) => {
    const zone = zoneOf(refs.subnet);
    if (zone === '') return [];
    const taken = (): CloudError => new CloudError('MountTargetConflict', 'mount target already exists in this AZ');
    return [{ value: claimOf(region, 'efs-zone', `${String(inputs.fileSystemId)}|${zone}`), taken }];
  },
  guard: async ({ inputs, refs, cloud, region, self }) => {
    const vpc = refs.subnet?.inputs.vpcId;
    const foreign = Object.entries(refs).find(
      ([name, group]) => name.startsWith('group') && group?.properties.vpcId !== vpc,
    );
    if (foreign) {
      throw new CloudError('SecurityGroupNotFound', `The security group ${foreign[1]?.id} is not in the subnet's VPC`);
    }
    const others = await cloud.find({
      type: MOUNT_TARGET.type,
      ref: claimOf(region, 'efs', String(inputs.fileSystemId)),
    });
    const [other] = others.filter(({ key }) => key !== self);
    if (!other) return;
    const [subnet] = await cloud.findByClaims([claimOf(region, 'subnet', String(other.inputs.subnetId))]);
    if (subnet && subnet.inputs.vpcId !== vpc) {
      throw new CloudError(
        'MountTargetConflict',
        'requested subnet for new mount target is not in the same VPC as existing mount targets',
      );
    }
  },
  notFound: (id) => new CloudError('MountTargetNotFound', `Mount target '${id}' does not exist.`),
};

export const ACCESS_POINT: ResourceSpec = {
  type: 'aws:efs/accessPoint:AccessPoint',
  kind: 'efs-access-point',
  taggable: true,
  seconds: { create: 6, update: 1, delete: 6 },
  inputs: {
    fileSystemId: text({ required: true, replaces: true }),
    posixUser: object({ replaces: true }),
    rootDirectory: object({ computed: true, replaces: true, check: rootProblem }),
  },
  outputs: ['arn', 'fileSystemArn', 'ownerId'],
  id: ({ seed }) => `fsap-${hex(seed)}`,
  arn: efsArn('access-point'),
  compute: ({ inputs, refs, account }) => ({
    fileSystemArn: refs.fileSystem?.arn ?? '',
    ownerId: account,
    rootDirectory: inputs.rootDirectory ?? { path: '/' },
  }),
  references: ({ fileSystemId }, place) => ({ fileSystem: fileSystemReference(fileSystemId, place, 'cascade') }),
  quotas: ({ fileSystemId }, { region }) => [
    {
      limit: ACCESS_POINTS_PER_FILE_SYSTEM,
      query: { type: 'aws:efs/accessPoint:AccessPoint', ref: claimOf(region, 'efs', String(fileSystemId)) },
      error: new CloudError('AccessPointLimitExceeded', 'The limit of access points per file system has been reached'),
    },
  ],
  notFound: (id) => new CloudError('AccessPointNotFound', `Access point '${id}' does not exist.`),
};

/** Whether AWS Backup takes the file system by its own daily plan. */
export const EFS_BACKUP_POLICY: ResourceSpec = {
  type: 'aws:efs/backupPolicy:BackupPolicy',
  kind: 'efs-backup-policy',
  seconds: { create: 2, update: 2, delete: 2 },
  inputs: {
    backupPolicy: object({
      required: true,
      check: ({ status }) => oneOf('ENABLED', 'DISABLED')(String(status)),
    }),
    fileSystemId: text({ required: true, replaces: true }),
  },
  outputs: [],
  id: ({ inputs }) => needText(inputs, 'fileSystemId'),
  compute: () => ({}),
  references: ({ fileSystemId }, place) => ({ fileSystem: fileSystemReference(fileSystemId, place, 'cascade') }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'efs-backup-policy-of', String(inputs.fileSystemId)),
      taken: () => noFileSystem(String(inputs.fileSystemId)),
      overwrites: true,
    },
  ],
  notFound: noFileSystem,
};

/** A file system by id or ARN. */
function fileSystemReference(
  fileSystem: unknown,
  { region }: Place,
  onDelete: Reference['onDelete'],
): Reference | undefined {
  const id = textOf(fileSystem)?.split('/').pop();
  return id === undefined ? undefined : { claim: claimOf(region, 'efs', id), onDelete, missing: noFileSystem(id) };
}

function rootProblem({ path, creationInfo }: Properties): string | undefined {
  const given = textOf(path);
  if (given !== undefined && !/^\/([^$#<>;`|&?{}^*/]+(\/[^$#<>;`|&?{}^*/]+){0,3})?$/.test(given)) {
    return `expected an absolute path of at most four folders, got "${given}"`;
  }
  const permissions = (creationInfo as Properties | undefined)?.permissions;
  return permissions === undefined || /^[0-7]{3,4}$/.test(String(permissions))
    ? undefined
    : `expected octal permissions, got "${String(permissions)}"`;
}

function zoneOf(subnet: CloudResource | undefined): string {
  return textOf(subnet?.properties.availabilityZone) ?? '';
}

function noFileSystem(id: string): CloudError {
  return new CloudError('FileSystemNotFound', `File system '${id}' does not exist.`);
}
