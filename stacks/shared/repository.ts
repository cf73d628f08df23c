import { LifecyclePolicy, Repository } from '@pulumi/aws/ecr/index.js';
import * as pulumi from '@pulumi/pulumi';
import type { Context, TagMutability } from './types.js';
import { opts, pathPrefix, tags } from './utils.js';

export interface RepositorySpec {
  /** `backend` makes the logical `backend-repo`. */
  readonly name: string;
  /** Last part of its name in ECR, after `{project}/{env}/{depId}/` (stacks.md N4). */
  readonly path: string;
  readonly kmsKeyArn: string;
  /** Undefined: AWS's own, MUTABLE. */
  readonly tagMutability: TagMutability | undefined;
}

/** An encrypted repository that scans what is pushed. Goes with its images in dev, elsewhere only when empty (stacks.md L4). */
export function imageRepository(ctx: Context, spec: RepositorySpec): Repository {
  const logical = `${spec.name}-repo`;
  return new Repository(
    logical,
    {
      name: repositoryName(ctx, spec.path),
      imageTagMutability: spec.tagMutability,
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: [{ encryptionType: 'KMS', kmsKey: spec.kmsKeyArn }],
      forceDelete: ctx.environment === 'dev',
      tags: tags(ctx, logical),
    },
    opts(ctx, { stateful: true }),
  );
}

export const repositoryName = (ctx: Context, path: string): string => `${pathPrefix(ctx)}/${path}`;

export interface Retention {
  /** Tagged images that stay, the newest; undefined: all. */
  readonly taggedImages: number | undefined;
  /** Undefined: untagged images stay. */
  readonly untaggedDays: number | undefined;
}

/** Lifecycle policy `<name>-lifecycle` of a repository; none where everything stays. */
export function retainImages(ctx: Context, name: string, repository: Repository, retention: Retention): void {
  const { taggedImages, untaggedDays } = retention;
  const rules = [
    ...(untaggedDays === undefined
      ? []
      : [
          {
            description: `Expire untagged images after ${untaggedDays} days`,
            selection: {
              tagStatus: 'untagged',
              countType: 'sinceImagePushed',
              countUnit: 'days',
              countNumber: untaggedDays,
            },
          },
        ]),
    ...(taggedImages === undefined
      ? []
      : [
          {
            description: `Keep the last ${taggedImages} tagged images`,
            selection: {
              tagStatus: 'tagged',
              tagPatternList: ['*'],
              countType: 'imageCountMoreThan',
              countNumber: taggedImages,
            },
          },
        ]),
  ];
  if (rules.length === 0) return;
  new LifecyclePolicy(
    `${name}-lifecycle`,
    {
      repository: repository.name,
      policy: pulumi.jsonStringify({
        rules: rules.map((rule, i) => ({ rulePriority: i + 1, ...rule, action: { type: 'expire' } })),
      }),
    },
    opts(ctx),
  );
}
