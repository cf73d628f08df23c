import type { Clock } from '../../../shared/kernel/clock.js';
import type { Ids } from '../../../shared/kernel/ids.js';
import type { CloudQueries, QueryAnswer, QueryPlace } from '../cloud-queries.port.js';
import type { StackOutputs } from '../engine.port.js';
import type { DeclaredOutput, RunPlace, RunStack } from '../run-request.js';
import { randomPassword, subnets, timestamp } from './calculate.js';
import type { ContextFact, Placeholder, Query } from './parse.js';
import { UnresolvablePlaceholder } from './placeholder.errors.js';
import { fill, member, placeholdersOf, toTemplate, type Lookup, type Resolution, type Template } from './substitute.js';

/**
 * Resolves the placeholders of a stack's configuration (deployments.md 5.3 to 5.7).
 * 1. Inputs bound to an optional dependency that is not in the graph are left out.
 * 2. `ENV` keys are replaced by their trees (only they are read again).
 * 3. All others are looked up in the order facts, env, aws, secret, calculate, stack outputs; one cache per operation by
 *    canonical text; failures are not cached.
 * 4. Values are put in; what has none is listed in `unresolved` and stands as `<unresolved: …>`.
 * Modes: `strict` and `tolerant` differ in what the caller does with `unresolved`; `collect` takes outputs that are still
 * to come as given and asks the cloud only with `lookUps`.
 */

export type ResolveMode = 'strict' | 'collect' | 'tolerant';

/** Where outputs of other stacks come from. */
export interface OutputSource {
  /** The stack is in the graph of this environment. */
  has(stack: string): boolean;
  /** Of its template; empty = not declared, everything is allowed. */
  declared(stack: string): Readonly<Record<string, DeclaredOutput>>;
  /** null = not deployed. Asked once per stack until `forget`. */
  outputs(stack: string): Promise<StackOutputs | null>;
}

export type ConsumingStack = Pick<
  RunStack,
  'name' | 'config' | 'inputs' | 'secretKeys' | 'sticky' | 'optionalDependencies'
>;

export type ResolvedKind = 'environment' | 'context' | 'aws' | 'sticky' | 'output';

/** A value that came from outside the configuration; goes into the fingerprint. */
export interface ResolvedValue {
  readonly kind: ResolvedKind;
  /** Canonical text; sticky values have `<config path>|` before it. */
  readonly key: string;
  readonly value: unknown;
  readonly secret: boolean;
}

export interface Unresolved {
  readonly stack: string;
  /** Path in the stack's configuration. */
  readonly path: string;
  /** As written. */
  readonly placeholder: string;
  readonly problem: UnresolvablePlaceholder;
}

export interface ResolvedStack {
  readonly values: Readonly<Record<string, unknown>>;
  /** Declared secret or filled with a secret. */
  readonly secretKeys: readonly string[];
  readonly resolved: readonly ResolvedValue[];
  /** Sticky values made now, `<config path>|<canonical text>` → value; to be stored before they are used. */
  readonly newSticky: Readonly<Record<string, string>>;
  readonly unresolved: readonly Unresolved[];
  /** Keys of `values` whose value came, at least in part, from a placeholder. */
  readonly filledKeys: readonly string[];
  /** Keys left out because their optional dependency is not there. */
  readonly omittedKeys: readonly string[];
}

/** Exported by every stack whether declared or not (stacks.md 1.2). */
export const COMMON_OUTPUTS: readonly string[] = [
  'stackName',
  'stackEnvironment',
  'stackDeploymentId',
  'stackVersion',
  '__exists',
];

const ORDER: Readonly<Record<Query['kind'], number>> = {
  environmentKey: 0,
  context: 0,
  processVariable: 1,
  latestImage: 2,
  availabilityZones: 2,
  parameter: 2,
  hostedZone: 2,
  certificate: 2,
  defaultVpc: 2,
  accountId: 2,
  region: 2,
  secret: 3,
  subnets: 4,
  timestamp: 4,
  randomPassword: 4,
  uuid: 4,
  output: 5,
};

type Answer = QueryAnswer<unknown>;

