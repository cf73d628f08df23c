import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/kernel/clock.js';
import { createLog } from '../../../shared/kernel/log.js';
import { type ApiKey, hashOfKey } from './api-key.js';
import { ApiKeysRepository } from './api-keys.repository.js';

/** How long another instance's change may stay unseen, in ms; changes in this process are seen at once. */
const LIFE_MS = 10_000;
/** `lastUsedAt` is written at most this often per key, in ms. */
const USE_WRITE_MS = 60_000;
const CAPACITY = 20_000;

interface Entry {
  readonly loadedAt: number;
  readonly key: ApiKey;
  /** When this process last wrote the use. */
  usedAt: number;
}

const log = createLog('auth');

/** Managed keys by their hash, kept in memory for a few seconds. */
@Injectable()
export class KeyRing {
  readonly #entries = new Map<string, Entry>();
  /** Raised by every `forget`: a read that began before it must not be remembered. */
  #epoch = 0;

  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly clock: Clock,
  ) {}

  /** The stored key, alive or not; null when there is none. */
  async find(candidate: string): Promise<ApiKey | null> {
    const hash = hashOfKey(candidate);
    const now = this.clock.now().getTime();
    const entry = this.#entries.get(hash);
    if (entry && now - entry.loadedAt < LIFE_MS) return entry.key;
    const epoch = this.#epoch;
    const key = await this.keys.findByHash(hash);
    if (!key || !timingSafeEqual(Buffer.from(key.hash, 'hex'), Buffer.from(hash, 'hex'))) {
      this.#entries.delete(hash);
      return null;
    }
    if (epoch !== this.#epoch) return key;
    this.#entries.delete(hash); // so that it moves to the end
    this.#entries.set(hash, { loadedAt: now, key, usedAt: entry?.usedAt ?? key.lastUsedAt?.getTime() ?? 0 });
    if (this.#entries.size > CAPACITY) this.#dropOldest();
    return key;
  }

  /** The stored key, if memory has it. */
  peek(candidate: string): ApiKey | null {
    const entry = this.#entries.get(hashOfKey(candidate));
    return entry && this.clock.now().getTime() - entry.loadedAt < LIFE_MS ? entry.key : null;
  }

  /** Straight from the store. */
  findById(id: string): Promise<ApiKey | null> {
    return this.keys.find(id);
  }

  /** Notes the use; the write runs behind the answer, and a failed one is only logged. */
  recordUse(key: ApiKey): void {
    const now = this.clock.now();
    const entry = this.#entries.get(key.hash);
    if (!entry || now.getTime() - entry.usedAt < USE_WRITE_MS) return;
    entry.usedAt = now.getTime();
    this.keys
      .recordUse(key.id, now)
      .catch((error: unknown) => log.warn('use of an api key not recorded', { error, keyId: key.id }));
  }

  /** After every committed change of the key. */
  forget(hash: string): void {
    this.#epoch += 1;
    this.#entries.delete(hash);
  }

  forgetOwner(ownerId: string): void {
    this.#epoch += 1;
    for (const [hash, entry] of this.#entries) {
      if (entry.key.ownerId === ownerId) this.#entries.delete(hash);
    }
  }

  #dropOldest(): void {
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
