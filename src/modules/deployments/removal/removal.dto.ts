import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional } from 'class-validator';
import { ToBoolean } from '../../../shared/http/paging.js';

export class RemovalQuery {
  @ApiPropertyOptional({
    default: false,
    description: 'Administrators: drop the records although stacks are deployed; their resources stay in the cloud',
  })
  @IsOptional()
  @ToBoolean()
  @IsBoolean()
  readonly force: boolean = false;
}

export class RemovedDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty() readonly deletedAt!: Date;
  @ApiProperty({ example: 'ada@example.com' }) readonly deletedBy!: string;
  @ApiProperty({ example: true, description: 'Manifest revisions, versions, events and logs are kept' })
  readonly archived!: true;
}
