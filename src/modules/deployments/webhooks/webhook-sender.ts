import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { EventBus } from '../../../shared/events/event-bus.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { createLog } from '../../../shared/kernel/log.js';
import { headersOf, nextAttempt, WEBHOOK_EVENTS, type WebhookDelivery } from './webhook.js';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository.js';
import { WebhookTargets } from './webhook-targets.js';
import { WebhookClient } from './webhook.port.js';

/** How often a worker looks for what is due, in ms: as long as the shortest pause; the first attempt follows its event at once. */
const PATROL_MS = 2_000;

const log = createLog('webhooks');

/** Address, signature and the way out. */
@Injectable()
export class WebhookExit {
  constructor(
    private readonly config: Config,
    private readonly targets: WebhookTargets,
    private readonly client: WebhookClient,
  ) {}

  post({ webhookId, body, target }: WebhookDelivery, at: Date): ReturnType<WebhookClient['post']> {
    return this.client.post(
      this.targets.open(target),
      body,
      headersOf(webhookId, body, this.config.webhooks.signingKey, at),
    );
  }
}

/**
 * Sends what the outbox has written, at least once: a message is taken for one attempt and comes back by itself when nobody
 * reports its end, also after the process died. One after another, so that a receiver hears a run in its order unless it
 * refuses.
 */
@Injectable()
export class WebhookSender implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #timer: NodeJS.Timeout | undefined;
  #closing = false;
  #sending: Promise<void> | null = null;
  #isAsked = false;

  constructor(
    private readonly config: Config,
    private readonly bus: EventBus,
    private readonly deliveries: WebhookDeliveriesRepository,
    private readonly exit: WebhookExit,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.server.roles.includes('worker')) return;
    this.bus.on(WEBHOOK_EVENTS, () => void this.sendDue());
    this.#timer = setInterval(() => void this.sendDue(), PATROL_MS);
  }

  /** The attempt that is under way may end; what it does not come to is taken up by the next start. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    await this.#sending;
  }

  /** Everything that is due by now; never twice at once in a process. */
  async sendDue(): Promise<void> {
    this.#isAsked = true;
    this.#sending ??= this.sendAll().finally(() => (this.#sending = null));
    await this.#sending;
  }

  private async sendAll(): Promise<void> {
    try {
      while (this.#isAsked && !this.#closing) {
        this.#isAsked = false;
        for (let due = await this.next(); due && !this.#closing; due = await this.next()) await this.attempt(due);
      }
    } catch (error) {
      log.warn('webhooks could not be looked through', { error });
    }
  }

  private next(): Promise<WebhookDelivery | null> {
    return this.deliveries.takeDue(this.clock.now());
  }

  private async attempt(delivery: WebhookDelivery): Promise<void> {
    const at = this.clock.now();
    const { statusCode, error } = await this.exit.post(delivery, at);
    const isDelivered = statusCode !== null && statusCode >= 200 && statusCode < 300;
    const now = this.clock.now();
    const nextAt = isDelivered ? null : nextAttempt(delivery.begun, now);
    const durationMs = now.getTime() - at.getTime();
    await this.deliveries.endAttempt(delivery, { at, statusCode, error, durationMs }, { isDelivered, nextAt });
    const { webhookId, operationId, type, begun, target } = delivery;
    const facts = { webhookId, operationId, type, attempt: begun, host: target.host, statusCode, error };
    if (!isDelivered && nextAt === null) log.warn('webhook given up', facts);
    else log.debug(isDelivered ? 'webhook delivered' : 'webhook not taken', facts);
  }
}
