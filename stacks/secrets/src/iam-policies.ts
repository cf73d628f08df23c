import { Policy, RolePolicyAttachment } from '@pulumi/aws/iam/index.js';
import { type Context, opts, pathPrefix, policy, type SecretsConfig, tags } from '../../shared/index.js';
import { APP_AREA } from './secrets.js';

export interface ReadPolicies {
  readonly app: Policy;
  readonly database: Policy;
}

/**
 * One policy per area, by prefix: secrets that other stacks add to an area (the database's connection secret) are covered before they
 * exist. The role that starts containers reads both.
 */
export function createReadPolicies(ctx: Context, cfg: SecretsConfig): ReadPolicies {
  const { accountId, region } = ctx;
  const create = (area: string, keyArn: string): Policy =>
    new Policy(
      `${area}-secrets-read`,
      {
        description: `Reads the secrets under ${pathPrefix(ctx)}/${area}/`,
        policy: policy([
          {
            sid: 'ReadSecrets',
            actions: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
            resources: [`arn:aws:secretsmanager:${region}:${accountId}:secret:${pathPrefix(ctx)}/${area}/*`],
          },
          {
            sid: 'DecryptThroughSecretsManager',
            actions: ['kms:Decrypt'],
            resources: [keyArn],
            condition: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` } },
          },
        ]),
        tags: tags(ctx, `${area}-secrets-read`),
      },
      opts(ctx),
    );

  const policies = { app: create(APP_AREA, cfg.applicationKeyArn), database: create('database', cfg.databaseKeyArn) };
  if (cfg.ecsExecutionRoleName !== '') {
    for (const [area, { arn }] of Object.entries(policies)) {
      new RolePolicyAttachment(
        `ecs-execution-${area}-secrets`,
        { role: cfg.ecsExecutionRoleName, policyArn: arn },
        opts(ctx),
      );
    }
  }
  return policies;
}
