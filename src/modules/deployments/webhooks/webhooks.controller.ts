import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../../shared/http/allow.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { OperationParams } from '../operations/operation.dto.js';
import { OperationsService } from '../operations/operations.service.js';
import { toWebhookDto, WebhookListDto } from './webhook-answers.dto.js';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository.js';

@ApiTags('Operations')
@Controller('api/v1/deployments')
export class WebhooksController {
  constructor(
    private readonly operations: OperationsService,
    private readonly deliveries: WebhookDeliveriesRepository,
  ) {}

  @Get(':id/operations/:op/webhooks')
  @Allow('operations:read')
  @ApiOperation({ summary: 'What the webhookUrl of an operation was told, and how it answered; oldest first' })
  @ApiData(WebhookListDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async list(@CurrentPrincipal() principal: Principal, @Param() { id, op }: OperationParams): Promise<WebhookListDto> {
    const { operationId } = await this.operations.get(principal, id, op);
    const webhooks = (await this.deliveries.listOf(operationId)).map(toWebhookDto);
    return { operationId, webhooks, total: webhooks.length };
  }
}
