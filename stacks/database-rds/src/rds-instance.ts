import type { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { Instance, type InstanceArgs, type ParameterGroup, type SubnetGroup } from '@pulumi/aws/rds/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type Context, type DatabaseConfig, logGroup, opts, rdsName, tags } from '../../shared/index.js';
import type { MonitoringRole } from './monitoring-role.js';

export interface Instances {
  readonly primary: Instance;
  readonly replica: Instance | undefined;
  readonly logGroup: LogGroup;
  /** The secret that RDS keeps the master password in. */
  readonly masterUserSecretArn: pulumi.Output<string>;
}

export interface InstanceDeps {
  readonly subnetGroup: SubnetGroup;
  readonly parameterGroup: ParameterGroup;
  readonly monitoring: MonitoringRole | undefined;
}

/** Minutes; RDS changes of storage and class take their time (L6). */
const TIMEOUT_MINUTES = 60;
/** Days: what Performance Insights keeps free of charge. */
const INSIGHTS_RETENTION_DAYS = 7;

export function createInstances(ctx: Context, cfg: DatabaseConfig, deps: InstanceDeps): Instances {
  const { subnetGroup, parameterGroup, monitoring } = deps;
  const identifier = rdsName(ctx, 'primary');
  const log = logGroup(ctx, 'postgresql', cfg.infrastructureKeyArn, `/aws/rds/instance/${identifier}/postgresql`);

  /** What primary and replica have in common. */
  const common = {
    instanceClass: cfg.instanceClass,
    storageType: 'gp3',
    storageEncrypted: true,
    kmsKeyId: cfg.databaseKeyArn,
    maxAllocatedStorage: cfg.maxAllocatedStorage,
    parameterGroupName: parameterGroup.name,
    vpcSecurityGroupIds: [cfg.databaseSecurityGroupId],
    port: cfg.databasePort,
    publiclyAccessible: false,
    iamDatabaseAuthenticationEnabled: true,
    autoMinorVersionUpgrade: cfg.autoMinorVersionUpgrade,
    maintenanceWindow: cfg.maintenanceWindow,
    monitoringInterval: cfg.monitoringInterval,
    monitoringRoleArn: monitoring?.role.arn,
    performanceInsightsEnabled: cfg.performanceInsights,
    ...(cfg.performanceInsights
      ? {
          performanceInsightsKmsKeyId: cfg.databaseKeyArn,
          performanceInsightsRetentionPeriod: INSIGHTS_RETENTION_DAYS,
        }
      : {}),
    copyTagsToSnapshot: true,
    deletionProtection: ctx.protectStateful,
    applyImmediately: cfg.applyImmediately,
  } satisfies InstanceArgs;
  const options = (dependsOn: pulumi.Resource[]) =>
    opts(ctx, { stateful: true, timeoutMinutes: TIMEOUT_MINUTES, dependsOn });

  const primary = new Instance(
    'primary',
    {
      ...common,
      identifier,
      engine: 'postgres',
      engineVersion: cfg.engineVersion,
      allocatedStorage: cfg.allocatedStorage,
      multiAz: cfg.multiAz,
      dbSubnetGroupName: subnetGroup.name,
      dbName: cfg.databaseName,
      username: cfg.masterUsername,
      manageMasterUserPassword: true,
      masterUserSecretKmsKeyId: cfg.databaseKeyArn,
      backupRetentionPeriod: cfg.backupRetentionDays,
      backupWindow: cfg.backupWindow,
      enabledCloudwatchLogsExports: ['postgresql'],
      ...(cfg.takeFinalSnapshot
        ? { skipFinalSnapshot: false, finalSnapshotIdentifier: rdsName(ctx, 'primary-final') }
        : { skipFinalSnapshot: true }),
      tags: tags(ctx, 'primary', cfg.isBackupRequired ? { Backup: 'Required' } : {}),
    },
    options(monitoring ? [log, monitoring.attachment] : [log]),
  );
  const replica = cfg.createReadReplica
    ? new Instance(
        'replica',
        {
          ...common,
          identifier: rdsName(ctx, 'replica'),
          replicateSourceDb: primary.identifier,
          skipFinalSnapshot: true, // AWS takes none of a replica
          tags: tags(ctx, 'replica'),
        },
        options(monitoring ? [monitoring.attachment] : []),
      )
    : undefined;

  const masterUserSecretArn = primary.masterUserSecrets.apply(([secret]) => {
    if (!secret) throw new pulumi.RunError(`${ctx.stack}: RDS reports no master secret of ${identifier}`);
    return secret.secretArn;
  });
  return { primary, replica, logGroup: log, masterUserSecretArn };
}
