import { AppError, Conflict, Denied, Refused } from '../../shared/errors/app-error.js';
import type { FieldProblem } from '../../shared/errors/app-error.js';
import type { Tier } from '../../shared/http/principal.js';

/** 401 `AUTH_REQUIRED`. */
export class CredentialMissing extends Denied {
  constructor(message = 'Authentication required') {
    super('AUTH_REQUIRED', 401, message);
  }
}

/** Unknown, expired or revoked key; the same words for all of them. */
export class KeyUnknown extends Denied {
  constructor() {
    super('AUTH_INVALID_API_KEY', 401, 'Invalid API key');
  }
}

/** Empty, too long, or with characters no key can have. */
export class KeyMalformed extends Denied {
  constructor() {
    super('AUTH_MALFORMED_API_KEY', 401, 'Malformed API key');
  }
}

/** Malformed, wrongly signed, for another audience, or revoked. */
export class TokenInvalid extends Denied {
  constructor(message = 'Invalid token', cause?: unknown) {
    super('AUTH_INVALID_TOKEN', 401, message, { cause });
  }
}

export class TokenExpired extends Denied {
  constructor(expiredAt: Date, currentTime: Date) {
    super('AUTH_TOKEN_EXPIRED', 401, 'The token has expired', {
      details: { expiredAt: expiredAt.toISOString(), currentTime: currentTime.toISOString() },
      suggestion: 'Get a new one from POST /api/v1/auth/refresh, or log in again',
    });
  }
}

/** A refresh token that was already rotated: its family is revoked now. */
export class TokenReused extends Denied {
  constructor() {
    super('AUTH_TOKEN_REUSED', 401, 'This refresh token was used before; all tokens of its login are revoked', {
      suggestion: 'Log in again',
    });
  }
}

/** Unknown user and wrong password, not to be told apart. */
export class CredentialsWrong extends Denied {
  constructor() {
    super('AUTH_INVALID_CREDENTIALS', 401, 'User name or password is wrong');
  }
}

export class AccountLocked extends Denied {
  constructor(until: Date, now: Date) {
    super('AUTH_ACCOUNT_LOCKED', 403, 'The account is locked after too many failed logins', {
      details: { lockedUntil: until.toISOString() },
      headers: { 'Retry-After': String(Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000))) },
      suggestion: 'Try again later, or ask an administrator to unlock it',
    });
  }
}

export class AccountDisabled extends Denied {
  constructor() {
    super('AUTH_ACCOUNT_DISABLED', 403, 'The account is disabled');
  }
}

/** What only a person may do, e.g. managing keys. */
export class NotWithKey extends Denied {
  constructor(permission: string) {
    super('AUTHZ_FORBIDDEN', 403, 'An API key cannot do this; use the access token of a user', {
      details: { permission, requiredRoles: [] },
    });
  }
}

export class RegistrationDisabled extends Denied {
  constructor() {
    super('REGISTRATION_DISABLED', 403, 'Self-registration is off; ask an administrator for an account');
  }
}

/** `details.rules` lists what the password lacks; the password itself is nowhere. */
export class PasswordTooWeak extends Refused {
  constructor(rules: readonly string[]) {
    super('PASSWORD_POLICY', `The password ${rules.join(', and ')}`, { details: { rules } });
  }
}

export class Taken extends Conflict {
  constructor(resource: string, field: string) {
    super('RESOURCE_ALREADY_EXISTS', `A ${resource} with this ${field} exists already`, {
      details: { resource, field },
    });
  }
}

export class LastAdmin extends Conflict {
  constructor(organizations: readonly string[]) {
    super('LAST_ADMIN', 'The last administrator cannot be disabled, removed or lose that role', {
      details: { organizations },
      suggestion: 'Make another active user administrator first',
    });
  }
}

export class KeyRightsEscalated extends Refused {
  constructor(details: Readonly<Record<string, unknown>>) {
    super('APIKEY_PERMISSION_ESCALATION', 'A key cannot have rights that its owner does not hold', { details });
  }
}

export class QuotaExceeded extends Denied {
  constructor(quota: string, limit: number, used: number, tier: Tier) {
    super('QUOTA_EXCEEDED', 403, `The quota of ${limit} ${quota} is used up`, {
      details: { quota, limit, used, tier },
    });
  }
}

/** A value of the right type that the rules refuse: 422, naming the field. */
export function refusedField(field: string, message: string): Refused {
  const problem: FieldProblem = { field, messages: [message] };
  return new Refused('INVALID_OPTIONS', `${field} ${message}`, { details: [problem] });
}

export class RateLimitExceeded extends AppError {
  /** @param resetAt epoch ms */
  constructor(limit: number, windowSeconds: number, resetAt: number, nowMs: number) {
    super('RATE_LIMIT_EXCEEDED', 429, `More than ${limit} requests in ${windowSeconds} s`, {
      details: { limit, window: windowSeconds, resetAt: new Date(resetAt).toISOString() },
      headers: { 'Retry-After': String(Math.max(1, Math.ceil((resetAt - nowMs) / 1000))) },
    });
  }
}
