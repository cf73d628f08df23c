import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsDefined, IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';

export class UnlockBody {
  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' })
  @IsDefined()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;

  @ApiProperty({ minLength: 1, maxLength: 500, example: 'worker-3 is gone for good' })
  @IsDefined({ message: 'reason is required' })
  @IsString()
  @MinLength(1)
  @MaxLength(500)
  readonly reason!: string;

  @ApiPropertyOptional({
    default: false,
    description: 'Also while the holder is alive, whose run is cut off; and drop a lock that stands on the backend',
  })
  @IsOptional()
  @IsBoolean()
  readonly force?: boolean;
}

export class WaitingDto {
  @ApiProperty({ example: 'op-7h2k9v4b0c1d' }) readonly operationId!: string;
  @ApiProperty({ example: 'deploy' }) readonly type!: string;
  @ApiProperty({ example: 'bob@example.com' }) readonly startedBy!: string;
  @ApiProperty({ type: String, format: 'date-time' }) readonly since!: Date;
  @ApiProperty({ example: 1, description: '1 = next' }) readonly queuePosition!: number;
}

export class LockDto {
  @ApiProperty({ example: true }) readonly locked!: boolean;
  @ApiProperty({ type: String, nullable: true, example: 'op-4f0c8m2x1q9z' }) readonly operationId!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'deploy' }) readonly lockType!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'ada@example.com' }) readonly lockedBy!: string | null;
  @ApiProperty({ type: String, format: 'date-time' }) readonly lockedAt!: Date;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: nobody executes it' })
  readonly expiresAt!: Date | null;
  @ApiProperty({ example: 754 }) readonly ageSeconds!: number;
  @ApiProperty({ example: false, description: 'Whoever executes it has given a sign of life in time' })
  readonly isFresh!: boolean;
  @ApiProperty({ type: [WaitingDto] }) readonly waiting!: readonly WaitingDto[];
}

export class UnlockedDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' }) readonly environment!: EnvironmentName;
  @ApiProperty({ type: String, format: 'date-time' }) readonly unlockedAt!: Date;
  @ApiProperty({ type: LockDto, nullable: true, description: 'null: there was none' })
  readonly previousLock!: LockDto | null;
  @ApiProperty({ type: [String], example: ['network'], description: 'Stacks whose backend was told to drop its lock' })
  readonly backendReleased!: readonly string[];
}
