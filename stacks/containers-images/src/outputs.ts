import { commonOutputs, type ContainersImagesOutputs, type Context, mapValues } from '../../shared/index.js';
import type { Builds } from './codebuild.js';
import { version } from './package.json';
import type { Repositories } from './repositories.js';

export interface ContainersImagesResources {
  readonly repositories: Repositories;
  readonly builds: Builds;
}

export function containersImagesOutputs(ctx: Context, resources: ContainersImagesResources): ContainersImagesOutputs {
  const { repositories, builds } = resources;
  const urlOf = (name: string) => repositories[name]?.repositoryUrl ?? '';
  return {
    ...commonOutputs(ctx, version),
    repositoryUrls: mapValues(repositories, ({ repositoryUrl }) => repositoryUrl),
    repositoryArns: mapValues(repositories, ({ arn }) => arn),
    frontendRepoUrl: urlOf('frontend'),
    backendRepoUrl: urlOf('backend'),
    workerRepoUrl: urlOf('worker'),
    nginxRepoUrl: urlOf('nginx'),
    codebuildRoleArn: builds.role?.arn ?? '',
    buildProjectNames: mapValues(builds.projects, ({ name }) => name),
  };
}
