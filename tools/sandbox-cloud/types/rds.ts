import { hex, upperAlphanumeric, uuid } from '../identities.js';
import { flag, length, list, number, object, oneOf, pattern, range, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  type GuardContext,
  needText,
  type Place,
  type Reference,
  type ResourceSpec,
  textOf,
  textsOf,
} from '../resource-spec.js';
import { ec2Reference } from './ec2.js';
import { ROLE_POLICY_ATTACHMENT, roleReference } from './iam.js';
import { keyReference } from './kms.js';

/** Source of quotas: "Quotas in Amazon RDS" of the RDS user guide, defaults. */
const INSTANCES_PER_REGION = 40;
const SUBNET_GROUPS_PER_REGION = 50;
const PARAMETER_GROUPS_PER_REGION = 50;

/** Latest minor of each major that the sandbox offers. */
const POSTGRES_MINORS: Readonly<Record<string, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

/** Parameters of PostgreSQL that are read when the server starts. Source: the parameter list of RDS for PostgreSQL. */
const STATIC_PARAMETERS = [
  'autovacuum_max_workers',
  'huge_pages',
  'max_connections',
  'max_locks_per_transaction',
  'max_prepared_transactions',
  'max_replication_slots',
  'max_wal_senders',
  'max_worker_processes',
  'rds.logical_replication',
  'shared_buffers',
  'shared_preload_libraries',
  'track_activity_query_size',
  'wal_buffers',
];

const RESERVED_USERS = ['admin', 'postgres', 'rdsadmin', 'root', 'rds_superuser', 'public'];
const MONITORING_POLICY = 'arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole';

const rdsArn =
  (resource: string) =>
  ({ region, account, id }: { region: string; account: string; id: string }): string =>
    `arn:aws:rds:${region}:${account}:${resource}:${id}`;

export const DB_SUBNET_GROUP: ResourceSpec = {
  type: 'aws:rds/subnetGroup:SubnetGroup',
  kind: 'db-subnet-group',
  taggable: true,
  seconds: { create: 2, update: 2, delete: 1 },
  autoName: { maxLength: 255 },
  inputs: {
    description: text({ default: 'Managed by Pulumi' }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[ .0-9a-z_-]{1,255}$/, 'only lowercase alphanumeric characters, hyphens, underscores, periods'),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    subnetIds: setOf({ required: true }),
  },
  outputs: ['arn', 'supportedNetworkTypes', 'vpcId'],
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: rdsArn('subgrp'),
  compute: ({ inputs, refs }) => ({
    namePrefix: inputs.namePrefix ?? '',
    supportedNetworkTypes: ['IPV4'],
    vpcId: refs['subnet[0]']?.inputs.vpcId ?? '',
  }),
  references: ({ subnetIds }, { region }) =>
    Object.fromEntries(
      textsOf(subnetIds).map((id, i) => [`subnet[${i}]`, ec2Reference('subnet', region, id, 'refuse')]),
    ),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'db-subnet-group', String(inputs.name)),
      taken: () =>
        new CloudError('DBSubnetGroupAlreadyExists', `The DB subnet group '${String(inputs.name)}' already exists.`),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: SUBNET_GROUPS_PER_REGION,
      query: { type: 'aws:rds/subnetGroup:SubnetGroup', region },
      error: new CloudError('DBSubnetGroupQuotaExceeded', 'The request would exceed the number of DB subnet groups.'),
    },
  ],
  guard: async ({ refs, cloud, self }) => {
    const subnets = Object.values(refs).flatMap((subnet) => subnet ?? []);
    const networks = [...new Set(subnets.map(({ inputs }) => String(inputs.vpcId)))];
    if (networks.length > 1) {
      throw new CloudError('InvalidSubnet', `The subnets are in different VPCs: ${networks.sort().join(', ')}.`);
    }
    const zones = [...new Set(subnets.map(({ properties }) => String(properties.availabilityZone)))].sort();
    if (zones.length < 2) {
      throw new CloudError(
        'DBSubnetGroupDoesNotCoverEnoughAZs',
        `The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: ${zones.join(', ')}. Add subnets to cover at least 2 AZs.`,
      );
    }
    const [current] = self ? await cloud.findByClaims([self]) : [];
    if (current && current.properties.vpcId !== networks[0]) {
      throw new CloudError(
        'InvalidParameterValue',
        'The new Subnets are not in the same Vpc as the existing subnet group',
      );
    }
  },
  notFound: noSubnetGroup,
  inUse: ({ id }, referrer) =>
    new CloudError(
      'InvalidDBSubnetGroupStateFault',
      `Cannot delete the subnet group '${id}' because at least one database instance: ${String(referrer.properties.identifier)} is still using it.`,
    ),
};

