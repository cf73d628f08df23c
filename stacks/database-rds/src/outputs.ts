import type { ParameterGroup, SubnetGroup } from '@pulumi/aws/rds/index.js';
import { commonOutputs, type Context, type DatabaseConfig, type DatabaseOutputs } from '../../shared/index.js';
import type { Credentials } from './credentials.js';
import { version } from './package.json';
import type { Instances } from './rds-instance.js';

export interface DatabaseResources {
  readonly subnetGroup: SubnetGroup;
  readonly parameterGroup: ParameterGroup;
  readonly instances: Instances;
  readonly credentials: Credentials;
}

export function databaseOutputs(ctx: Context, cfg: DatabaseConfig, resources: DatabaseResources): DatabaseOutputs {
  const { subnetGroup, parameterGroup, instances, credentials } = resources;
  const { primary, replica } = instances;
  return {
    ...commonOutputs(ctx, version),
    primaryEndpoint: primary.endpoint,
    primaryAddress: primary.address,
    primaryPort: primary.port,
    primaryDatabaseName: cfg.databaseName,
    primaryInstanceId: primary.identifier,
    replicaEndpoint: replica?.endpoint ?? '',
    replicaInstanceId: replica?.identifier ?? '',
    masterUserSecretArn: instances.masterUserSecretArn,
    connectionSecretArn: credentials.connectionSecret.arn,
    databaseAccessPolicyArn: credentials.accessPolicy.arn,
    subnetGroupName: subnetGroup.name,
    parameterGroupName: parameterGroup.name,
    logGroupName: instances.logGroup.name,
  };
}
