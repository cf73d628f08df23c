import type {
  AccountScope,
  AccountStore,
  CloudParameters,
  CloudResource,
  ResourceQuery,
  SandboxSettings,
} from './account-store.port.js';
import type { FaultRule } from './fault-rule.js';

/** Accounts in memory, for tests; passes the same contract suite as the stored one. */
export class MemoryAccountStore implements AccountStore {
  private readonly resources: CloudResource[] = [];
  private readonly counters = new Map<string, number>();
  private readonly saved = new Map<string, SandboxSettings>();

  findByClaims(scope: AccountScope, claims: readonly string[]): Promise<CloudResource[]> {
    return Promise.resolve(
      copy(this.of(scope).filter((resource) => resource.claims.some((claim) => claims.includes(claim)))),
    );
  }

  find(scope: AccountScope, query: ResourceQuery, page?: { skip: number; limit: number }): Promise<CloudResource[]> {
    const found = this.of(scope)
      .filter((resource) => matches(resource, query))
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.key < b.key ? -1 : 1));
    return Promise.resolve(copy(page ? found.slice(page.skip, page.skip + page.limit) : found));
  }

  async count(scope: AccountScope, query: ResourceQuery): Promise<number> {
    return (await this.find(scope, query)).length;
  }

  insert(resource: CloudResource): Promise<boolean> {
    if (this.indexOf(resource, resource.key) >= 0 || this.isTaken(resource)) return Promise.resolve(false);
    this.resources.push(structuredClone(resource));
    return Promise.resolve(true);
  }

  replace(resource: CloudResource): Promise<'replaced' | 'stale' | 'taken'> {
    const index = this.indexOf(resource, resource.key);
    if (this.resources[index]?.revision !== resource.revision - 1) return Promise.resolve('stale');
    if (this.isTaken(resource)) return Promise.resolve('taken');
    this.resources[index] = structuredClone(resource);
    return Promise.resolve('replaced');
  }

  remove(scope: AccountScope, key: string): Promise<boolean> {
    const index = this.indexOf(scope, key);
    if (index >= 0) this.resources.splice(index, 1);
    return Promise.resolve(index >= 0);
  }

  creations(organization: string, urn: string): Promise<number> {
    return Promise.resolve(this.counters.get(`${organization}|${urn}`) ?? 0);
  }

  nextCreation(organization: string, urn: string): Promise<number> {
    return Promise.resolve(this.increment(`${organization}|${urn}`));
  }

  settings(organization: string): Promise<SandboxSettings> {
    return Promise.resolve(structuredClone(this.settingsOf(organization)));
  }

  saveParameters(organization: string, parameters: CloudParameters): Promise<void> {
    return this.save(organization, { parameters });
  }

  saveFaults(organization: string, faults: readonly FaultRule[]): Promise<void> {
    return this.save(organization, { faults, faultsRevision: this.settingsOf(organization).faultsRevision + 1 });
  }

  saveSpeed(organization: string, factor: number): Promise<void> {
    return this.save(organization, { speed: factor });
  }

  countMatch(organization: string, faultsRevision: number, rule: number): Promise<number> {
    return Promise.resolve(this.increment(`${organization}|fault|${faultsRevision}|${rule}`));
  }

  private of(scope: AccountScope): CloudResource[] {
    return this.resources.filter((r) => r.organization === scope.organization && r.account === scope.account);
  }

  private indexOf(scope: AccountScope, key: string): number {
    return this.resources.findIndex(
      (r) => r.organization === scope.organization && r.account === scope.account && r.key === key,
    );
  }

  /** Whether a resource other than the one of this key holds one of the claims. */
  private isTaken(resource: CloudResource): boolean {
    return this.of(resource).some(
      (other) => other.key !== resource.key && other.claims.some((claim) => resource.claims.includes(claim)),
    );
  }

  private increment(counter: string): number {
    const next = (this.counters.get(counter) ?? 0) + 1;
    this.counters.set(counter, next);
    return next;
  }

  private settingsOf(organization: string): SandboxSettings {
    return this.saved.get(organization) ?? { parameters: { ssm: {}, secrets: {} }, faults: [], faultsRevision: 0 };
  }

  private save(organization: string, change: Partial<SandboxSettings>): Promise<void> {
    this.saved.set(organization, structuredClone({ ...this.settingsOf(organization), ...change }));
    return Promise.resolve();
  }
}

function matches(resource: CloudResource, { ref, ...equal }: ResourceQuery): boolean {
  const fields = Object.entries(equal) as [keyof typeof equal, string | undefined][];
  return (
    fields.every(([field, value]) => value === undefined || resource[field] === value) &&
    (ref === undefined || [ref].flat().some((claim) => resource.refs.includes(claim)))
  );
}

function copy(resources: readonly CloudResource[]): CloudResource[] {
  return structuredClone([...resources]);
}
