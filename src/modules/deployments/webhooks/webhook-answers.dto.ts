import { ApiProperty } from '@nestjs/swagger';
import type { WebhookDelivery } from './webhook.js';

export class WebhookAttemptDto {
  @ApiProperty({ type: String, format: 'date-time' }) readonly at!: Date;
  @ApiProperty({ type: Number, nullable: true, example: 503, description: 'null: no answer' })
  readonly statusCode!: number | null;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly error!: string | null;
  @ApiProperty({ example: 84 }) readonly durationMs!: number;
}

export class WebhookDeliveryDto {
  @ApiProperty({ example: 'wh-4f0c8m2x1q9z7h2k', description: 'X-Webhook-Id, the same in every attempt' })
  readonly webhookId!: string;
  @ApiProperty({ example: 'deployment_complete' }) readonly type!: string;
  @ApiProperty({ example: 'hooks.example.com' }) readonly host!: string;
  @ApiProperty({ enum: ['pending', 'delivered', 'failed'] }) readonly status!: string;
  @ApiProperty({ type: [WebhookAttemptDto] }) readonly attempts!: readonly WebhookAttemptDto[];
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly nextAttemptAt!: Date | null;
  @ApiProperty({ type: String, format: 'date-time' }) readonly createdAt!: Date;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly deliveredAt!: Date | null;
}

export class WebhookListDto {
  @ApiProperty({ example: 'op-4f0c8m2x1q9z' }) readonly operationId!: string;
  @ApiProperty({ type: [WebhookDeliveryDto] }) readonly webhooks!: readonly WebhookDeliveryDto[];
  @ApiProperty({ example: 2 }) readonly total!: number;
}

export function toWebhookDto(delivery: WebhookDelivery): WebhookDeliveryDto {
  const { webhookId, type, target, status, attempts, nextAt, createdAt, deliveredAt } = delivery;
  return {
    ...{ webhookId, type, host: target.host, status },
    attempts: attempts.map(({ at, statusCode, error, durationMs }) => ({ at, statusCode, error, durationMs })),
    ...{ nextAttemptAt: nextAt, createdAt, deliveredAt },
  };
}
