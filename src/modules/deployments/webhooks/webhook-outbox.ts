import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventLog } from '../../../shared/events/event-log.js';
import type { EventDraft } from '../../../shared/events/events.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Ids } from '../../../shared/kernel/ids.js';
import { OperationsRepository } from '../operations/operations.repository.js';
import { bodyOf, WEBHOOK_EVENTS } from './webhook.js';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository.js';

/** Writes every message down in the transaction of its event: what is told of a run, and to whom, is committed or undone together. */
@Injectable()
export class WebhookOutbox implements OnModuleInit {
  constructor(
    private readonly eventLog: EventLog,
    private readonly operations: OperationsRepository,
    private readonly deliveries: WebhookDeliveriesRepository,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  onModuleInit(): void {
    this.eventLog.within(WEBHOOK_EVENTS, (event) => this.keep(event as EventDraft));
  }

  private async keep(event: EventDraft): Promise<void> {
    const { operationId, organization, deploymentId = '' } = event.scope;
    const target = operationId ? await this.operations.findWebhook(operationId) : null;
    if (!operationId || !target) return;
    const now = this.clock.now();
    const webhookId = `wh-${this.ids.base36(16)}`;
    await this.deliveries.insert({
      ...{ webhookId, organization, deploymentId, operationId, target },
      type: event.type,
      body: bodyOf(webhookId, event, now),
      status: 'pending',
      begun: 0,
      attempts: [],
      nextAt: now,
      createdAt: now,
      deliveredAt: null,
    });
  }
}
