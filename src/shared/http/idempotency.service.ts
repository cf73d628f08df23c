import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AppError, Conflict, Invalid } from '../errors/app-error.js';
import { contentHash } from '../kernel/canonical-json.js';
import { Clock } from '../kernel/clock.js';
import { Ids } from '../kernel/ids.js';
import { SecretBox } from '../kernel/secret-box.js';
import {
  IDEMPOTENCY_KEY,
  IDEMPOTENCY_LIFE_MS,
  isKept,
  scopeOf,
  type Standing,
  type StoredAnswer,
} from './idempotency.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { currentContext } from './request-context.js';

/** One call as far as its key is concerned. */
export interface KeyedCall {
  /** Principal id; for open routes the address. */
  readonly principal: string;
  readonly method: string;
  /** Without query string. */
  readonly path: string;
  readonly key: string;
  readonly body: unknown;
}

/** Idempotency keys (api.md 1.7). Answers are sealed: some of them show a secret once. */
@Injectable()
export class IdempotencyService {
  constructor(
    private readonly entries: IdempotencyRepository,
    private readonly box: SecretBox,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly config: Config,
  ) {}

  /**
   * Claims the key for this call, or says what became of the call before.
   * @throws Conflict `IDEMPOTENCY_IN_PROGRESS`, Invalid when the key is malformed
   */
  async begin(call: KeyedCall): Promise<Standing> {
    if (!IDEMPOTENCY_KEY.test(call.key)) throw malformedKey();
    const now = this.clock.now();
    const scope = scopeOf(call.principal, call.method, call.path, call.key);
    const bodyHash = contentHash(call.body ?? null);
    const claim = this.ids.uuid();
    const before = await this.entries.claim(
      {
        scope,
        bodyHash,
        claim,
        claimEndsAt: new Date(now.getTime() + this.config.server.requestTimeoutMs),
        answer: null,
        expiresAt: new Date(now.getTime() + IDEMPOTENCY_LIFE_MS),
      },
      now,
    );
    if (!before) return { kind: 'first', scope, claim };
    if (before.bodyHash !== bodyHash) return { kind: 'reused' };
    if (before.answer === null) throw inProgress();
    return { kind: 'replay', answer: JSON.parse(this.box.open(before.answer)) as StoredAnswer };
  }

  /**
   * Keeps the answer of the running request in the transaction of its work, so that not even a crash right after the commit
   * makes a repetition do the work again. Without it the answer is kept after the commit. No key: nothing happens.
   */
  async keepInTransaction(answer: Omit<Extract<StoredAnswer, { kind: 'body' }>, 'kind'>): Promise<void> {
    const claimed = currentContext()?.idempotency;
    if (!claimed) return;
    await this.finish(claimed.scope, claimed.claim, { kind: 'body', ...answer });
    claimed.isKept = true;
  }

  async finish(scope: string, claim: string, answer: StoredAnswer): Promise<void> {
    await this.entries.finish(scope, claim, this.box.seal(JSON.stringify(answer)));
  }

  /**
   * The call failed: what is a result is kept, else the key is free again. A call that ran out of time may still be at work,
   * so its claim stays until it ends by itself.
   */
  async fail(scope: string, claim: string, error: AppError): Promise<void> {
    if (error.code === 'REQUEST_TIMEOUT') return;
    if (!isKept(error)) return this.entries.release(scope, claim);
    await this.finish(scope, claim, {
      kind: 'error',
      status: error.status,
      code: error.code,
      message: error.message,
      ...(error.details ? { details: error.details } : {}),
      ...(error.suggestion ? { suggestion: error.suggestion } : {}),
      ...(error.headers ? { headers: error.headers } : {}),
    });
  }

  release(scope: string, claim: string): Promise<void> {
    return this.entries.release(scope, claim);
  }

  removeExpired(): Promise<number> {
    return this.entries.removeExpired(this.clock.now());
  }
}

function malformedKey(): AppError {
  return new Invalid(
    'VALIDATION_INVALID_FORMAT',
    'Idempotency-Key must be 8 to 128 characters of A-Z a-z 0-9 . _ : -',
    {
      details: [{ field: 'Idempotency-Key', messages: ['must be 8 to 128 characters of A-Z a-z 0-9 . _ : -'] }],
    },
  );
}

function inProgress(): Conflict {
  return new Conflict('IDEMPOTENCY_IN_PROGRESS', 'The first call with this Idempotency-Key is still running', {
    headers: { 'Retry-After': '1' },
    suggestion: 'Send the same request again in a moment',
  });
}
