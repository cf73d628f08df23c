import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../../shared/http/allow.js';
import { RawAnswer } from '../../../shared/http/answer.js';
import { ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { OperationParams } from '../operations/operation.dto.js';
import { toJUnit } from './junit-report.js';
import { toMarkdown } from './markdown-report.js';
import { reportSchema } from './operation-report.js';
import { ReportQuery } from './report.dto.js';
import { ReportsService } from './reports.service.js';

const { $schema: _draft, ...DATA } = reportSchema();

@ApiTags('Operations')
@Controller('api/v1/deployments')
export class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Get(':id/operations/:op/report')
  @Allow('operations:read')
  @ApiOperation({
    summary: 'Report of an operation, ended or running: result, reason, cause, times, decisions, what is left to do',
  })
  @ApiResponse({
    status: 200,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['success', 'data'],
          properties: { success: { type: 'boolean', example: true }, data: DATA },
        },
      },
      'text/markdown': {
        schema: { type: 'string' },
        example: '## ✅ DT85S00 · dev\n\nDeployment succeeded after 48 s: …',
      },
      'application/xml': { schema: { type: 'string' }, example: '<testsuites name="cloud" tests="3">…</testsuites>' },
    },
  })
  @ApiRefusals({ 400: ['VALIDATION_INVALID_FORMAT', 'VALIDATION_UNKNOWN_FIELD'], 404: ['RESOURCE_NOT_FOUND'] })
  async report(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, op }: OperationParams,
    @Query() { format }: ReportQuery,
  ): Promise<unknown> {
    const report = await this.reports.report(principal, id, op);
    if (format === 'markdown') return new RawAnswer(toMarkdown(report), 'text/markdown; charset=utf-8');
    if (format === 'junit') return new RawAnswer(toJUnit(report), 'application/xml; charset=utf-8');
    return report;
  }
}
