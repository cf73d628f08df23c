import * as pulumi from '@pulumi/pulumi';
import {
  assertMatches,
  assertOneOf,
  assertRange,
  assertThat,
  type Context,
  type DatabaseConfig,
  input,
  loadContext,
} from '../../shared/index.js';
import { createCredentials } from './credentials.js';
import { createMonitoringRole } from './monitoring-role.js';
import { databaseOutputs } from './outputs.js';
import { createParameterGroup } from './parameter-group.js';
import { createInstances } from './rds-instance.js';
import { createSubnetGroup } from './subnet-group.js';
import { assertWindows } from './windows.js';

const RESERVED_USERS = ['admin', 'postgres', 'rdsadmin', 'root'];

function readConfig(ctx: Context): DatabaseConfig {
  const read = input(new pulumi.Config('database-rds'));
  const within = (key: string, value: number, from: number, to: number) =>
    assertRange(`database-rds:${key}`, value, from, to);
  const optWithin = (key: string, value: number | undefined, from: number, to: number) =>
    value === undefined ? undefined : within(key, value, from, to);

  const engineVersion = assertMatches(
    'database-rds:engineVersion',
    read.requireString('engineVersion'),
    /^1[4-7](\.[0-9]+)?$/,
    'expected PostgreSQL 14 to 17, with or without a minor version',
  );
  const instanceClass = read.requireString('instanceClass');
  assertMatches('database-rds:instanceClass', instanceClass, /^db\.[a-z0-9.-]+$/, 'expected a class like db.t3.micro');
  const allocatedStorage = within('allocatedStorage', read.requireNumber('allocatedStorage'), 20, 65_536);
  const databaseName = read.optString('databaseName') ?? ctx.project.replaceAll('-', '_');
  assertMatches(
    'database-rds:databaseName',
    databaseName,
    /^[a-z][a-z0-9_]{0,62}$/,
    'expected a letter, then up to 62 of a–z, 0–9 and _',
  );
  const masterUsername = read.requireString('masterUsername');
  const isFree = !RESERVED_USERS.includes(masterUsername.toLowerCase());
  assertThat('database-rds:masterUsername', masterUsername, isFree, 'is a reserved name');
  assertMatches(
    'database-rds:masterUsername',
    masterUsername,
    /^[a-zA-Z][a-zA-Z0-9_]{0,62}$/,
    'expected a letter, then up to 62 letters, digits and _',
  );
  const backupRetentionDays = optWithin('backupRetentionDays', read.optNumber('backupRetentionDays'), 1, 35);
  const createReadReplica = read.optBool('createReadReplica');
  const isReplicable = !createReadReplica || backupRetentionDays !== undefined;
  assertThat('database-rds:createReadReplica', createReadReplica, isReplicable, 'needs backupRetentionDays');
  const backupWindow = read.optString('backupWindow');
  const maintenanceWindow = read.optString('maintenanceWindow');
  assertWindows(
    { key: 'database-rds:backupWindow', value: backupWindow },
    { key: 'database-rds:maintenanceWindow', value: maintenanceWindow },
  );
  const interval = read.optNumber('monitoringInterval') ?? 0; // absent: off
  const rotation = read.requireNumber('credentialRotationDays');

  return {
    databaseSubnetIds: read.requireArray('databaseSubnetIds'),
    databaseSecurityGroupId: read.requireString('databaseSecurityGroupId', 'security:databaseSecurityGroupId'),
    databasePort: read.requireNumber('databasePort'),
    databaseKeyArn: read.requireString('databaseKeyArn', 'security:databaseKeyArn'),
    infrastructureKeyArn: read.requireString('infrastructureKeyArn', 'security:infrastructureKeyArn'),
    secretNamePrefix: read.requireString('secretNamePrefix', 'secrets:secretNamePrefix'),
    engineVersion,
    engineMajor: engineVersion.slice(0, 2),
    instanceClass,
    allocatedStorage,
    maxAllocatedStorage: optWithin(
      'maxAllocatedStorage',
      read.optNumber('maxAllocatedStorage'),
      allocatedStorage,
      65_536,
    ),
    multiAz: read.optBool('multiAz'),
    createReadReplica,
    databaseName,
    masterUsername,
    backupRetentionDays,
    backupWindow,
    maintenanceWindow,
    autoMinorVersionUpgrade: read.optBool('autoMinorVersionUpgrade'),
    monitoringInterval: assertOneOf('database-rds:monitoringInterval', interval, [0, 1, 5, 10, 15, 30, 60]),
    performanceInsights: read.optBool('performanceInsights'),
    credentialRotationDays: within('credentialRotationDays', rotation, 7, 90),
    logMinDurationMs: optWithin('logMinDurationMs', read.optNumber('logMinDurationMs'), 0, 2_147_483_647),
    applyImmediately: read.optBool('applyImmediately'),
    takeFinalSnapshot: ctx.environment !== 'dev',
    isBackupRequired: ctx.environment === 'prod',
  };
}

const ctx = loadContext('database-rds');
const cfg = readConfig(ctx);

const subnetGroup = createSubnetGroup(ctx, cfg);
const parameterGroup = createParameterGroup(ctx, cfg);
const monitoring = createMonitoringRole(ctx, cfg);
const instances = createInstances(ctx, cfg, { subnetGroup, parameterGroup, monitoring });
const credentials = createCredentials(ctx, cfg, instances);

export = databaseOutputs(ctx, cfg, { subnetGroup, parameterGroup, instances, credentials });
