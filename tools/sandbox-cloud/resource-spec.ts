import type { AccountScope, CloudParameters, CloudResource, ResourceQuery } from './account-store.port.js';
import { type InputSpec, map, text } from './inputs.js';
import { type CheckFailure, CloudError, type Properties } from './provider.port.js';

/**
 * The table entry of one resource type. A new type is one object of this shape in a file under types/, listed in
 * catalogue.ts; nothing else knows types.
 *
 * A *claim* is a text that only one resource of an account may hold: `<region or global>|<kind>|<value>`. Ids, names and
 * addresses are claims; a reference points to a claim. So uniqueness and "does not exist" need no rule of their own.
 */
export interface ResourceSpec {
  /** `aws:ec2/vpc:Vpc`. */
  readonly type: string;
  /** Kind of the claim on its id: `vpc`. */
  readonly kind: string;
  /** Lives outside regions (IAM, Route 53) and has no `region` argument. */
  readonly global?: boolean;
  /** Has `tags` and `tagsAll`. */
  readonly taggable?: boolean;
  /** Typical durations in seconds, as seen on AWS. */
  readonly seconds: { readonly create: number; readonly update?: number; readonly delete?: number };
  /** Auto-naming of the argument `input` (default `name`); `maxLength` as the real provider sets it. */
  readonly autoName?: { readonly maxLength: number; readonly prefix?: string; readonly input?: string };
  /** Every argument, without `region` and `tags`. */
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Computed values that are no arguments, without `region` and `tagsAll`. */
  readonly outputs: readonly string[];
  /** Those of them that are sensitive, as `secret` says of arguments. */
  readonly secretOutputs?: readonly string[];
  /** Rules over several arguments; values may be unknown. */
  readonly validate?: (inputs: Properties) => CheckFailure[];
  /** Changed arguments that replace in this very change, besides those that always do. */
  readonly replacesToo?: (olds: Properties, news: Properties) => readonly string[];
  readonly id: (context: IdContext) => string;
  /** What its id is unique within, out of inputs or outputs; without it that is account and region. */
  readonly idScope?: (properties: Properties) => string;
  readonly arn?: (context: ResourceContext) => string;
  /** What the program did not say and only the cloud knows; must be the same for the same context. */
  readonly compute: (context: ResourceContext) => Properties;
  /** Computed values that an update changes (a version): a preview of one does not know them. */
  readonly changesOnUpdate?: readonly string[];
  /** Further claims besides id and create token. With the inputs alone where possible: they also tell `deleteBeforeReplace`. */
  readonly claims?: (context: ClaimContext) => Claim[];
  /** Claims that exist together with the resource (a VPC's default group), known only once it has an id. */
  readonly implicitClaims?: (context: ResourceContext) => string[];
  readonly references?: (inputs: Properties, place: Place) => Record<string, Reference | undefined>;
  readonly quotas?: (inputs: Properties, place: Place) => Quota[];
  /** Rules that need to look around; on create and update, after references. @throws CloudError */
  readonly guard?: (context: GuardContext) => Promise<void> | void;
  /** @throws CloudError when it may not be deleted; after the rule of references. */
  readonly guardDelete?: (resource: CloudResource, cloud: CloudView) => Promise<void>;
  /** Effects on other resources once it exists. */
  readonly after?: (context: GuardContext) => Promise<void>;
  /** What refers to it goes with it instead of refusing the delete (`forceDestroy`). */
  readonly isForced?: (inputs: Properties) => boolean;
  /**
   * What others put into it (images, objects): a list that is neither argument nor output and is only set by hand. While it is not
   * empty, only force deletes the resource.
   */
  readonly contents?: { readonly property: string; readonly notEmpty: (resource: CloudResource) => CloudError };
  /** Delete only forgets it: it stays in the account (`skipDestroy`). */
  readonly isRetained?: (inputs: Properties) => boolean;
  readonly notFound: (id: string) => CloudError;
  /** Refusal of a delete while `referrer` needs it. */
  readonly inUse?: (resource: CloudResource, referrer: CloudResource) => CloudError;
}

/** Where a resource lives. */
export interface Place {
  readonly account: string;
  /** A region, or `global`. */
  readonly region: string;
}

export interface IdContext extends Place {
  /** Logical name. */
  readonly name: string;
  readonly seed: string;
  readonly inputs: Properties;
  /** What references resolved to, by the name the spec gave them; absent = no such argument. */
  readonly refs: Readonly<Record<string, CloudResource | undefined>>;
}

