import type { StackTemplate } from '../../src/modules/templates/stack-template.js';
import { ENVIRONMENT, KEY, type World } from './world.js';

/**
 * The naive twin of merge, placeholders, code digest and comparison: it writes down everything, in full, and compares texts. It
 * shares no line with the product; where the two disagree one of them is wrong.
 */
export interface Evidence {
  /** All that the program can see: configuration as it gets it, which of it is secret, its files, where it runs. */
  readonly seen: string;
  /** Besides that what deployments.md 7.4 counts although no program sees it: texts before they are filled, template, edges. */
  readonly told: string;
}

type Values = Record<string, unknown>;
const EXCLUDED = /(^|\/)(node_modules|bin|\.git|docs)\/|\.log$|\.spec\.[jt]s$|\.map$/;

export function evidenceOf(world: World, stack: string): Evidence {
  const template = world.templates.get(stack);
  if (!template) throw new RangeError(stack);
  const merged = mergedOf(world, template);
  const secret = new Set(Object.keys(merged).filter((key) => template.inputs[key]?.secret));
  const visible: Record<string, string> = {};
  for (const [key, value] of Object.entries(merged)) {
    const filled = fill(world, stack, key, value, () => secret.add(key));
    if (filled === null || filled === undefined) continue;
    visible[key] = typeof filled === 'string' ? asDeclared(filled, template, key, value) : text(filled);
  }
  const place = [world.account, world.region, KEY.deploymentId, stack];
  const code = codeOf(world, stack);
  const seen = text({ visible, secret: [...secret].filter((key) => key in visible).sort(), code, place });
  return { seen, told: text({ seen, merged, template: bare(template), edges: edgesOf(world, template) }) };
}

/** Stacks that are on, dependencies first. */
export function isOn(world: World, stack: string): boolean {
  const block = world.manifest.spec.stacks[stack];
  return block?.enabled === true && block.environments?.dev?.enabled !== false;
}

/** Names it needs in this environment. */
export function edgesOf(world: World, template: StackTemplate): string[] {
  const reads = JSON.stringify(mergedOf(world, template));
  const implicit = world.names.filter((name) => reads.includes(`RUNTIME:${name}:`) || reads.includes(`\${${name}.`));
  const named = world.manifest.spec.stacks[template.name]?.dependencies ?? [];
  const all = [...template.dependencies, ...template.optionalDependencies, ...named, ...implicit];
  return world.names.filter((name) => all.includes(name) && isOn(world, name));
}

function mergedOf(world: World, template: StackTemplate): Values {
  const { deployment, spec } = world.manifest;
  const block = spec.stacks[template.name];
  let values: Values = {};
  for (const [key, input] of Object.entries(template.inputs)) values[key] = structuredClone(input.default);
  values = {
    ...values,
    ...{ deploymentId: deployment.id, organization: deployment.org, project: deployment.project },
    ...{ environment: ENVIRONMENT, region: spec.environments.dev?.region, accountId: spec.environments.dev?.account },
    ...{ domain: deployment.domain, extraTags: { ...deployment.tags } },
  };
  values = laid(values, { ...block?.config });
  const shared = Object.entries(spec.environments.dev?.config ?? {});
  values = laid(values, Object.fromEntries(shared.filter(([key]) => key in template.inputs || key in values)));
  values = laid(values, { ...block?.environments?.dev?.config });
  values = laid(values, world.overrides[template.name] ?? {});
  const absent = template.optionalDependencies.filter((name) => !isOn(world, name));
  for (const name of absent) {
    for (const [key, value] of Object.entries(values)) {
      if (typeof value === 'string' && (value.includes(`RUNTIME:${name}:`) || value.includes(`\${${name}.`))) {
        delete values[key];
      }
    }
  }
  return values;
}

function laid(under: Values, over: Values): Values {
  const result: Values = { ...under };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete result[key];
    else if (isMap(value)) result[key] = laid(isMap(result[key]) ? result[key] : {}, value);
    else if (value !== undefined) result[key] = value;
  }
  return result;
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const PLACEHOLDER =
  /\{\{RUNTIME:(?<head>[a-z]+):(?<rest>[^{}]+)\}\}|\{\{ENV:(?<env>[^{}]+)\}\}|\{\{SECRET:(?<secret>[^{}]+)\}\}|\$\{(?<left>[a-z]+)\.(?<right>[a-z.]+)\}/g;

function fill(world: World, stack: string, path: string, value: unknown, markSecret: () => void): unknown {
  if (Array.isArray(value)) return value.map((item, i) => fill(world, stack, `${path}[${i}]`, item, markSecret));
  if (isMap(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fill(world, stack, `${path}.${key}`, item, markSecret)]),
    );
  }
  if (typeof value !== 'string') return value;
  const plain = value.replaceAll('\\{{', '\u0000');
  const found = [...plain.matchAll(PLACEHOLDER)];
  const resolve = (match: RegExpMatchArray | Values): unknown =>
    lookUp(world, stack, path, match as Values, markSecret);
  if (found.length === 1 && found[0]?.[0] === plain) return resolve(found[0].groups ?? {});
  const parts = plain.replace(PLACEHOLDER, (...args: unknown[]) => {
    const answer = resolve(args.at(-1) as Values);
    return typeof answer === 'string' ? answer : JSON.stringify(answer);
  });
  return parts.replaceAll('\u0000', '{{');
}

function lookUp(world: World, stack: string, path: string, groups: Values, markSecret: () => void): unknown {
  const { head, rest, env, secret, left, right } = groups as Record<string, string | undefined>;
  if (secret !== undefined) {
    markSecret();
    return world.secrets[secret];
  }
  if (env !== undefined) return (world.manifest.spec.environments.dev?.config ?? {})[env];
  if (head === 'aws') return world.ssm[(rest ?? '').replace('ssmParameter:', '')];
  if (head === 'env') return world.processEnv[rest ?? ''];
  if (head === 'calculate') return world.sticky.get(stack)?.[`${path}|{{RUNTIME:calculate:uuid}}`];
  if (left === 'deployment') return world.manifest.deployment.domain;
  const [producer, query = ''] = [head ?? left ?? '', rest ?? right];
  const [name = '', member] = query.split('.');
  const output = world.instances.get(producer)?.outputs[name];
  if (output?.secret || world.templates.get(producer)?.outputs[name]?.secret) markSecret();
  return member === undefined ? output?.value : (output?.value as Values | undefined)?.[member];
}

/** A number that came as text out of a placeholder is given as that number. */
function asDeclared(filled: string, template: StackTemplate, key: string, written: unknown): string {
  const isNumber = template.inputs[key]?.type === 'number' && written !== filled && Number.isFinite(Number(filled));
  return isNumber ? String(Number(filled)) : filled;
}

function codeOf(world: World, stack: string): unknown {
  const kept = (name: string): string[][] =>
    [...(world.code.get(name) ?? [])].filter(([path]) => !EXCLUDED.test(path)).sort(([a], [b]) => (a < b ? -1 : 1));
  const own = kept(stack);
  const usesShared = own.some(([, content]) => content?.includes('/shared/'));
  return { own, shared: usesShared ? kept('shared') : [] };
}

function bare(template: StackTemplate): unknown {
  const {
    templateHash: _hash,
    displayName: _title,
    estimatedDuration: _seconds,
    estimatedResources: _count,
    estimatedMonthlyCost: _usd,
    ...rest
  } = template;
  return rest;
}

/** Equal values give equal text; the order of keys is no difference. */
function text(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    isMap(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
}
