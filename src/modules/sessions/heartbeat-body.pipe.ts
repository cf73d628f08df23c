import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { RequestValidationPipe } from '../../shared/http/validation.pipe.js';
import { HeartbeatDto } from './session.dto.js';

/**
 * The body of a heartbeat. Nearly all are empty or name the epoch and the current task: those are recognised here, because
 * validation by decorators costs a third of what the whole pipeline costs otherwise (bench `heartbeat`). Every other body,
 * right or wrong, goes the usual way, so that the rules stand in one place: HeartbeatDto.
 */
@Injectable()
export class HeartbeatBodyPipe implements PipeTransform<unknown, Promise<HeartbeatDto> | HeartbeatDto> {
  readonly #usual = new RequestValidationPipe();

  transform(body: unknown, { type, data }: ArgumentMetadata): Promise<HeartbeatDto> | HeartbeatDto {
    if (body === undefined || isPlainBeat(body)) return body ?? NOTHING;
    return this.#usual.transform(body, { type, metatype: HeartbeatDto, ...(data === undefined ? {} : { data }) });
  }
}

const NOTHING: HeartbeatDto = {};

/** One of those, and right. */
export function isPlainBeat(body: unknown): body is HeartbeatDto {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return false;
  for (const field in body) {
    const value = (body as Record<string, unknown>)[field];
    const isKnown =
      field === 'epoch'
        ? Number.isInteger(value) && (value as number) >= 1
        : field === 'current_task_id' &&
          (value === null || (typeof value === 'string' && value.length >= 1 && value.length <= 200));
    if (!isKnown) return false;
  }
  return true;
}