export const DB_PARAMETER_GROUP: ResourceSpec = {
  type: 'aws:rds/parameterGroup:ParameterGroup',
  kind: 'db-parameter-group',
  taggable: true,
  seconds: { create: 3, update: 3, delete: 1 },
  autoName: { maxLength: 255 },
  inputs: {
    description: text({ default: 'Managed by Pulumi', replaces: true }),
    family: text({
      required: true,
      replaces: true,
      check: pattern(
        /^(postgres1[3-7]|mysql(5\.7|8\.[04])|mariadb1[01]\.\d+|(oracle|sqlserver|db2)-[a-z0-9.-]+)$/,
        'expected a parameter group family like postgres15',
      ),
    }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(
        /^(?!.*--)[a-z][.0-9a-z-]{0,253}[0-9a-z]$/,
        'expected a letter, then lowercase letters, digits, periods and single hyphens',
      ),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    parameters: setOf(),
    skipDestroy: flag({ default: false }),
  },
  outputs: ['arn'],
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: rdsArn('pg'),
  compute: ({ inputs }) => ({ namePrefix: inputs.namePrefix ?? '', parameters: inputs.parameters ?? [] }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'db-parameter-group', String(inputs.name)),
      taken: () =>
        new CloudError('DBParameterGroupAlreadyExists', `Parameter group ${String(inputs.name)} already exists`),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: PARAMETER_GROUPS_PER_REGION,
      query: { type: 'aws:rds/parameterGroup:ParameterGroup', region },
      error: new CloudError('DBParameterGroupQuotaExceeded', 'Cannot create more than 50 parameter groups'),
    },
  ],
  guard: ({ inputs }) => {
    for (const { name, applyMethod = 'immediate' } of (inputs.parameters ?? []) as Properties[]) {
      if (applyMethod === 'immediate' && STATIC_PARAMETERS.includes(String(name))) {
        throw new CloudError('InvalidParameterCombination', 'cannot use immediate apply method for static parameter');
      }
    }
  },
  isRetained: ({ skipDestroy }) => skipDestroy === true,
  notFound: noParameterGroup,
  inUse: ({ id }) =>
    new CloudError(
      'InvalidDBParameterGroupState',
      `One or more database instances are still members of this parameter group ${id}, so the group cannot be deleted`,
    ),
};

