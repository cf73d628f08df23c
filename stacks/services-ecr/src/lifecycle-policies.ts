import { type Context, retainImages, type ServicesEcrConfig } from '../../shared/index.js';
import type { Repositories } from './repositories.js';

/** Days that untagged images stay; those of base images longer, because rebuilds of them are rare. */
const UNTAGGED_DAYS = { services: 1, bases: 3 };

export function createLifecyclePolicies(ctx: Context, cfg: ServicesEcrConfig, repositories: Repositories): void {
  for (const [name, repository] of Object.entries(repositories.services)) {
    retainImages(ctx, `service-${name}`, repository, {
      taggedImages: cfg.retainServiceImages,
      untaggedDays: UNTAGGED_DAYS.services,
    });
  }
  for (const [name, repository] of Object.entries(repositories.bases)) {
    retainImages(ctx, `base-${name}`, repository, {
      taggedImages: cfg.retainBaseImages,
      untaggedDays: UNTAGGED_DAYS.bases,
    });
  }
}
