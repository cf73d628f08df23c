import type { Repository } from '@pulumi/aws/ecr/index.js';
import { type ContainersImagesConfig, type Context, imageRepository } from '../../shared/index.js';

/** Name as configured → repository. Pulls from this account need no repository policy (IMG-1). */
export type Repositories = Readonly<Record<string, Repository>>;

export function createRepositories(ctx: Context, cfg: ContainersImagesConfig): Repositories {
  return Object.fromEntries(
    cfg.repositories.map((name) => [
      name,
      imageRepository(ctx, {
        name,
        path: name,
        kmsKeyArn: cfg.applicationKeyArn,
        tagMutability: cfg.imageTagMutability,
      }),
    ]),
  );
}