/** A final snapshot is asked for as AWS asks for it; it is not kept, so that a destroyed account is empty. */
export const DB_INSTANCE: ResourceSpec = {
  type: 'aws:rds/instance:Instance',
  kind: 'db-resource',
  taggable: true,
  seconds: { create: 480, update: 60, delete: 240 },
  inputs: {
    allocatedStorage: number({ computed: true, check: range(5, 65_536) }),
    allowMajorVersionUpgrade: flag(),
    applyImmediately: flag({ default: false }),
    autoMinorVersionUpgrade: flag({ default: true }),
    availabilityZone: text({ computed: true, replaces: true }),
    backupRetentionPeriod: number({ computed: true, check: range(0, 35) }),
    backupTarget: text({ computed: true, replaces: true, check: oneOf('region', 'outposts') }),
    backupWindow: text({ computed: true, check: pattern(/^\d\d:\d\d-\d\d:\d\d$/, 'expected hh24:mi-hh24:mi') }),
    blueGreenUpdate: object(),
    caCertIdentifier: text({ computed: true }),
    characterSetName: text({ computed: true, replaces: true }),
    copyTagsToSnapshot: flag({ default: false }),
    customIamInstanceProfile: text(),
    customerOwnedIpEnabled: flag(),
    databaseInsightsMode: text({ computed: true, check: oneOf('standard', 'advanced') }),
    dbName: text({ computed: true, replaces: true, check: length(1, 64) }),
    dbSubnetGroupName: text({ computed: true }),
    dedicatedLogVolume: flag({ default: false }),
    deleteAutomatedBackups: flag({ default: true }),
    deletionProtection: flag(),
    domain: text(),
    domainAuthSecretArn: text(),
    domainDnsIps: setOf(),
    domainFqdn: text({ computed: true }),
    domainIamRoleName: text(),
    domainOu: text(),
    enabledCloudwatchLogsExports: setOf(),
    engine: text({ computed: true, replaces: true }),
    engineLifecycleSupport: text({
      computed: true,
      replaces: true,
      check: oneOf('open-source-rds-extended-support', 'open-source-rds-extended-support-disabled'),
    }),
    engineVersion: text({ computed: true }),
    finalSnapshotIdentifier: text({
      check: pattern(/^(?!.*--)[A-Za-z][0-9A-Za-z-]*[0-9A-Za-z]$/, 'expected a letter, then letters, digits, hyphens'),
    }),
    iamDatabaseAuthenticationEnabled: flag(),
    identifier: text({
      computed: true,
      check: pattern(
        /^(?!.*--)[a-z]([0-9a-z-]{0,61}[0-9a-z])?$/,
        'expected a letter, then lowercase letters, digits and single hyphens, at most 63',
      ),
    }),
    identifierPrefix: text({ computed: true }),
    instanceClass: text({ required: true }),
    iops: number({ computed: true }),
    kmsKeyId: text({ computed: true, replaces: true, check: pattern(/^arn:aws:kms:/, 'expected the ARN of a key') }),
    licenseModel: text({ computed: true }),
    maintenanceWindow: text({
      computed: true,
      check: pattern(/^[a-z]{3}:\d\d:\d\d-[a-z]{3}:\d\d:\d\d$/, 'expected ddd:hh24:mi-ddd:hh24:mi'),
    }),
    manageMasterUserPassword: flag(),
    masterUserSecretKmsKeyId: text({ computed: true }),
    maxAllocatedStorage: number(),
    monitoringInterval: number({ default: 0, check: oneOf(0, 1, 5, 10, 15, 30, 60) }),
    monitoringRoleArn: text({ computed: true }),
    multiAz: flag({ computed: true }),
    ncharCharacterSetName: text({ computed: true, replaces: true }),
    networkType: text({ computed: true, check: oneOf('IPV4', 'DUAL') }),
    optionGroupName: text({ computed: true }),
    parameterGroupName: text({ computed: true }),
    password: text({ secret: true, check: length(8, 128) }),
    passwordWo: text({ secret: true, check: length(8, 128) }),
    passwordWoVersion: number(),
    performanceInsightsEnabled: flag({ default: false }),
    performanceInsightsKmsKeyId: text({ computed: true }),
    performanceInsightsRetentionPeriod: number({
      computed: true,
      check: (days) =>
        days === 7 || days === 731 || days % 31 === 0 ? undefined : 'expected 7, 731 or a multiple of 31',
    }),
    port: number({ computed: true, check: range(1150, 65_535) }),
    publiclyAccessible: flag({ default: false }),
    replicaMode: text({ computed: true, check: oneOf('open-read-only', 'mounted') }),
    replicateSourceDb: text(),
    restoreToPointInTime: object({ replaces: true }),
    s3Import: object({ replaces: true }),
    skipFinalSnapshot: flag({ default: false }),
    snapshotIdentifier: text({ computed: true, replaces: true }),
    storageEncrypted: flag({ replaces: true }),
    storageThroughput: number({ computed: true }),
    storageType: text({ computed: true, check: oneOf('standard', 'gp2', 'gp3', 'io1', 'io2') }),
    timezone: text({ computed: true, replaces: true }),
    upgradeStorageConfig: flag(),
    username: text({ computed: true, replaces: true }),
    vpcSecurityGroupIds: setOf({ computed: true }),
    warningEventCategories: list(),
  },
  outputs: [
    'address',
    'arn',
    'endpoint',
    'engineVersionActual',
    'hostedZoneId',
    'latestRestorableTime',
    'listenerEndpoints',
    'masterUserSecrets',
    'replicas',
    'resourceId',
    'status',
    'upgradeRolloutOrder',
  ],
  validate: conflicts,
  id: ({ seed }) => resourceIdOf(seed),
  arn: ({ inputs, seed, region, account }) => rdsArn('db')({ region, account, id: identifierOf(inputs, seed) }),
  compute: ({ inputs, refs, seed, id, account, region, previous }) => {
    const source = refs.source?.properties ?? {};
    const identifier = identifierOf(inputs, seed);
    const engine = textOf(inputs.engine) ?? textOf(source.engine) ?? 'postgres';
    const version = textOf(inputs.engineVersion) ?? textOf(source.engineVersion) ?? newestOf(engine);
    const port = inputs.port ?? source.port ?? (engine === 'postgres' ? 5432 : 3306);
    const address = `${identifier}.c${hex(`rds|${account}|${region}`, 11)}.${region}.rds.amazonaws.com`;
    const secret = masterSecret(inputs, seed, { account, region });
    return {
      allocatedStorage: inputs.allocatedStorage ?? source.allocatedStorage ?? 20,
      availabilityZone:
        inputs.availabilityZone ?? previous?.availabilityZone ?? (inputs.multiAz === true ? '' : `${region}a`),
      backupRetentionPeriod: inputs.backupRetentionPeriod ?? 0,
      backupTarget: inputs.backupTarget ?? 'region',
      backupWindow: inputs.backupWindow ?? '07:00-07:30',
      caCertIdentifier: inputs.caCertIdentifier ?? 'rds-ca-rsa2048-g1',
      characterSetName: inputs.characterSetName ?? '',
      databaseInsightsMode: inputs.databaseInsightsMode ?? 'standard',
      dbName: inputs.dbName ?? source.dbName ?? '',
      dbSubnetGroupName: inputs.dbSubnetGroupName ?? source.dbSubnetGroupName ?? 'default',
      domainFqdn: inputs.domainFqdn ?? '',
      engine,
      engineLifecycleSupport: inputs.engineLifecycleSupport ?? 'open-source-rds-extended-support',
      engineVersion: version,
      identifier,
      identifierPrefix: inputs.identifierPrefix ?? '',
      iops: inputs.iops ?? 3000,
      kmsKeyId: inputs.kmsKeyId ?? source.kmsKeyId ?? '',
      licenseModel: inputs.licenseModel ?? 'postgresql-license',
      maintenanceWindow: inputs.maintenanceWindow ?? 'mon:08:00-mon:08:30',
      masterUserSecretKmsKeyId: inputs.masterUserSecretKmsKeyId ?? '',
      monitoringRoleArn: inputs.monitoringRoleArn ?? '',
      multiAz: inputs.multiAz ?? false,
      ncharCharacterSetName: inputs.ncharCharacterSetName ?? '',
      networkType: inputs.networkType ?? 'IPV4',
      optionGroupName: inputs.optionGroupName ?? `default:${engine}-${majorOf(version)}`,
      parameterGroupName: inputs.parameterGroupName ?? `default.${engine}${majorOf(version)}`,
      performanceInsightsKmsKeyId: inputs.performanceInsightsKmsKeyId ?? '',
      performanceInsightsRetentionPeriod: inputs.performanceInsightsRetentionPeriod ?? 0,
      port,
      replicaMode: inputs.replicaMode ?? '',
      snapshotIdentifier: inputs.snapshotIdentifier ?? '',
      storageThroughput: inputs.storageThroughput ?? 125,
      storageType: inputs.storageType ?? 'gp3',
      timezone: inputs.timezone ?? '',
      username: inputs.username ?? source.username ?? '',
      vpcSecurityGroupIds: inputs.vpcSecurityGroupIds ?? [],
      address,
      endpoint: `${address}:${String(port)}`,
      engineVersionActual: actualVersion(engine, version, textOf(previous?.engineVersionActual)),
      hostedZoneId: `Z${upperAlphanumeric(`rds|${region}`, 13)}`,
      latestRestorableTime: '',
      listenerEndpoints: [],
      masterUserSecrets: secret ? [secret] : [],
      replicas: [],
      passwordWo: undefined, // write-only
      resourceId: id,
      status: 'available',
      upgradeRolloutOrder: 'second',
    };
  },
  implicitClaims: ({ inputs, seed, account, region }) => {
    const secret = masterSecret(inputs, seed, { account, region });
    return [
      claimOf(region, 'db', identifierOf(inputs, seed)),
      ...(secret ? [claimOf(region, 'secret', secret.secretArn)] : []),
    ];
  },
  claims: ({ inputs, region }) => {
    const identifier = textOf(inputs.identifier);
    const taken = (): CloudError => new CloudError('DBInstanceAlreadyExists', 'DB instance already exists');
    return identifier ? [{ value: claimOf(region, 'db', identifier), taken }] : [];
  },
  references: (inputs, place) => ({
    subnetGroup: named('db-subnet-group', place, inputs.dbSubnetGroupName, noSubnetGroup),
    parameterGroup: /^default\./.test(String(inputs.parameterGroupName))
      ? undefined
      : named('db-parameter-group', place, inputs.parameterGroupName, noParameterGroup),
    source: named('db', place, inputs.replicateSourceDb, noInstance, 'ignore'),
    role: roleReference(inputs.monitoringRoleArn, 'ignore', noMonitoring()),
    ...Object.fromEntries(
      ['kmsKeyId', 'masterUserSecretKmsKeyId', 'performanceInsightsKmsKeyId'].map((key) => [
        key,
        keyReference(inputs[key], place, 'ignore', noKey(inputs[key])),
      ]),
    ),
    ...Object.fromEntries(
      textsOf(inputs.vpcSecurityGroupIds).map((id, i) => {
        const reference = ec2Reference('sg', place.region, id, 'refuse');
        const missing = new CloudError('InvalidParameterValue', `Invalid security group , groupId= ${id}, groupName=.`);
        return [`group[${i}]`, reference && { ...reference, missing }];
      }),
    ),
  }),
  quotas: (_inputs, { region }) => [
    {
      limit: INSTANCES_PER_REGION,
      query: { type: 'aws:rds/instance:Instance', region },
      error: new CloudError('InstanceQuotaExceeded', 'DB Instance quota exceeded'),
    },
  ],
  guard: async (context) => {
    assertOrderable(context);
    assertNetwork(context);
    await assertMonitoring(context);
    await assertModifiable(context);
  },
  guardDelete: ({ properties }) => {
    if (properties.deletionProtection === true) {
      throw combination('Cannot delete protected DB Instance, please disable deletion protection and try again.');
    }
    if (properties.skipFinalSnapshot === true) return Promise.resolve();
    if (textOf(properties.replicateSourceDb)) {
      throw combination('FinalDBSnapshotIdentifier can not be specified when deleting a replica instance');
    }
    if (!textOf(properties.finalSnapshotIdentifier)) {
      throw combination('FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.');
    }
    return Promise.resolve();
  },
  notFound: noInstance,
};

