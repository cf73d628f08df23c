import { type ContainersImagesConfig, type Context, retainImages } from '../../shared/index.js';
import type { Repositories } from './repositories.js';

export function createLifecyclePolicies(ctx: Context, cfg: ContainersImagesConfig, repositories: Repositories): void {
  for (const [name, repository] of Object.entries(repositories)) {
    retainImages(ctx, name, repository, {
      taggedImages: cfg.retainImageCount,
      untaggedDays: cfg.untaggedExpiryDays,
    });
  }
}
