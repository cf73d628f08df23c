import { type BucketName, commonOutputs, type Context, type StorageOutputs } from '../../shared/index.js';
import type { Backup } from './backup.js';
import type { Buckets } from './buckets.js';
import type { SharedFileSystem } from './efs.js';
import { version } from './package.json';

export interface StorageResources {
  readonly buckets: Buckets;
  readonly fileSystem: SharedFileSystem | undefined;
  readonly backup: Backup | undefined;
}

export function storageOutputs(ctx: Context, { buckets, fileSystem, backup }: StorageResources): StorageOutputs {
  const nameOf = (name: BucketName) => buckets.get(name)?.bucket ?? '';
  const arnOf = (name: BucketName) => buckets.get(name)?.arn ?? '';
  return {
    ...commonOutputs(ctx, version),
    primaryBucketName: nameOf('primary'),
    primaryBucketArn: arnOf('primary'),
    staticAssetsBucketName: nameOf('static-assets'),
    staticAssetsBucketArn: arnOf('static-assets'),
    logsBucketName: nameOf('logs'),
    logsBucketArn: arnOf('logs'),
    backupsBucketName: nameOf('backups'),
    backupsBucketArn: arnOf('backups'),
    artifactsBucketName: nameOf('artifacts'),
    artifactsBucketArn: arnOf('artifacts'),
    lakeBucketName: nameOf('lake'),
    lakeBucketArn: arnOf('lake'),
    sharedEfsId: fileSystem?.fileSystem.id ?? '',
    sharedEfsDnsName: fileSystem?.fileSystem.dnsName ?? '',
    appAccessPointId: fileSystem?.accessPoint.id ?? '',
    appAccessPointArn: fileSystem?.accessPoint.arn ?? '',
    backupVaultName: backup?.vault.name ?? '',
    backupVaultArn: backup?.vault.arn ?? '',
    backupPlanId: backup?.plan.id ?? '',
  };
}
