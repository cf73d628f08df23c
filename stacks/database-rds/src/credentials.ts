import { Policy } from '@pulumi/aws/iam/index.js';
import { Secret, SecretRotation, SecretVersion } from '@pulumi/aws/secretsmanager/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type Context, type DatabaseConfig, opts, policy, tags } from '../../shared/index.js';
import type { Instances } from './rds-instance.js';

export interface Credentials {
  readonly connectionSecret: Secret;
  readonly accessPolicy: Policy;
}

/**
 * How workloads get in (RDS-1, RDS-2): the connection secret tells where the database is and where its password lies; the password
 * itself is in the secret of RDS alone, which also rotates it.
 */
export function createCredentials(ctx: Context, cfg: DatabaseConfig, instances: Instances): Credentials {
  const { primary, replica, masterUserSecretArn } = instances;

  new SecretRotation(
    'master-rotation',
    {
      secretId: masterUserSecretArn,
      rotateImmediately: false, // RDS has only just made the password
      rotationRules: { automaticallyAfterDays: cfg.credentialRotationDays },
    },
    opts(ctx),
  );

  const connectionSecret = new Secret(
    'connection-secret',
    {
      name: `${cfg.secretNamePrefix}/database/connection`,
      description: 'Address of the database and the ARN of its master secret; no password',
      kmsKeyId: cfg.databaseKeyArn,
      recoveryWindowInDays: 0, // every run can write it again; a waiting period would only keep its name taken
      tags: tags(ctx, 'connection-secret'),
    },
    opts(ctx),
  );
  new SecretVersion(
    'connection-secret-version',
    {
      secretId: connectionSecret.id,
      secretString: pulumi.jsonStringify({
        host: primary.address,
        port: primary.port,
        database: primary.dbName,
        replicaHost: replica?.address ?? '',
        masterSecretArn: masterUserSecretArn,
      }),
    },
    opts(ctx),
  );

  const { accountId, region } = ctx;
  const users = [primary, ...(replica ? [replica] : [])].map(
    ({ resourceId }) => pulumi.interpolate`arn:aws:rds-db:${region}:${accountId}:dbuser:${resourceId}/*`,
  );
  const accessPolicy = new Policy(
    'database-access',
    {
      description: 'Reads the secrets of the database and connects with IAM authentication',
      policy: policy([
        {
          sid: 'ReadDatabaseSecrets',
          actions: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
          resources: [masterUserSecretArn, connectionSecret.arn],
        },
        {
          sid: 'DecryptDatabaseSecrets',
          actions: ['kms:Decrypt'],
          resources: [cfg.databaseKeyArn],
          condition: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` } },
        },
        { sid: 'ConnectWithIam', actions: ['rds-db:connect'], resources: users },
      ]),
      tags: tags(ctx, 'database-access'),
    },
    opts(ctx),
  );
  return { connectionSecret, accessPolicy };
}
