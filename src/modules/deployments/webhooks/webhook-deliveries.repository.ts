import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import { ATTEMPT_MS, type WebhookAttempt, type WebhookDelivery } from './webhook.js';
import { WEBHOOK_DELIVERIES, type WebhookDeliveryRecord } from './webhook-delivery.schema.js';

@Injectable()
export class WebhookDeliveriesRepository extends BaseRepository<WebhookDeliveryRecord> {
  constructor(@InjectModel(WEBHOOK_DELIVERIES) model: Model<WebhookDeliveryRecord>) {
    super(model);
  }

  async insert(delivery: WebhookDelivery): Promise<void> {
    await this.model.insertMany([delivery]);
  }

  /** Oldest first. */
  async listOf(operationId: string): Promise<readonly WebhookDelivery[]> {
    return this.model
      .find({ operationId }, { _id: 0 })
      .sort({ createdAt: 1, webhookId: 1 })
      .limit(1000)
      .lean<WebhookDeliveryRecord[]>();
  }

  /** Takes the next that is due, for one attempt. Whoever dies over it leaves it to be taken again. @returns null = none is due */
  async takeDue(now: Date): Promise<WebhookDelivery | null> {
    return this.model
      .findOneAndUpdate(
        { status: 'pending', nextAt: { $lte: now } },
        { $set: { nextAt: new Date(now.getTime() + ATTEMPT_MS) }, $inc: { begun: 1 } },
        { sort: { nextAt: 1 }, returnDocument: 'after', projection: { _id: 0 } },
      )
      .lean<WebhookDeliveryRecord>();
  }

  /** @param nextAt null = it is over */
  async endAttempt(
    { webhookId, begun }: Pick<WebhookDelivery, 'webhookId' | 'begun'>,
    attempt: WebhookAttempt,
    end: { readonly isDelivered: boolean; readonly nextAt: Date | null },
  ): Promise<void> {
    const status = end.isDelivered ? 'delivered' : end.nextAt ? 'pending' : 'failed';
    const deliveredAt = end.isDelivered ? new Date(attempt.at.getTime() + attempt.durationMs) : null;
    await this.model.updateOne(
      { webhookId, begun, status: 'pending' },
      { $set: { status, nextAt: end.nextAt, deliveredAt }, $push: { attempts: attempt as never } },
    );
  }
}
