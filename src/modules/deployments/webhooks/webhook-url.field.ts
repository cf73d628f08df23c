import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';

/** `webhookUrl` of the body of a run. That it is public is checked when the run is accepted (webhook-targets.ts). */
export const WebhookUrlField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      example: 'https://hooks.example.com/deployments',
      maxLength: 2048,
      description:
        'Told of start, failed stacks, rollback and end, signed; a public https address. Deliveries: …/operations/:op/webhooks',
    }),
    IsOptional(),
    IsString({ message: 'webhookUrl must be a string' }),
    MaxLength(2048),
    Matches(/^https?:\/\/[^\s/]+/i, { message: 'webhookUrl must be an https address' }),
  );
