import { flag, list, number, object, oneOf, pattern, range, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type ResourceSpec } from '../resource-spec.js';
import { keyReference } from './kms.js';
import { roleReference } from './iam.js';

const PROJECT_TYPE = 'aws:codebuild/project:Project';

/** Source: "Quotas for AWS CodeBuild" of the CodeBuild user guide. */
const PROJECTS_PER_REGION = 5000;

export const PROJECT: ResourceSpec = {
  type: PROJECT_TYPE,
  kind: 'build-project',
  taggable: true,
  seconds: { create: 8, update: 2, delete: 1 },
  autoName: { maxLength: 255 },
  inputs: {
    artifacts: object({ required: true }),
    autoRetryLimit: number({ check: range(0, 10) }),
    badgeEnabled: flag({ default: false }),
    buildBatchConfig: object(),
    buildTimeout: number({ default: 60, check: range(5, 2160) }),
    cache: object(),
    concurrentBuildLimit: number(),
    description: text({ computed: true, check: pattern(/^[\s\S]{0,255}$/, 'expected at most 255 characters') }),
    encryptionKey: text({ computed: true }),
    environment: object({ required: true, check: environmentProblem }),
    fileSystemLocations: setOf(),
    logsConfig: object(),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[A-Za-z0-9][\w-]{1,254}$/, 'expected 2 to 255 of the characters A-Z a-z 0-9 _ -'),
    }),
    projectVisibility: text({ default: 'PRIVATE', check: oneOf('PRIVATE', 'PUBLIC_READ') }),
    queuedTimeout: number({ default: 480, check: range(5, 480) }),
    resourceAccessRole: text(),
    secondaryArtifacts: setOf(),
    secondarySourceVersions: setOf(),
    secondarySources: list({ set: true }),
    serviceRole: text({ required: true }),
    source: object({ required: true, check: sourceProblem }),
    sourceVersion: text(),
    vpcConfig: object(),
  },
  outputs: ['arn', 'badgeUrl', 'publicProjectAlias'],
  validate: projectFailures,
  id: ({ region, account, inputs }) => `arn:aws:codebuild:${region}:${account}:project/${needText(inputs, 'name')}`,
  arn: ({ id }) => id,
  compute: ({ inputs, region, account }) => ({
    badgeUrl: '',
    description: inputs.description ?? '',
    encryptionKey: inputs.encryptionKey ?? `arn:aws:kms:${region}:${account}:alias/aws/s3`,
    publicProjectAlias: '',
  }),
  references: ({ serviceRole, encryptionKey }, place) => ({
    role: roleReference(
      serviceRole,
      'ignore',
      new CloudError(
        'InvalidInputException',
        `CodeBuild is not authorized to perform: sts:AssumeRole on service role. Please verify that: 1) The provided service role exists, 2) The role name is case-sensitive and matches exactly, and 3) The role has the necessary trust policy configured.`,
      ),
    ),
    key: keyReference(encryptionKey, place, 'ignore'),
  }),
  claims: ({ inputs, account, region }) => [
    {
      value: claimOf(region, 'build-project-name', String(inputs.name)),
      taken: () =>
        new CloudError(
          'ResourceAlreadyExistsException',
          `Project already exists: arn:aws:codebuild:${region}:${account}:project/${String(inputs.name)}`,
        ),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: PROJECTS_PER_REGION,
      query: { type: PROJECT_TYPE, region },
      error: new CloudError('AccountLimitExceededException', 'Cannot have more than 5000 builds projects'),
    },
  ],
  guard: ({ inputs, refs }) => {
    if (!String(refs['role']?.inputs.assumeRolePolicy).includes('codebuild.amazonaws.com')) {
      throw new CloudError(
        'InvalidInputException',
        `CodeBuild is not authorized to perform: sts:AssumeRole on ${String(inputs.serviceRole)}`,
      );
    }
  },
  notFound: (arn) => new CloudError('ResourceNotFoundException', `The provided project ${arn} does not exist`),
};

const SOURCES = [
  'BITBUCKET',
  'CODECOMMIT',
  'CODEPIPELINE',
  'GITHUB',
  'GITHUB_ENTERPRISE',
  'GITLAB',
  'GITLAB_SELF_MANAGED',
  'NO_SOURCE',
  'S3',
];

function sourceProblem({ type, location, buildspec }: Properties): string | undefined {
  const wrong = oneOf(...SOURCES)(String(type));
  if (wrong) return `type: ${wrong}`;
  if (type === 'NO_SOURCE') return buildspec ? undefined : 'buildspec is required with type NO_SOURCE';
  return type !== 'CODEPIPELINE' && !location ? `location is required with type ${String(type)}` : undefined;
}

function environmentProblem({ type, computeType, image, privilegedMode }: Properties): string | undefined {
  if (!type || !computeType || !image) return 'type, computeType and image are required';
  return privilegedMode === true && String(computeType).startsWith('BUILD_LAMBDA')
    ? 'Lambda compute cannot run in privileged mode'
    : undefined;
}

function projectFailures({ artifacts, source }: Properties): CheckFailure[] {
  const [from, to] = [source, artifacts].map((one) => (one as Properties | undefined)?.type);
  return (from === 'CODEPIPELINE') === (to === 'CODEPIPELINE')
    ? []
    : [{ property: 'artifacts', reason: 'CODEPIPELINE must be the type of both source and artifacts' }];
}