function conflicts(inputs: Properties): CheckFailure[] {
  const isReplica = inputs.replicateSourceDb !== undefined;
  const isRestored = ['snapshotIdentifier', 's3Import', 'restoreToPointInTime'].some(
    (key) => inputs[key] !== undefined,
  );
  const clash = (one: string, other: string): CheckFailure[] =>
    inputs[one] !== undefined && inputs[other] !== undefined
      ? [{ property: one, reason: `"${one}": conflicts with ${other}` }]
      : [];
  const needed = isReplica || isRestored ? [] : ['allocatedStorage', 'engine', 'username'];
  return [
    ...clash('dbName', 'replicateSourceDb'),
    ...clash('username', 'replicateSourceDb'),
    ...clash('identifier', 'identifierPrefix'),
    ...clash('password', 'manageMasterUserPassword'),
    ...needed
      .filter((key) => inputs[key] === undefined)
      .map((property) => ({
        property,
        reason: `"${property}": required field is not set unless the instance is a replica or restored`,
      })),
  ];
}

/** Engine, version, class, storage and user as AWS checks them. */
function assertOrderable({ inputs, refs }: GuardContext): void {
  const instanceClass = needText(inputs, 'instanceClass');
  if (!/^db\.[a-z0-9]+\.[a-z0-9-]+$/.test(instanceClass)) {
    throw new CloudError('InvalidParameterValue', `Invalid DB Instance class: ${instanceClass}`);
  }
  const source = refs.source;
  if (source) {
    if (source.properties.backupRetentionPeriod === 0) {
      throw new CloudError(
        'InvalidDBInstanceState',
        'Automated backups are not enabled for this database instance. To enable automated backups, use ModifyDBInstance to set the backup retention period to a non-zero value.',
      );
    }
    return;
  }
  const engine = textOf(inputs.engine);
  if (!engine) return; // restored
  const version = textOf(inputs.engineVersion);
  if (engine !== 'postgres' || (version && !isOffered(version))) {
    throw combination(`Cannot find version ${version ?? ''} for ${engine}`);
  }
  const family = `${engine}${majorOf(version ?? newestOf(engine))}`;
  const group = refs.parameterGroup;
  if (group && group.inputs.family !== family) {
    throw combination(
      `The parameter group ${group.id} with DBParameterGroupFamily ${String(group.inputs.family)} can't be used for this instance. Please use a parameter group with DBParameterGroupFamily ${family}`,
    );
  }
  const user = String(inputs.username);
  if (RESERVED_USERS.includes(user.toLowerCase())) {
    throw new CloudError(
      'InvalidParameterValue',
      `MasterUsername ${user} cannot be used as it is a reserved word used by the engine`,
    );
  }
  if (inputs.manageMasterUserPassword !== true && !textOf(inputs.password) && !textOf(inputs.passwordWo)) {
    throw new CloudError('InvalidParameterValue', 'Invalid master password');
  }
  const size = Number(inputs.allocatedStorage);
  if (inputs.storageType === 'gp3' && size < 20) {
    throw combination(`Invalid storage size for engine name ${engine} and storage type gp3: ${size}`);
  }
  if (typeof inputs.maxAllocatedStorage === 'number' && inputs.maxAllocatedStorage < size) {
    throw combination('Max storage size must be greater than storage size');
  }
}