export interface ResourceContext extends IdContext {
  readonly id: string;
  readonly arn: string;
  readonly createdAt: Date;
  /** What the cloud had before an update. */
  readonly previous?: Properties;
}

export interface ClaimContext extends Place {
  readonly inputs: Properties;
  readonly refs: Readonly<Record<string, CloudResource | undefined>>;
}

export interface GuardContext extends Place {
  readonly urn: string;
  readonly inputs: Properties;
  readonly refs: Readonly<Record<string, CloudResource | undefined>>;
  readonly cloud: CloudView;
  /** Key of the resource itself on update. */
  readonly self?: string;
}

/** What a rule may see and touch of the account. */
export interface CloudView {
  find(query: ResourceQuery): Promise<CloudResource[]>;
  findByClaims(claims: readonly string[]): Promise<CloudResource[]>;
  /** Changes computed properties of another resource. */
  amend(resource: CloudResource, properties: Properties): Promise<void>;
  readonly scope: AccountScope;
}

/** What a look-up (data source) may see. */
export interface InvokeContext extends Place {
  readonly cloud: CloudView;
  /** What an administrator gave the parameter and secret look-ups to find. */
  readonly parameters: () => Promise<CloudParameters>;
}

export interface Claim {
  readonly value: string;
  /** The refusal when somebody else holds it. */
  readonly taken: (holder: CloudResource) => CloudError;
  /** The newcomer takes it over and the holder is forgotten (an upsert). */
  readonly overwrites?: boolean;
}

export interface Reference {
  readonly claim: string;
  /**
   * What deleting the target does: `refuse` = AWS says no; `cascade` = this one goes with it; `ignore` = it is left behind.
   */
  readonly onDelete: 'refuse' | 'cascade' | 'ignore';
  /** The refusal when the target does not exist. */
  readonly missing: CloudError;
}

export interface Quota {
  readonly limit: number;
  readonly query: ResourceQuery;
  readonly error: CloudError;
}

export function claimOf(region: string, kind: string, value: string): string {
  return `${region}|${kind}|${value}`;
}

/** The id as its claims hold it. */
export function scopedId(spec: ResourceSpec, properties: Properties, id: string): string {
  return spec.idScope ? `${spec.idScope(properties)}/${id}` : id;
}

/** The value as text; undefined where it is absent or empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** Argument that `check` guarantees. */
export function needText(inputs: Properties, key: string): string {
  const value = textOf(inputs[key]);
  if (value === undefined) throw new CloudError('MissingParameter', `The request must contain the parameter ${key}`);
  return value;
}

/** One failure unless exactly one of the arguments is given. */
export function exactlyOneOf(inputs: Properties, keys: readonly string[]): CheckFailure[] {
  const given = keys.filter((key) => inputs[key] !== undefined);
  if (given.length === 1) return [];
  const names = keys.join(', ');
  return [
    {
      property: given[1] ?? keys[0] ?? '',
      reason:
        given.length === 0
          ? `one of ${names} must be specified`
          : `only one of ${names} can be specified, got ${given.join(', ')}`,
    },
  ];
}

/** Stands for a sensitive value in an inventory. */
const HIDDEN = '***';

const REGION = text({ computed: true, replaces: true });
const TAGS = map();

/** All arguments of a type, with those that nearly every type has. */
export function inputTable(spec: ResourceSpec): Readonly<Record<string, InputSpec>> {
  return { ...spec.inputs, ...(!spec.global && { region: REGION }), ...(spec.taggable && { tags: TAGS }) };
}

/** Arguments and computed values that are sensitive in the provider's schema. */
export function secretKeys(spec: ResourceSpec): readonly string[] {
  const inputs = Object.entries(spec.inputs).filter(([, { secret }]) => secret === true);
  return [...inputs.map(([key]) => key), ...(spec.secretOutputs ?? [])];
}

/** Properties as an administrator may see them: what is sensitive is blanked out. */
export function shownProperties(spec: ResourceSpec, properties: Properties): Properties {
  const whole = secretKeys(spec);
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => {
      if (whole.includes(key) && value !== '') return [key, HIDDEN];
      const members = spec.inputs[key]?.secret;
      return [key, Array.isArray(members) ? withHidden(value, members as readonly string[]) : value];
    }),
  );
}

function withHidden(value: unknown, members: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]: [string, unknown]) => [key, members.includes(key) ? HIDDEN : member]),
  );
}
