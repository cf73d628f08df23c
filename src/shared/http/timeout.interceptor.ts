import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { catchError, type Observable, throwError, timeout, TimeoutError } from 'rxjs';
import { AppError } from '../errors/app-error.js';

export function requestTimedOut(limitMs: number, cause?: unknown): AppError {
  return new AppError('REQUEST_TIMEOUT', 504, `The request took longer than ${limitMs / 1000} s`, { cause });
}

/** 504 `REQUEST_TIMEOUT` after REQUEST_TIMEOUT_MS (29 s: one second below a usual gateway's limit). */
@Injectable()
export class TimeoutInterceptor implements NestInterceptor {
  constructor(private readonly limitMs: number) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      timeout(this.limitMs),
      catchError((error: unknown) =>
        throwError(() => (error instanceof TimeoutError ? requestTimedOut(this.limitMs, error) : error)),
      ),
    );
  }
}
