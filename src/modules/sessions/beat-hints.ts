import { Injectable } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { effectiveThresholdMs, type Session } from './session.js';

interface Hints {
  readonly headers: Readonly<Record<string, string>>;
}

/** What every heartbeat tells its sender: when to send the next one, and the silence that counts as stalled, in ms. */
@Injectable()
export class BeatHints {
  readonly #intervalMs: string;
  readonly #thresholdMs: number;
  readonly #usual: Hints;

  constructor({ sessions }: Config) {
    this.#intervalMs = String(sessions.heartbeatIntervalMs);
    this.#thresholdMs = sessions.stallThresholdMs;
    this.#usual = this.build(sessions.stallThresholdMs);
  }

  of(session: Pick<Session, 'stallThresholdMs'>): Hints {
    if (session.stallThresholdMs === null) return this.#usual;
    return this.build(effectiveThresholdMs(session, this.#thresholdMs));
  }

  private build(thresholdMs: number): Hints {
    return { headers: { 'X-Heartbeat-Interval-Ms': this.#intervalMs, 'X-Stall-Threshold-Ms': String(thresholdMs) } };
  }
}
