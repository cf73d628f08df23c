import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';

export const REPORT_FORMATS = ['json', 'markdown', 'junit'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export class ReportQuery {
  @ApiPropertyOptional({
    enum: REPORT_FORMATS,
    default: 'json',
    description: 'markdown: fit for a pull request comment',
  })
  @IsOptional()
  @IsIn(REPORT_FORMATS, { message: 'format must be json, markdown or junit' })
  readonly format: ReportFormat = 'json';
}
