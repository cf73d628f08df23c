import { Schema } from 'mongoose';
import type { WebhookDelivery } from './webhook.js';

export const WEBHOOK_DELIVERIES = 'webhook_deliveries';
export type WebhookDeliveryRecord = { -readonly [K in keyof WebhookDelivery]: WebhookDelivery[K] };

export const webhookDeliverySchema = new Schema<WebhookDeliveryRecord>(
  {
    webhookId: { type: String, required: true },
    organization: { type: String, required: true },
    deploymentId: { type: String, required: true },
    operationId: { type: String, required: true },
    type: { type: String, required: true },
    target: { type: Schema.Types.Mixed, required: true },
    body: { type: String, required: true },
    status: { type: String, required: true },
    begun: { type: Number, required: true },
    attempts: { type: [Schema.Types.Mixed] as never, default: [] },
    nextAt: { type: Date, default: null },
    createdAt: { type: Date, required: true },
    deliveredAt: { type: Date, default: null },
  },
  { collection: WEBHOOK_DELIVERIES, versionKey: false },
);
webhookDeliverySchema.index({ webhookId: 1 }, { unique: true }); // the end of an attempt
webhookDeliverySchema.index({ operationId: 1, createdAt: 1 }); // those of an operation
webhookDeliverySchema.index({ status: 1, nextAt: 1 }); // the next that is due
