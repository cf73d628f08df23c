import { ENVIRONMENTS } from '../../../shared/http/principal.js';
import { isObject } from './merge.js';

/**
 * Accepted shapes → the canonical one (deployments.md 3.3): (a) as it is; (b) `environments` and `stacks` at top level; (c) flat
 * facts (`deployment_id`, `organization`, `created_at`, `account_id`…); (d) `config: {dev, stage, prod}` of a stack as its
 * environments; (e), (f) lists of names or of `{name, ...}`. What is missing stays missing: that is the schema's business.
 */
export function normalizeManifest(document: unknown): unknown {
  if (!isObject(document)) return document;
  const lifted = isObject(document['spec']) ? document : withSpec(document);
  const { spec, deployment, ...rest } = lifted;
  const parts = spec as Record<string, unknown>;
  return {
    ...rest,
    ...(deployment === undefined ? {} : { deployment: withoutAliases(deployment, DEPLOYMENT_ALIASES) }),
    spec: {
      ...parts,
      ...('environments' in parts ? { environments: eachOf(parts['environments'], environmentBlock) } : {}),
      ...('stacks' in parts ? { stacks: eachOf(parts['stacks'], stackBlock) } : {}),
    },
  };
}

const DEPLOYMENT_ALIASES: Readonly<Record<string, string>> = {
  deployment_id: 'id',
  deploymentId: 'id',
  organization: 'org',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
};
/** Facts that stand at top level in the flat form. */
const FLAT_FACTS = [
  ...Object.keys(DEPLOYMENT_ALIASES),
  'project',
  'domain',
  'pulumiOrg',
  'template',
  'createdAt',
  'updatedAt',
  'description',
  'tags',
];

/** Shapes (b) and (c). */
function withSpec(document: Record<string, unknown>): Record<string, unknown> {
  const { environments, stacks, spec: _none, ...others } = document;
  const flat = !isObject(others['deployment']);
  const facts = flat ? Object.entries(others).filter(([key]) => FLAT_FACTS.includes(key)) : [];
  const rest = Object.fromEntries(Object.entries(others).filter(([key]) => !(flat && FLAT_FACTS.includes(key))));
  return {
    ...rest,
    ...(facts.length > 0 ? { deployment: Object.fromEntries(facts) } : {}),
    spec: { ...(environments === undefined ? {} : { environments }), ...(stacks === undefined ? {} : { stacks }) },
  };
}

/** Shapes (e) and (f), then the block itself. */
function eachOf(blocks: unknown, change: (block: unknown) => unknown): unknown {
  const named = Array.isArray(blocks) ? Object.fromEntries(blocks.map(nameAndBlock)) : blocks;
  if (!isObject(named)) return named;
  return Object.fromEntries(Object.entries(named).map(([name, block]) => [name, change(block)]));
}

function nameAndBlock(entry: unknown): [string, unknown] {
  if (!isObject(entry)) return [String(entry), {}];
  const { name, ...block } = entry;
  return [String(name), block];
}

function environmentBlock(block: unknown): unknown {
  return withoutAliases(block, { account_id: 'account', accountId: 'account' });
}

function stackBlock(block: unknown): unknown {
  if (!isObject(block)) return block;
  const { config, environments, ...rest } = block;
  const perEnvironment =
    isObject(config) &&
    Object.keys(config).length > 0 &&
    Object.entries(config).every(
      ([key, value]) => (ENVIRONMENTS as readonly string[]).includes(key) && isObject(value),
    );
  const own = eachOf(environments, (each) => each);
  if (!perEnvironment) {
    return {
      enabled: true,
      ...rest,
      ...(config === undefined ? {} : { config }),
      ...(own === undefined ? {} : { environments: own }),
    };
  }
  const merged: Record<string, unknown> = isObject(own) ? { ...own } : {};
  for (const [name, values] of Object.entries(config)) {
    merged[name] = { ...(isObject(merged[name]) ? merged[name] : {}), config: values };
  }
  return { enabled: true, ...rest, environments: merged };
}

function withoutAliases(block: unknown, aliases: Readonly<Record<string, string>>): unknown {
  if (!isObject(block)) return block;
  return Object.fromEntries(Object.entries(block).map(([key, value]) => [aliases[key] ?? key, value]));
}
