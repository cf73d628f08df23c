import type { Properties } from './provider.port.js';
import type { FaultRule } from './fault-rule.js';

/** One account of one organization; the same account number of another organization is another account. */
export interface AccountScope {
  readonly organization: string;
  readonly account: string;
}

/** Something that exists in the sandbox. */
export interface CloudResource extends AccountScope {
  /** `<region>|<type>|<id>`: unique in the account; also the first of its claims. */
  readonly key: string;
  readonly type: string;
  readonly id: string;
  /** `''` for what has no ARN in AWS (a route, an attachment). */
  readonly arn: string;
  readonly urn: string;
  /** Pulumi stack name out of the URN. */
  readonly stack: string;
  /** A region, or `global` (IAM, Route 53). */
  readonly region: string;
  /** Token of the create request that made it. */
  readonly token: string;
  /** URN and creation count: the source of every invented value. */
  readonly seed: string;
  /** Completed inputs of the last create or update. */
  readonly inputs: Properties;
  /** What the cloud has now: inputs, computed values, and changes made by hand. */
  readonly properties: Properties;
  /** Input keys changed by hand since the last update of that key. */
  readonly drifted: readonly string[];
  /** What nothing else in the account may hold as well: key, names, addresses, the create token. Never empty. */
  readonly claims: readonly string[];
  /** Claims of other resources that this one points to. */
  readonly refs: readonly string[];
  /** Counts writes; `replace` refuses a stale one. */
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** All given fields must be equal; `ref` = the resource points to this claim, or to one of these. */
export interface ResourceQuery {
  readonly type?: string;
  readonly region?: string;
  readonly stack?: string;
  readonly urn?: string;
  readonly ref?: string | readonly string[];
  readonly id?: string;
  readonly arn?: string;
}

/** What the parameter and secret look-ups find. */
export interface CloudParameters {
  /** Path → value; a list is a StringList. */
  readonly ssm: Readonly<Record<string, string | readonly string[]>>;
  /** Id → text. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface SandboxSettings {
  readonly parameters: CloudParameters;
  readonly faults: readonly FaultRule[];
  /** Changes with every new list, so that counters start again. */
  readonly faultsRevision: number;
  /** Factor of the typical durations; undefined = the start value of the process. */
  readonly speed?: number;
}

/** Where the sandbox keeps its accounts. Every method is one atomic step. */
export interface AccountStore {
  /** Resources that hold at least one of the claims. */
  findByClaims(scope: AccountScope, claims: readonly string[]): Promise<CloudResource[]>;
  /** Oldest first, then by key. */
  find(scope: AccountScope, query: ResourceQuery, page?: { skip: number; limit: number }): Promise<CloudResource[]>;
  count(scope: AccountScope, query: ResourceQuery): Promise<number>;
  /** False (and nothing stored) when one of its claims is taken. */
  insert(resource: CloudResource): Promise<boolean>;
  /**
   * Stores `resource` over the stored one of the same key whose revision is `resource.revision - 1`.
   * `stale`: there is none (deleted or changed meanwhile); `taken`: another resource holds one of its claims.
   */
  replace(resource: CloudResource): Promise<'replaced' | 'stale' | 'taken'>;
  /** False = was not there. */
  remove(scope: AccountScope, key: string): Promise<boolean>;
  /** How often this URN was created so far. */
  creations(organization: string, urn: string): Promise<number>;
  /** Counts one more creation and returns its number (1 = first). */
  nextCreation(organization: string, urn: string): Promise<number>;
  /** Empty lists and maps where nothing was saved yet. */
  settings(organization: string): Promise<SandboxSettings>;
  saveParameters(organization: string, parameters: CloudParameters): Promise<void>;
  /** Replaces the whole list and raises `faultsRevision`. */
  saveFaults(organization: string, faults: readonly FaultRule[]): Promise<void>;
  saveSpeed(organization: string, factor: number): Promise<void>;
  /** Counts one match of a rule of this list and returns the count (1 = first). */
  countMatch(organization: string, faultsRevision: number, rule: number): Promise<number>;
}
