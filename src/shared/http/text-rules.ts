import { applyDecorators } from '@nestjs/common';
import { Matches, type ValidationOptions } from 'class-validator';

/** No angle brackets or control characters: names of people and organizations (api.md 1.2). */
export const PlainText = (options: ValidationOptions = {}): PropertyDecorator =>
  applyDecorators(
    // eslint-disable-next-line no-control-regex -- control characters are what it looks for
    Matches(/^[^<>\u0000-\u001f\u007f]*$/u, {
      message: '$property must not contain <, > or control characters',
      ...options,
    }),
  );

/** Besides, no quotes and path separators: names that become identifiers (api.md 1.2). */
export const PlainName = (options: ValidationOptions = {}): PropertyDecorator =>
  applyDecorators(
    // eslint-disable-next-line no-control-regex -- control characters are what it looks for
    Matches(/^[^<>"'`/\\\u0000-\u001f\u007f]*$/u, {
      message: '$property must not contain <, >, quotes, path separators or control characters',
      ...options,
    }),
  );
