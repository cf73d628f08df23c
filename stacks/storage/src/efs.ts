import { AccessPoint, BackupPolicy, FileSystem, MountTarget } from '@pulumi/aws/efs/index.js';
import { type Context, opts, type StorageConfig, tags } from '../../shared/index.js';

export interface SharedFileSystem {
  readonly fileSystem: FileSystem;
  readonly accessPoint: AccessPoint;
}

/** User and group that containers and functions run as. */
const APP_ID = 1001;

/** One encrypted file system with an entrance in every private subnet; undefined when off. */
export function createFileSystem(ctx: Context, cfg: StorageConfig): SharedFileSystem | undefined {
  if (!cfg.enableEfs) return undefined;
  const fileSystem = new FileSystem(
    'shared-efs',
    {
      encrypted: true,
      kmsKeyId: cfg.applicationKeyArn,
      throughputMode: cfg.efsThroughputMode,
      lifecyclePolicies: [{ transitionToIa: 'AFTER_30_DAYS' }],
      tags: tags(ctx, 'shared-efs', { Backup: 'Required' }),
    },
    opts(ctx, { stateful: true }),
  );
  new BackupPolicy(
    'shared-efs-backup-policy',
    { fileSystemId: fileSystem.id, backupPolicy: { status: 'ENABLED' } },
    opts(ctx),
  );
  // over the configured ids, never inside apply: their number is known before the first run (STO-1)
  cfg.privateSubnetIds.forEach(
    (subnetId, i) =>
      new MountTarget(
        `shared-efs-mount-target-${i}`,
        { fileSystemId: fileSystem.id, subnetId, securityGroups: [cfg.efsSecurityGroupId] },
        opts(ctx),
      ),
  );
  const accessPoint = new AccessPoint(
    'app-access-point',
    {
      fileSystemId: fileSystem.id,
      posixUser: { uid: APP_ID, gid: APP_ID },
      rootDirectory: {
        path: '/app-data',
        creationInfo: { ownerUid: APP_ID, ownerGid: APP_ID, permissions: '755' },
      },
      tags: tags(ctx, 'app-access-point'),
    },
    opts(ctx),
  );
  return { fileSystem, accessPoint };
}
