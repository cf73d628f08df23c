import * as pulumi from '@pulumi/pulumi';
import {
  assertFqdn,
  assertOneOf,
  assertRange,
  assertThat,
  BUCKETS,
  type Context,
  envDomainOf,
  input,
  type InputReader,
  loadContext,
  type StorageConfig,
} from '../../shared/index.js';
import { createBackup } from './backup.js';
import { createBuckets } from './buckets.js';
import { createFileSystem } from './efs.js';
import { storageOutputs } from './outputs.js';

const REQUIRED_BUCKETS = ['primary', 'logs', 'artifacts'] as const;

/** AWS Backup keeps what went cold for at least 90 days. */
const COLD_STORAGE_DAYS = 90;

function readDays(read: InputReader) {
  const days = (key: string, value: number | undefined, minimum: number, maximum: number) =>
    value === undefined ? undefined : assertRange(`storage:${key}`, value, minimum, maximum);

  const iaTransitionDays = days('iaTransitionDays', read.optNumber('iaTransitionDays'), 30, 36_500);
  const glacierTransitionDays = read.optNumber('glacierTransitionDays');
  if (glacierTransitionDays !== undefined) {
    assertRange('storage:glacierTransitionDays', glacierTransitionDays, (iaTransitionDays ?? 0) + 1, 36_500);
  }
  const backupRetentionDays = days('backupRetentionDays', read.optNumber('backupRetentionDays'), 1, 365);
  const backupColdStorageDays = read.optNumber('backupColdStorageDays');
  if (backupColdStorageDays !== undefined && backupColdStorageDays !== 0) {
    const retention = backupRetentionDays ?? Infinity;
    assertThat(
      'storage:backupColdStorageDays',
      backupColdStorageDays,
      backupColdStorageDays > 0 && retention >= backupColdStorageDays + COLD_STORAGE_DAYS,
      `expected 0, or ${COLD_STORAGE_DAYS} days less than backupRetentionDays`,
    );
  }
  return {
    iaTransitionDays,
    glacierTransitionDays,
    backupsGlacierDays: days('backupsGlacierDays', read.optNumber('backupsGlacierDays'), 1, 365),
    logExpirationDays: days('logExpirationDays', read.optNumber('logExpirationDays'), 1, 3650),
    artifactExpirationDays: days('artifactExpirationDays', read.optNumber('artifactExpirationDays'), 1, 3650),
    noncurrentExpirationDays: days('noncurrentExpirationDays', read.optNumber('noncurrentExpirationDays'), 1, 3650),
    backupRetentionDays,
    backupColdStorageDays: backupColdStorageDays || undefined,
  };
}

function readConfig(ctx: Context): StorageConfig {
  const read = input(new pulumi.Config('storage'));
  const buckets = read.requireArray('buckets').map((name) => assertOneOf('storage:buckets', name, BUCKETS));
  assertThat(
    'storage:buckets',
    buckets,
    new Set(buckets).size === buckets.length && REQUIRED_BUCKETS.every((name) => buckets.includes(name)),
    `expected ${REQUIRED_BUCKETS.join(', ')} among them, each once`,
  );
  const enableEfs = read.optBool('enableEfs');
  const mode = read.optString('efsThroughputMode');
  return {
    privateSubnetIds: read.requireArray('privateSubnetIds'),
    applicationKeyArn: read.requireString('applicationKeyArn', 'security:applicationKeyArn'),
    databaseKeyArn: read.requireString('databaseKeyArn', 'security:databaseKeyArn'),
    efsSecurityGroupId: enableEfs
      ? read.requireString('efsSecurityGroupId', 'security:efsSecurityGroupId')
      : read.requireOutput('efsSecurityGroupId'),
    envDomain: envDomainOf(ctx.environment, assertFqdn('storage:domain', read.requireString('domain'))),
    buckets,
    ...readDays(read),
    enableEfs,
    efsThroughputMode:
      mode === undefined ? undefined : assertOneOf('storage:efsThroughputMode', mode, ['elastic', 'bursting']),
    enableBackup: read.optBool('enableBackup'),
  };
}

const ctx = loadContext('storage');
const cfg = readConfig(ctx);

const buckets = createBuckets(ctx, cfg);
const fileSystem = createFileSystem(ctx, cfg);
const backup = createBackup(ctx, cfg);

export = storageOutputs(ctx, { buckets, fileSystem, backup });
