import { Alias, Key } from '@pulumi/aws/kms/index.js';
import {
  type Context,
  kmsAliasName,
  kmsKeyPolicy,
  type KeyGrants,
  opts,
  type SecurityConfig,
  tags,
} from '../../shared/index.js';

export interface Keys {
  readonly application: Key;
  readonly database: Key;
  readonly infrastructure: Key;
}

/** What each key serves and who may use it (KMS-1). */
const KEYS: Record<keyof Keys, KeyGrants & { description: string }> = {
  application: {
    description: 'Application data: volumes, buckets, file systems, images, secrets, functions',
    viaServices: ['secretsmanager', 's3', 'elasticfilesystem', 'ecr', 'lambda'],
    autoScaling: true,
  },
  database: {
    description: 'Databases, their credentials and backups',
    viaServices: ['rds', 'backup', 'secretsmanager', 's3'],
  },
  infrastructure: {
    description: 'Logs, topics and Kubernetes secrets',
    viaServices: ['sns', 'eks'],
    observability: true,
  },
};

export function createKeys(ctx: Context, cfg: SecurityConfig): Keys {
  const create = (use: keyof Keys): Key => {
    const { description, ...grants } = KEYS[use];
    const key = new Key(
      `${use}-key`,
      {
        description,
        keyUsage: 'ENCRYPT_DECRYPT',
        customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        enableKeyRotation: cfg.enableKeyRotation,
        deletionWindowInDays: cfg.keyDeletionWindowDays,
        policy: kmsKeyPolicy(ctx, grants),
        tags: tags(ctx, `${use}-key`),
      },
      opts(ctx, { stateful: true }),
    );
    new Alias(`${use}-key-alias`, { name: kmsAliasName(ctx, use), targetKeyId: key.keyId }, opts(ctx));
    return key;
  };
  return { application: create('application'), database: create('database'), infrastructure: create('infrastructure') };
}
