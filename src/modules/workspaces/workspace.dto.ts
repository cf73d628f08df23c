import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { MAX_DESIRED, type Workspace, type WorkspaceTotals } from './workspace.js';
import type { WorkspaceView } from './workspaces.service.js';

export class DesiredBody {
  @ApiProperty({ minimum: 0, maximum: MAX_DESIRED, example: 3 })
  @IsInt()
  @Min(0)
  @Max(MAX_DESIRED)
  readonly desired!: number;
}

export class RunningBody {
  @ApiProperty({ minimum: 0, example: 2 })
  @IsInt()
  @Min(0)
  readonly running!: number;
}

export class WorkspaceDto {
  @ApiProperty({ example: 'workspace-7' })
  readonly workspace_id!: string;
  @ApiProperty({ example: 2 })
  readonly running!: number;
  @ApiProperty({ example: 3 })
  readonly desired!: number;
}

export class WorkspaceTotalsDto {
  @ApiProperty({ example: 5 })
  readonly running!: number;
  @ApiProperty({ example: 8 })
  readonly desired!: number;
}

export class WorkspaceViewDto {
  @ApiProperty()
  readonly workspace!: WorkspaceDto;
  @ApiProperty()
  readonly global!: WorkspaceTotalsDto;
}

export function toWorkspaceDto({ id, running, desired }: Workspace): WorkspaceDto {
  return { workspace_id: id, running, desired };
}

export function toTotalsDto({ running, desired }: WorkspaceTotals): WorkspaceTotalsDto {
  return { running, desired };
}

export function toViewDto({ workspace, global }: WorkspaceView): WorkspaceViewDto {
  return { workspace: toWorkspaceDto(workspace), global: toTotalsDto(global) };
}
