import { Clock } from '../../shared/kernel/clock.js';
import type { OrganizationsRepository } from './organizations/organizations.repository.js';
import type { RevocationsRepository } from './tokens/revocations.repository.js';
import { aUser } from '../../../test/factories/users.js';
import { UserStates } from './user-states.js';
import type { UsersRepository } from './users/users.repository.js';

class MovableClock extends Clock {
  ms = 0;
  now(): Date {
    return new Date(this.ms);
  }
  sleep(): Promise<void> {
    return Promise.resolve();
  }
}

describe('UserStates', () => {
  const user = aUser();
  const setUp = (): { states: UserStates; clock: MovableClock; outage: { on: boolean }; reads: () => number } => {
    const clock = new MovableClock();
    const outage = { on: false };
    let reads = 0;
    const users = {
      findById: async () => {
        reads += 1;
        return outage.on ? Promise.reject(new Error('no database')) : user;
      },
    } as unknown as UsersRepository;
    const organizations = { findAll: async () => [] } as unknown as OrganizationsRepository;
    const revocations = { findIds: async () => [] } as unknown as RevocationsRepository;
    return { states: new UserStates(users, organizations, revocations, clock), clock, outage, reads: () => reads };
  };

  it('asks the database once in ten seconds', async () => {
    const { states, clock, reads } = setUp();
    await states.get(user.id);
    clock.ms += 9_999;
    await states.get(user.id);
    expect(reads()).toBe(1);
    clock.ms += 1;
    await states.get(user.id);
    expect(reads()).toBe(2);
  });

  it('bridges an outage of the database with what it knew, for ten minutes', async () => {
    const { states, clock, outage } = setUp();
    await states.get(user.id);
    outage.on = true;
    for (clock.ms = 10_000; clock.ms < 600_000; clock.ms += 10_000) {
      expect((await states.get(user.id))?.user.id).toBe(user.id);
    }
    clock.ms = 600_000;
    await expect(states.get(user.id)).rejects.toThrow('no database');
  });

  it('knows nobody it has never read while the database is away', async () => {
    const { states, outage } = setUp();
    outage.on = true;
    await expect(states.get(user.id)).rejects.toThrow('no database');
  });
});