function assertNetwork({ refs }: GuardContext): void {
  const home = textOf(refs.subnetGroup?.properties.vpcId);
  for (const [name, group] of Object.entries(refs)) {
    const vpc = textOf(group?.inputs.vpcId);
    if (name.startsWith('group[') && home && vpc && vpc !== home) {
      throw combination(
        `The DB instance and EC2 security group are in different VPCs. The DB instance is in ${home} and the EC2 security group is in ${vpc}`,
      );
    }
  }
}

async function assertMonitoring({ inputs, cloud }: GuardContext): Promise<void> {
  if (inputs.monitoringInterval === 0) return;
  const reference = roleReference(inputs.monitoringRoleArn, 'ignore');
  if (!reference) {
    throw combination('A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.');
  }
  const attached = await cloud.find({ type: ROLE_POLICY_ATTACHMENT.type, ref: reference.claim });
  if (!attached.some(({ inputs: { policyArn } }) => policyArn === MONITORING_POLICY)) throw noMonitoring();
}

/** What cannot be undone: storage never shrinks, a major version goes up only on request and never down. */
async function assertModifiable({ inputs, cloud, self }: GuardContext): Promise<void> {
  const [current] = self ? await cloud.findByClaims([self]) : [];
  if (!current) return;
  const { allocatedStorage, engine, engineVersion } = current.properties;
  if (Number(inputs.allocatedStorage) < Number(allocatedStorage)) {
    throw combination(
      `Requested storage size (${String(inputs.allocatedStorage)}) cannot be less than the current storage size (${String(allocatedStorage)})`,
    );
  }
  const [before, after] = [String(engineVersion), textOf(inputs.engineVersion) ?? String(engineVersion)];
  const steps = Number(majorOf(after)) - Number(majorOf(before));
  if (steps < 0) throw combination(`Cannot upgrade ${String(engine)} from ${before} to ${after}`);
  if (steps > 0 && inputs.allowMajorVersionUpgrade !== true) {
    throw combination('The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.');
  }
}

