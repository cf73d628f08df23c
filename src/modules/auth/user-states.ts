import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/kernel/clock.js';
import { OrganizationsRepository } from './organizations/organizations.repository.js';
import { RevocationsRepository } from './tokens/revocations.repository.js';
import { highestTier, membershipsOf, type OrganizationTier, type User } from './users/user.js';
import { UsersRepository } from './users/users.repository.js';

/** What authentication has to know about a user on every request. */
export interface UserState {
  readonly user: User;
  readonly tier: OrganizationTier;
  /** Ids of tokens and logins that are dead before their time. */
  readonly revoked: ReadonlySet<string>;
}

/** How long another instance's change may stay unseen, in ms; changes in this process are seen at once. */
const LIFE_MS = 10_000;
/** How long a known state goes on serving while the database does not answer, in ms: health pages must work then (api.md 3.14). */
const OUTAGE_MS = 600_000;
/** States kept at a time; the oldest goes first. */
const CAPACITY = 20_000;

interface Entry {
  /** Asked last, with or without success. */
  readonly loadedAt: number;
  /** Answered last. */
  readonly knownAt: number;
  readonly state: Promise<UserState | null>;
  /** What `state` has become; absent on its way. */
  readonly known?: UserState | null;
}

/** User, tier and revocations in memory for a few seconds: one read per user and life, however many requests. */
@Injectable()
export class UserStates {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly users: UsersRepository,
    private readonly organizations: OrganizationsRepository,
    private readonly revocations: RevocationsRepository,
    private readonly clock: Clock,
  ) {}

  /** null when there is no such user (any more). */
  get(userId: string): Promise<UserState | null> {
    const now = this.clock.now().getTime();
    const entry = this.#entries.get(userId);
    if (entry && now - entry.loadedAt < LIFE_MS) return entry.state;
    const fallback = entry && now - entry.knownAt < OUTAGE_MS ? entry : null;
    const loading = this.#load(userId);
    const state = loading.catch((error: unknown) => {
      if (!fallback) throw error;
      return fallback.state;
    });
    this.#entries.delete(userId); // so that it moves to the end
    this.#entries.set(userId, { loadedAt: now, knownAt: fallback?.knownAt ?? now, state });
    loading.then(
      (known) => this.#confirm(userId, state, known),
      () => fallback ?? this.forget(userId),
    );
    if (this.#entries.size > CAPACITY) this.#dropOldest();
    return state;
  }

  /** The state, if memory has it. */
  peek(userId: string): UserState | null {
    const entry = this.#entries.get(userId);
    return entry?.known && this.clock.now().getTime() - entry.loadedAt < LIFE_MS ? entry.known : null;
  }

  /** After every committed change of the user or its tokens. */
  forget(userId: string): void {
    this.#entries.delete(userId);
  }

  /** After a change of an organization's tier. */
  forgetAll(): void {
    this.#entries.clear();
  }

  /** The database has answered: from now on the state may bridge an outage again. */
  #confirm(userId: string, state: Promise<UserState | null>, known: UserState | null): void {
    const entry = this.#entries.get(userId);
    if (entry?.state === state) this.#entries.set(userId, { ...entry, knownAt: entry.loadedAt, known });
  }

  async #load(userId: string): Promise<UserState | null> {
    const user = await this.users.findById(userId);
    if (!user) return null;
    const [organizations, revoked] = await Promise.all([
      this.organizations.findAll(membershipsOf(user)),
      this.revocations.findIds(userId),
    ]);
    return {
      user,
      tier: user.tier ?? highestTier(organizations.map((o) => o.tier)),
      revoked: new Set(revoked),
    };
  }

  #dropOldest(): void {
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
