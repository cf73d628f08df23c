import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { invalidField } from '../errors/field-problems.js';

/** Query text → number; what is not a number stays as it is and fails `@IsInt`. */
export const ToInt = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value,
  );

/** Query text → boolean; anything but `true` and `false` stays and fails `@IsBoolean`. */
export const ToBoolean = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));

/** Comma list = OR (api.md 1.5). */
export const ToList = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value,
  );

/** `page` and `limit` of every list; extend it for filters. */
export class PageQuery {
  @ApiPropertyOptional({ minimum: 1, default: 1 })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(1)
  readonly page: number = 1;

  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 20 })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(1)
  @Max(100)
  readonly limit: number = 20;
}

/** `limit`, `offset` or `cursor` of the lists of the session half; a class per maximum, because it is part of the API document. */
export function OffsetQuery(maxLimit: number) {
  class Query {
    @ApiPropertyOptional({ minimum: 1, maximum: maxLimit, default: 50 })
    @IsOptional()
    @ToInt()
    @IsInt()
    @Min(1)
    @Max(maxLimit)
    readonly limit: number = 50;

    @ApiPropertyOptional({ minimum: 0, default: 0, description: 'Not together with cursor' })
    @IsOptional()
    @ToInt()
    @IsInt()
    @Min(0)
    readonly offset: number = 0;

    @ApiPropertyOptional({ description: 'X-Next-Cursor of the page before: stays exact while rows come and go' })
    @IsOptional()
    @IsString()
    readonly cursor?: string;
  }
  return Query;
}

/** Which part of a list, newest first (`created_at`, then the id, descending). */
export interface Slice {
  readonly limit: number;
  readonly offset: number;
  /** The last row of the page before. */
  readonly after: RowPosition | null;
}
export interface RowPosition {
  readonly createdAt: Date;
  /** `_id` of the row as hex. */
  readonly id: string;
}

export function toRowCursor(position: RowPosition): string {
  return Buffer.from(`${position.createdAt.getTime()}.${position.id}`).toString('base64url');
}

/** @throws AppError 400 for a cursor that no list gave out, or one beside an offset */
export function sliceOf(query: { readonly limit: number; readonly offset: number; readonly cursor?: string }): Slice {
  const { limit, offset, cursor } = query;
  if (cursor === undefined) return { limit, offset, after: null };
  if (offset > 0) throw invalidField('cursor', 'format', 'cursor and offset exclude each other');
  const match = /^(\d{1,15})\.([0-9a-f]{24})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (!match?.[1] || !match[2])
    throw invalidField('cursor', 'format', 'cursor is not the X-Next-Cursor of an earlier answer');
  return { limit, offset: 0, after: { createdAt: new Date(Number(match[1])), id: match[2] } };
}

export interface Pagination {
  readonly page: number;
  readonly limit: number;
  readonly total: number;
  readonly totalPages: number;
  readonly hasNext: boolean;
  readonly hasPrev: boolean;
  readonly nextPage: number | null;
  readonly prevPage: number | null;
}

export function paginate(page: number, limit: number, total: number): Pagination {
  const totalPages = Math.ceil(total / limit);
  const hasNext = page < totalPages;
  const hasPrev = page > 1;
  return {
    page,
    limit,
    total,
    totalPages,
    hasNext,
    hasPrev,
    nextPage: hasNext ? page + 1 : null,
    prevPage: hasPrev ? page - 1 : null,
  };
}
