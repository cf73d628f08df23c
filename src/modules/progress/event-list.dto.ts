import { ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsArray,
  IsDateString,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { ENVIRONMENTS, type EnvironmentName } from '../../shared/http/principal.js';
import { ToInt, ToList } from '../../shared/http/paging.js';

/** Query of `GET /deployments/:id/events` (api.md 3.4). */
export class EventListQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS })
  @IsOptional()
  @IsIn(ENVIRONMENTS)
  readonly environment?: EnvironmentName;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(100)
  readonly operationId?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(100)
  readonly stack?: string;

  @ApiPropertyOptional({ description: 'Comma list of event names, in either spelling', type: String })
  @IsOptional()
  @ToList()
  @IsArray()
  @IsString({ each: true })
  readonly type?: readonly string[];

  @ApiPropertyOptional({ description: 'A cursor, or a seq together with operationId; exclusive' })
  @IsOptional()
  @IsString()
  @MaxLength(500)
  readonly since?: string;

  @ApiPropertyOptional({ minimum: 0, description: 'Other spelling of since as a seq' })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(0)
  readonly sinceSeq?: number;

  @ApiPropertyOptional({ description: 'ISO 8601, inclusive' })
  @IsOptional()
  @IsDateString()
  readonly from?: string;

  @ApiPropertyOptional({ description: 'ISO 8601, inclusive' })
  @IsOptional()
  @IsDateString()
  readonly to?: string;

  @ApiPropertyOptional({ description: 'nextCursor of the page before' })
  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{1,500}$/)
  readonly cursor?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100 })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(1)
  @Max(1000)
  readonly limit: number = 100;
}