/** One per operation. */
export class PlaceholderResolver {
  readonly #answers = new Map<string, Promise<Answer>>();
  readonly #outputs = new Map<string, Promise<StackOutputs | null>>();

  constructor(
    private readonly place: RunPlace,
    private readonly source: OutputSource,
    private readonly queries: CloudQueries,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  async resolve(stack: ConsumingStack, mode: ResolveMode, lookUps = true): Promise<ResolvedStack> {
    const templates = new Map<string, Template>();
    const omittedKeys: string[] = [];
    for (const [key, value] of Object.entries(stack.config)) {
      const template = toTemplate(value, key, this.place.environmentConfig);
      if (this.isBoundToAbsent(stack, template)) omittedKeys.push(key);
      else templates.set(key, template);
    }
    const newSticky: Record<string, string> = {};
    const found = new Map<string, Resolution>();
    const lookups = [...templates.values()].flatMap(placeholdersOf);
    for (const item of lookups.sort((a, b) => ORDER[a.placeholder.query.kind] - ORDER[b.placeholder.query.kind])) {
      const key = answerKey(item);
      if (!found.has(key)) found.set(key, await this.answer(stack, item, mode, lookUps, newSticky));
    }
    return this.putTogether(stack, templates, omittedKeys, found, newSticky);
  }

  /** A stack has been deployed in this run: its outputs are read again. */
  forget(stack: string): void {
    this.#outputs.delete(stack);
  }

  private putTogether(
    stack: ConsumingStack,
    templates: ReadonlyMap<string, Template>,
    omittedKeys: readonly string[],
    found: ReadonlyMap<string, Resolution>,
    newSticky: Readonly<Record<string, string>>,
  ): ResolvedStack {
    const unresolved: Unresolved[] = [];
    const resolved = new Map<string, ResolvedValue>();
    const values: Record<string, unknown> = {};
    const secretKeys = new Set(stack.secretKeys.filter((key) => templates.has(key)));
    const filledKeys: string[] = [];
    const lookup = (item: Lookup): Resolution => {
      const resolution = found.get(answerKey(item)) ?? { problem: noValue(item.placeholder) };
      const kind = resolvedKind(item.placeholder.query);
      if (kind && !('problem' in resolution)) {
        const key = kind === 'sticky' ? stickyKey(item) : item.placeholder.canonical;
        resolved.set(key, { kind, key, value: resolution.value, secret: resolution.secret });
      }
      return resolution;
    };
    for (const [key, template] of templates) {
      const filled = fill(template, lookup, {
        unresolved: (path, placeholder, problem) => unresolved.push({ stack: stack.name, path, placeholder, problem }),
        expanded: ({ canonical }, { value, secret }) =>
          resolved.set(canonical, { kind: 'environment', key: canonical, value, secret }),
      });
      values[key] = filled.value;
      if (filled.secret) secretKeys.add(key);
      if (hasPlaceholder(template)) filledKeys.push(key);
    }
    return {
      values,
      secretKeys: [...secretKeys],
      resolved: [...resolved.values()],
      newSticky,
      unresolved,
      filledKeys,
      omittedKeys,
    };
  }

  private isBoundToAbsent(stack: ConsumingStack, template: Template): boolean {
    return placeholdersOf(template).some(
      ({ placeholder: { query } }) =>
        query.kind === 'output' &&
        !this.source.has(query.stack) &&
        (stack.optionalDependencies ?? []).includes(query.stack),
    );
  }

  private async answer(
    stack: ConsumingStack,
    item: Lookup,
    mode: ResolveMode,
    lookUps: boolean,
    newSticky: Record<string, string>,
  ): Promise<Resolution> {
    const { query, canonical } = item.placeholder;
    if (mode === 'collect' && !lookUps && ORDER[query.kind] >= 2 && ORDER[query.kind] <= 3) return pending(canonical);
    try {
      if (query.kind === 'randomPassword' || query.kind === 'uuid') return this.sticky(stack, item, newSticky);
      if (query.kind === 'output') return await this.output(stack.name, query, mode);
      const answer = await this.cached(canonical, () => this.ask(query));
      return answer.value === null || answer.value === undefined ? { problem: noValue(item.placeholder) } : answer;
    } catch (cause) {
      return { problem: asProblem(cause, item.placeholder) };
    }
  }

  private cached(canonical: string, ask: () => Promise<Answer>): Promise<Answer> {
    const known = this.#answers.get(canonical);
    if (known) return known;
    const asked = ask();
    this.#answers.set(canonical, asked);
    asked.catch(() => this.#answers.delete(canonical));
    return asked;
  }

  private async ask(query: Exclude<Query, { kind: 'output' | 'randomPassword' | 'uuid' }>): Promise<Answer> {
    const place = this.queryPlace('region' in query ? query.region : undefined);
    switch (query.kind) {
      case 'environmentKey':
        return open(member(this.place.environmentConfig, query.key));
      case 'context':
        return open(fact(this.place, query.fact));
      case 'processVariable': {
        const value = this.place.processEnv[query.name];
        if (value !== undefined) return open(value);
        throw new UnresolvablePlaceholder('PH-007', `The variable ${query.name} is not set or may not be read`);
      }
      case 'latestImage':
        return this.queries.latestImage(place, query.os, query.architecture);
      case 'availabilityZones':
        return this.zones(place, query.count);
      case 'parameter':
        return this.queries.parameter(place, query.path);
      case 'secret':
        return this.secret(place, query.id, query.jsonKey);
      case 'hostedZone':
        return this.queries.hostedZone(place, query.domain);
      case 'certificate':
        return this.queries.certificate(place, query.domain);
      case 'defaultVpc':
        return this.queries.defaultVpc(place);
      case 'accountId':
        return this.queries.accountId(place);
      case 'region':
        return open(this.place.region);
      case 'subnets':
        return open(subnets(query.cidr, query.prefix, query.count));
      case 'timestamp':
        return open(timestamp(query.format, this.clock.now()));
    }
  }

  private queryPlace(region: string | undefined): QueryPlace {
    const { organization, account } = this.place;
    return { organization, account, region: region ?? this.place.region };
  }

  private async zones(place: QueryPlace, count: number | undefined): Promise<Answer> {
    const answer = await this.queries.availabilityZones(place);
    if (count !== undefined && (count < 1 || count > answer.value.length)) {
      throw new UnresolvablePlaceholder('PH-011', `${place.region} has ${answer.value.length} zones, not ${count}`);
    }
    return { ...answer, value: count === undefined ? answer.value : answer.value.slice(0, count) };
  }

  private async secret(place: QueryPlace, id: string, jsonKey: string | undefined): Promise<Answer> {
    const { value } = await this.queries.secret(place, id);
    const picked = jsonKey === undefined ? value : member(parsed(value), jsonKey);
    if (picked === undefined || picked === null) {
      throw new UnresolvablePlaceholder('PH-012', `The secret "${id}" has no member "${jsonKey}"`);
    }
    return { value: picked, secret: true };
  }

  private sticky(stack: ConsumingStack, item: Lookup, newSticky: Record<string, string>): Resolution {
    const { query } = item.placeholder;
    const key = stickyKey(item);
    const make = (): string => (query.kind === 'randomPassword' ? randomPassword(query.length) : this.ids.uuid());
    const value = stack.sticky[key] ?? (newSticky[key] ??= make());
    return { value, secret: query.kind === 'randomPassword' };
  }

  private async output(
    consumer: string,
    query: Extract<Query, { kind: 'output' }>,
    mode: ResolveMode,
  ): Promise<Resolution> {
    const { stack, output } = query;
    if (stack === consumer) throw new UnresolvablePlaceholder('PH-005', `${stack} reads its own output ${output}`);
    if (!this.source.has(stack)) {
      throw new UnresolvablePlaceholder(
        'PH-003',
        `${consumer} reads ${stack}, which is not enabled in this environment`,
      );
    }
    const declared = this.source.declared(stack);
    const names = Object.keys(declared);
    const name = [...names, ...COMMON_OUTPUTS].find((each) => output === each || output.startsWith(`${each}.`));
    if (names.length > 0 && name === undefined) {
      throw new UnresolvablePlaceholder('PH-004', `${stack} declares no output ${output}`, {
        details: { declared: names },
      });
    }
    if (mode === 'collect') return pending(`{{RUNTIME:${stack}:${output}}}`);
    const outputs = await this.outputsOf(stack);
    if (!outputs) throw new UnresolvablePlaceholder('PH-004', `${stack} is not deployed, so it has no ${output}`);
    const [key, rest] = outputKey(outputs, output);
    const held = key === undefined ? undefined : outputs[key];
    const value = held && rest !== '' ? member(held.value, rest) : held?.value;
    if (held === undefined || value === undefined || value === null) {
      throw new UnresolvablePlaceholder('PH-004', `${stack} is deployed, but has no output ${output}`);
    }
    return { value, secret: held.secret || (declared[key ?? '']?.secret ?? false) };
  }

  private outputsOf(stack: string): Promise<StackOutputs | null> {
    const known = this.#outputs.get(stack);
    if (known) return known;
    const asked = this.source.outputs(stack);
    this.#outputs.set(stack, asked);
    asked.catch(() => this.#outputs.delete(stack));
    return asked;
  }
}

function hasPlaceholder(template: Template): boolean {
  switch (template.kind) {
    case 'value':
      return false;
    case 'list':
      return template.items.some(hasPlaceholder);
    case 'map':
      return template.entries.some(([, each]) => hasPlaceholder(each));
    case 'text':
      return true;
  }
}

/** Sticky values belong to their place, everything else to its text. */
function answerKey(item: Lookup): string {
  return resolvedKind(item.placeholder.query) === 'sticky' ? stickyKey(item) : item.placeholder.canonical;
}

function stickyKey({ path, placeholder }: Lookup): string {
  return `${path}|${placeholder.canonical}`;
}

/** null = determined by its text alone, or of the moment (`timestamp`): no part of the fingerprint. */
function resolvedKind(query: Query): ResolvedKind | null {
  switch (query.kind) {
    case 'environmentKey':
    case 'processVariable':
      return 'environment';
    case 'context':
      return 'context';
    case 'randomPassword':
    case 'uuid':
      return 'sticky';
    case 'output':
      return 'output';
    case 'subnets':
    case 'timestamp':
      return null;
    default:
      return 'aws';
  }
}

/** The longest leading part that is an output; the whole text first (5.2). */
function outputKey(outputs: StackOutputs, text: string): readonly [string | undefined, string] {
  if (Object.hasOwn(outputs, text)) return [text, ''];
  for (let dot = text.lastIndexOf('.'); dot > 0; dot = text.lastIndexOf('.', dot - 1)) {
    const head = text.slice(0, dot);
    if (Object.hasOwn(outputs, head)) return [head, text.slice(dot + 1)];
  }
  return [undefined, ''];
}

function fact(place: RunPlace, name: ContextFact): string {
  switch (name) {
    case 'deployment.id':
      return place.deploymentId;
    case 'deployment.org':
      return place.organizationName;
    case 'deployment.project':
      return place.projectName;
    case 'deployment.domain':
      return place.domain;
    case 'env.name':
      return place.environment;
    case 'env.region':
      return place.region;
    case 'env.accountId':
      return place.account;
  }
}

function open(value: unknown): Answer {
  return { value, secret: false };
}

/** Stands for a value that is not asked for yet. */
function pending(canonical: string): Resolution {
  return { value: `<later: ${canonical}>`, secret: false };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller reports the missing member
  }
}

function noValue(placeholder: Placeholder): UnresolvablePlaceholder {
  return new UnresolvablePlaceholder('PH-012', `${placeholder.text} has no value`);
}

function asProblem(cause: unknown, placeholder: Placeholder): UnresolvablePlaceholder {
  if (cause instanceof UnresolvablePlaceholder) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  const rule = placeholder.query.kind === 'output' ? 'PH-004' : 'PH-012';
  return new UnresolvablePlaceholder(rule, `${placeholder.text} could not be looked up: ${why}`, { cause });
}
