import type { Secret } from '@pulumi/aws/secretsmanager/index.js';
import { commonOutputs, type Context, pathPrefix, type SecretsOutputs } from '../../shared/index.js';
import type { ReadPolicies } from './iam-policies.js';
import { version } from './package.json';

export interface SecretsResources {
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly policies: ReadPolicies;
}

export function secretsOutputs(ctx: Context, { secrets, policies }: SecretsResources): SecretsOutputs {
  const arnOf = (name: string) => secrets.get(name)?.arn ?? '';
  return {
    ...commonOutputs(ctx, version),
    secretNamePrefix: pathPrefix(ctx),
    jwtSigningKeyArn: arnOf('jwt-signing-key'),
    sessionSecretArn: arnOf('session-secret'),
    externalApiKeysArn: arnOf('external-api-keys'),
    oauthSecretsArn: arnOf('oauth-providers'),
    secretArns: Object.fromEntries([...secrets].map(([name, { arn }]) => [name, arn])),
    appSecretsReadPolicyArn: policies.app.arn,
    databaseSecretsReadPolicyArn: policies.database.arn,
  };
}
