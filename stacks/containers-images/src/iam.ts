import { Role, RolePolicy } from '@pulumi/aws/iam/index.js';
import * as pulumi from '@pulumi/pulumi';
import { assumeRole, type ContainersImagesConfig, type Context, opts, policy, tags } from '../../shared/index.js';
import type { BuildLogs } from './codebuild.js';
import type { Repositories } from './repositories.js';

const PUSH = [
  'ecr:BatchCheckLayerAvailability',
  'ecr:CompleteLayerUpload',
  'ecr:InitiateLayerUpload',
  'ecr:PutImage',
  'ecr:UploadLayerPart',
];

/** The role of every build: pushes to these repositories, writes its own logs, reads the source. */
export function createBuildRole(
  ctx: Context,
  { builds }: ContainersImagesConfig,
  repositories: Repositories,
  logs: BuildLogs,
): Role | undefined {
  if (!builds) return undefined;
  const role = new Role(
    'build-role',
    { assumeRolePolicy: assumeRole(ctx, 'codebuild.amazonaws.com'), tags: tags(ctx, 'build-role') },
    opts(ctx),
  );
  // A connection made before the service was renamed keeps its old name in ARN and actions.
  const [, , connections] = builds.sourceConnectionArn.split(':');
  new RolePolicy(
    'build-policy',
    {
      role: role.id,
      policy: policy([
        {
          sid: 'SignIn',
          actions: ['ecr:GetAuthorizationToken'],
          resources: ['*'],
          wildcardReason: 'the token is for the whole registry; ecr:GetAuthorizationToken has no resource level',
        },
        { sid: 'PushImages', actions: PUSH, resources: Object.values(repositories).map(({ arn }) => arn) },
        {
          sid: 'WriteLogs',
          actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          resources: Object.values(logs).flatMap(({ arn }) => [arn, pulumi.interpolate`${arn}:*`]),
        },
        {
          sid: 'ReadSource',
          actions: ['GetConnection', 'GetConnectionToken', 'UseConnection'].map((verb) => `${connections}:${verb}`),
          resources: [builds.sourceConnectionArn],
        },
      ]),
    },
    opts(ctx),
  );
  return role;
}
