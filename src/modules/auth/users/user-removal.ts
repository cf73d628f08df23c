import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../../shared/database/unit-of-work.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { createLog } from '../../../shared/kernel/log.js';
import { ApiKeysRepository } from '../keys/api-keys.repository.js';
import { KeyRing } from '../keys/key-ring.js';
import { LoginsService } from '../tokens/logins.service.js';
import { UserStates } from '../user-states.js';
import { LastAdminRule } from './last-admin.js';
import type { User } from './user.js';
import { UsersRepository } from './users.repository.js';

const log = createLog('auth');

/** Ends an account: personal data is removed, keys and logins die, the id stays for the audit log. */
@Injectable()
export class UserRemoval {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UsersRepository,
    private readonly keys: ApiKeysRepository,
    private readonly logins: LoginsService,
    private readonly lastAdmin: LastAdminRule,
    private readonly states: UserStates,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** @throws LastAdmin */
  async remove(user: User): Promise<void> {
    const now = this.clock.now();
    await this.unitOfWork.run(async () => {
      await this.lastAdmin.check(user, { assignments: [], status: 'disabled' });
      await this.users.anonymize(user.id, now);
      await this.keys.revokeAll(user.id, now);
      await this.logins.endAll(user.id);
    });
    this.states.forget(user.id);
    this.ring.forgetOwner(user.id);
    log.info('user removed', { userId: user.id });
  }
}
