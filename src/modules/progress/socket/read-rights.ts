import type { Access } from '../../../shared/http/access.port.js';
import type { Principal } from '../../../shared/http/principal.js';
import type { StoredEvent } from '../../../shared/events/events.js';

/** May the caller of a connection read an event? Answers are kept until the caller's rights are replaced. */
export class ReadRights {
  readonly #known = new Map<string, boolean>();

  constructor(
    private readonly access: Access,
    private current: Principal,
  ) {}

  get principal(): Principal {
    return this.current;
  }

  replace(principal: Principal): void {
    this.current = principal;
    this.#known.clear();
  }

  /** `permission` is the channel's; log frames need `logs:read` as well (api.md 4.3). */
  mayRead(event: StoredEvent, permission: string): boolean {
    return this.may(event, permission) && (event.type !== 'log' || this.may(event, 'logs:read'));
  }

  private may({ scope }: StoredEvent, permission: string): boolean {
    const { organization, project, deploymentId, environment } = scope;
    const key = [permission, organization, project, deploymentId, environment].join('\n');
    let answer = this.#known.get(key);
    if (answer === undefined) {
      answer = this.access.may(this.current, permission, {
        organization,
        ...(project ? { project } : {}),
        ...(deploymentId ? { deploymentId } : {}),
        ...(environment ? { environment } : {}),
      });
      this.#known.set(key, answer);
    }
    return answer;
  }
}
