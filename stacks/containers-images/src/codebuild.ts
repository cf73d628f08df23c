import type { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { Project } from '@pulumi/aws/codebuild/index.js';
import type { Role } from '@pulumi/aws/iam/index.js';
import { type ContainersImagesConfig, type Context, logGroup, opts, tags } from '../../shared/index.js';
import type { Repositories } from './repositories.js';

/** Repository → log group of its builds; empty while images are built elsewhere. */
export type BuildLogs = Readonly<Record<string, LogGroup>>;

export interface Builds {
  readonly role: Role | undefined;
  /** Repository → project. */
  readonly projects: Readonly<Record<string, Project>>;
}

/**
 * Builds the image in the directory of the repository's name and pushes it as `<env>-<commit>`, never as `latest` (IMG-3).
 * Secrets are none of its variables, so neither its log nor its cache can hold any (IMG-2).
 */
const BUILD_SPEC = `version: 0.2
phases:
  pre_build:
    commands:
      - aws ecr get-login-password | docker login --username AWS --password-stdin "\${REPOSITORY_URL%%/*}"
  build:
    commands:
      - IMAGE="$REPOSITORY_URL:$TAG_PREFIX-$CODEBUILD_RESOLVED_SOURCE_VERSION"
      - docker build --tag "$IMAGE" "$IMAGE_DIRECTORY"
      - docker push "$IMAGE"
`;

/** Type of a source by the host that serves it; other hosts are servers of the owner's own. */
const SOURCE_TYPES: Readonly<Record<string, string>> = {
  'github.com': 'GITHUB',
  'gitlab.com': 'GITLAB',
  'bitbucket.org': 'BITBUCKET',
};

function sourceType(url: string): string {
  const { hostname } = new URL(url);
  return SOURCE_TYPES[hostname] ?? (hostname.startsWith('gitlab.') ? 'GITLAB_SELF_MANAGED' : 'GITHUB_ENTERPRISE');
}

export function createBuildLogs(ctx: Context, cfg: ContainersImagesConfig): BuildLogs {
  const names = cfg.builds ? cfg.repositories : [];
  return Object.fromEntries(names.map((name) => [name, logGroup(ctx, `${name}-build`, cfg.infrastructureKeyArn)]));
}

export function createProjects(
  ctx: Context,
  { builds }: ContainersImagesConfig,
  repositories: Repositories,
  logs: BuildLogs,
  role: Role | undefined,
): Builds {
  if (!builds || !role) return { role: undefined, projects: {} };

  const project = (name: string, group: LogGroup): Project => {
    const variables = {
      REPOSITORY_URL: repositories[name]!.repositoryUrl, // there is a log group only where there is a repository
      TAG_PREFIX: ctx.environment,
      IMAGE_DIRECTORY: name,
    };
    return new Project(
      `${name}-build`,
      {
        description: `Image ${name} of ${ctx.deploymentId} ${ctx.environment}`,
        serviceRole: role.arn,
        buildTimeout: builds.timeoutMinutes,
        source: {
          type: sourceType(builds.sourceRepositoryUrl),
          location: builds.sourceRepositoryUrl,
          auth: { type: 'CODECONNECTIONS', resource: builds.sourceConnectionArn },
          gitCloneDepth: 1,
          buildspec: BUILD_SPEC,
        },
        sourceVersion: builds.sourceBranch,
        artifacts: { type: 'NO_ARTIFACTS' },
        cache: { type: 'LOCAL', modes: ['LOCAL_DOCKER_LAYER_CACHE'] },
        environment: {
          type: 'LINUX_CONTAINER',
          image: 'aws/codebuild/amazonlinux-x86_64-standard:5.0',
          computeType: builds.computeType,
          privilegedMode: true, // Docker runs inside the build
          environmentVariables: Object.entries(variables).map(([key, value]) => ({ name: key, value })),
        },
        logsConfig: { cloudwatchLogs: { status: 'ENABLED', groupName: group.name } },
        tags: tags(ctx, `${name}-build`),
      },
      opts(ctx),
    );
  };
  return {
    role,
    projects: Object.fromEntries(Object.entries(logs).map(([name, group]) => [name, project(name, group)])),
  };
}