function named(
  kind: string,
  { region }: Place,
  value: unknown,
  missing: (name: string) => CloudError,
  onDelete: Reference['onDelete'] = 'refuse',
): Reference | undefined {
  const name = textOf(value)?.replace(/^arn:aws:rds:[a-z0-9-]+:\d{12}:[a-z]+:/, '');
  return name === undefined ? undefined : { claim: claimOf(region, kind, name), onDelete, missing: missing(name) };
}

function resourceIdOf(seed: string): string {
  return `db-${upperAlphanumeric(`${seed}|resource`, 26)}`;
}

function identifierOf(inputs: Properties, seed: string): string {
  const prefix = textOf(inputs.identifierPrefix) ?? 'tf-';
  return textOf(inputs.identifier) ?? `${prefix}${hex(`${seed}|identifier`, 26)}`;
}

/** The secret that RDS makes and owns; it comes and goes with the instance. */
function masterSecret(inputs: Properties, seed: string, { account, region }: Place) {
  if (inputs.manageMasterUserPassword !== true) return undefined;
  const suffix = upperAlphanumeric(`${seed}|secret`, 6);
  return {
    secretArn: `arn:aws:secretsmanager:${region}:${account}:secret:rds!db-${uuid(`${seed}|secret`)}-${suffix}`,
    secretStatus: 'active',
    kmsKeyId: textOf(inputs.masterUserSecretKmsKeyId) ?? `arn:aws:kms:${region}:${account}:alias/aws/secretsmanager`,
  };
}

