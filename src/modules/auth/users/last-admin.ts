import { Injectable } from '@nestjs/common';
import { LastAdmin } from '../auth.errors.js';
import { administers, type User } from './user.js';
import { UsersRepository } from './users.repository.js';

/**
 * Somebody must be left to administer (api.md 3.13, LAST_ADMIN). Runs inside the transaction of the change:
 * 1. which organizations (`*` among them) lose this administrator by the change?
 * 2. each needs another active one; for a single organization an administrator of all will do;
 * 3. the transaction relies on that other one, so two administrators who remove each other conflict and one is refused.
 */
@Injectable()
export class LastAdminRule {
  constructor(private readonly users: UsersRepository) {}

  /** @param after the user as it will be @throws LastAdmin naming the organizations that would have none */
  async check(before: User, after: Pick<User, 'assignments' | 'status'>): Promise<void> {
    const kept = new Set(administers(after));
    const lost = administers(before).filter((organization) => !kept.has(organization) && !kept.has('*'));
    const orphaned: string[] = [];
    for (const organization of lost) {
      const other = await this.users.findOtherAdmin(organization, before.id);
      if (other) await this.users.relyOn(other.id);
      else orphaned.push(organization);
    }
    if (orphaned.length > 0) throw new LastAdmin(orphaned);
  }
}
