import type { Repository } from '@pulumi/aws/ecr/index.js';
import { type Context, imageRepository, type ServicesEcrConfig } from '../../shared/index.js';

export interface Repositories {
  /** Name as configured → repository. */
  readonly services: Readonly<Record<string, Repository>>;
  readonly bases: Readonly<Record<string, Repository>>;
}

/** `services/<name>`, so that a service and an application image (containers-images) may have the same name, and `base/<name>`. */
export function createRepositories(ctx: Context, cfg: ServicesEcrConfig): Repositories {
  const kmsKeyArn = cfg.applicationKeyArn;
  const service = (name: string): Repository =>
    imageRepository(ctx, {
      name: `service-${name}`,
      path: `services/${name}`,
      kmsKeyArn,
      tagMutability: cfg.serviceTagMutability,
    });
  const base = (name: string): Repository =>
    imageRepository(ctx, { name: `base-${name}`, path: `base/${name}`, kmsKeyArn, tagMutability: 'IMMUTABLE' });

  return {
    services: Object.fromEntries(cfg.serviceRepositories.map((name) => [name, service(name)])),
    bases: Object.fromEntries(cfg.baseRepositories.map((name) => [name, base(name)])),
  };
}
