import { type EnvironmentName } from '../../../shared/http/principal.js';
import type { StackTemplates } from '../../templates/stack-template.js';
import { holdsPlaceholder } from '../../templates/template-text.js';
import type { Manifest } from './manifest.js';
import { isObject, type Values } from './merge.js';

/** What stands for a secret in every log, file and answer. */
export const MASK = '***';

/**
 * The manifest with every literal value of a secret input changed by `change`; references to secrets (placeholders) stay.
 * Used to mask, to seal before storing and to open after reading.
 */
export function mapSecrets(
  manifest: Manifest,
  stackTemplates: StackTemplates,
  change: (value: unknown, location: string) => unknown,
): Manifest {
  const mapped = (config: Values | undefined, isSecret: (key: string) => boolean, place: string): Values | undefined =>
    config &&
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        key,
        isSecret(key) && value !== null && !holdsPlaceholder(value) ? change(value, `${place}.${key}`) : value,
      ]),
    );
  const ofStack = (stack: string) => (key: string) => stackTemplates.get(stack)?.inputs[key]?.secret === true;
  const ofAny = (key: string): boolean => Object.keys(manifest.spec.stacks).some((stack) => ofStack(stack)(key));
  const each = <T extends object>(
    blocks: Readonly<Record<string, T>>,
    visit: (name: string, block: T) => T,
  ): Record<string, T> => Object.fromEntries(Object.entries(blocks).map(([name, block]) => [name, visit(name, block)]));
  const withConfig = <T extends { readonly config?: Values }>(
    block: T,
    isSecret: (key: string) => boolean,
    place: string,
  ): T => (block.config ? { ...block, config: mapped(block.config, isSecret, `${place}.config`) } : block);

  const environments = each(
    manifest.spec.environments as Record<EnvironmentName, NonNullable<Manifest['spec']['environments']['dev']>>,
    (name, block) => withConfig(block, ofAny, `environments.${name}`),
  );
  const stacks = each(manifest.spec.stacks, (name, block) => {
    const own = withConfig(block, ofStack(name), `stacks.${name}`);
    if (!own.environments) return own;
    const inner = each(own.environments as Record<string, { config?: Values }>, (environment, part) =>
      withConfig(part, ofStack(name), `stacks.${name}.environments.${environment}`),
    );
    return { ...own, environments: inner };
  });
  return { ...manifest, spec: { ...manifest.spec, environments, stacks } };
}

export function maskSecrets(manifest: Manifest, stackTemplates: StackTemplates): Manifest {
  return mapSecrets(manifest, stackTemplates, () => MASK);
}

/** A masked value that comes back in an edit means "unchanged": it takes the value of the revision before. */
export function restoreMasked(edited: Manifest, before: Manifest, stackTemplates: StackTemplates): Manifest {
  return mapSecrets(edited, stackTemplates, (value, location) => {
    if (value !== MASK) return value;
    const path = location.split('.');
    const old = path.reduce<unknown>((part, key) => (isObject(part) ? part[key] : undefined), before.spec);
    return old ?? value;
  });
}