function majorOf(version: string): string {
  return version.split('.')[0] ?? '';
}

function newestOf(engine: string): string {
  return engine === 'postgres' ? String(Math.max(...Object.keys(POSTGRES_MINORS).map(Number))) : '';
}

function isOffered(version: string): boolean {
  const [major = '', minor] = version.split('.');
  const newest = POSTGRES_MINORS[major];
  return newest !== undefined && (minor === undefined || Number(minor) <= newest);
}

/** A major alone means its newest minor; what runs already is not moved by it. */
function actualVersion(engine: string, version: string, running: string | undefined): string {
  if (engine !== 'postgres' || version.includes('.')) return version;
  return running && majorOf(running) === version ? running : `${version}.${POSTGRES_MINORS[version]}`;
}

function combination(message: string): CloudError {
  return new CloudError('InvalidParameterCombination', message);
}

function noMonitoring(): CloudError {
  return new CloudError(
    'InvalidParameterValue',
    'IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING',
  );
}

function noKey(key: unknown): CloudError {
  return new CloudError(
    'KMSKeyNotAccessibleFault',
    `The specified KMS key [${String(key)}] does not exist, is not enabled or you do not have permissions to access it.`,
  );
}

function noInstance(id: string): CloudError {
  return new CloudError('DBInstanceNotFound', `DBInstance ${id} not found.`);
}

function noSubnetGroup(name: string): CloudError {
  return new CloudError('DBSubnetGroupNotFoundFault', `DB subnet group '${name}' does not exist.`);
}

function noParameterGroup(name: string): CloudError {
  return new CloudError('DBParameterGroupNotFound', `DBParameterGroup not found: ${name}`);
}
