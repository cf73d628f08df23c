import type { EnvironmentName } from '../../shared/http/principal.js';

/** The parts of a stored canonical manifest (deployments.md 3.3) that are read outside the manifest folder. */
interface ManifestShape {
  readonly spec?: {
    readonly stacks?: Readonly<
      Record<
        string,
        | {
            readonly enabled?: boolean;
            readonly environments?: Readonly<Record<string, { readonly enabled?: boolean } | undefined>>;
          }
        | undefined
      >
    >;
  };
}

/** Enabled globally and not switched off in the environment. */
export function isStackEnabled(
  manifest: Readonly<Record<string, unknown>>,
  stack: string,
  environment: EnvironmentName,
): boolean {
  const block = (manifest as ManifestShape).spec?.stacks?.[stack];
  return block !== undefined && block.enabled !== false && block.environments?.[environment]?.enabled !== false;
}
