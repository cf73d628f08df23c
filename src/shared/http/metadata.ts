import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsOptional, registerDecorator, type ValidationArguments } from 'class-validator';

/** Limits of `metadata` in one request (sessions.md 2). */
const MAX_BYTES = 16 * 1024;
const MAX_KEYS = 50;
const MAX_DEPTH = 8;

/** What is wrong with client metadata; null = nothing. `reserved` are the keys that only the server writes. */
export function metadataProblem(
  metadata: Readonly<Record<string, unknown>>,
  reserved: readonly string[] = [],
): { readonly message: string; readonly code?: string } | null {
  const keys = Object.keys(metadata);
  if (keys.length > MAX_KEYS) return { message: `must have at most ${MAX_KEYS} keys, not ${keys.length}` };
  const own = keys.find((key) => reserved.includes(key));
  if (own !== undefined) return { message: `the key ${own} is written by the server`, code: 'RESERVED_METADATA_KEY' };
  const shape = shapeProblem(metadata, 1);
  if (shape) return { message: shape };
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes > MAX_BYTES) return { message: `must have at most ${MAX_BYTES} bytes as JSON, not ${bytes}` };
  return null;
}

function shapeProblem(value: unknown, depth: number): string | null {
  if (value === null || typeof value !== 'object') return null;
  if (depth > MAX_DEPTH) return `must not be nested deeper than ${MAX_DEPTH} levels`;
  for (const [key, part] of Object.entries(value)) {
    if (!Array.isArray(value) && (key === '' || key.startsWith('$') || key.includes('.') || key.includes('\u0000'))) {
      return `the key "${key.slice(0, 40)}" must not be empty, start with $ or contain . or NUL`;
    }
    const problem = shapeProblem(part, depth + 1);
    if (problem) return problem;
  }
  return null;
}

/** Optional `metadata` of a body: merged per top-level key, `null` removes a key. */
export function MetadataField(reserved: readonly string[] = []): PropertyDecorator {
  const rule: PropertyDecorator = (target, property) => {
    const check = (kind: 'metadataRules' | 'reservedKeys', isWanted: (code?: string) => boolean, code?: string): void =>
      registerDecorator({
        name: kind,
        target: target.constructor,
        propertyName: String(property),
        options: code ? { context: { code } } : {},
        validator: {
          validate: (value: unknown) => {
            if (value === null || typeof value !== 'object' || Array.isArray(value)) return true; // IsObject says it
            const problem = metadataProblem(value as Record<string, unknown>, reserved);
            return problem === null || !isWanted(problem.code);
          },
          defaultMessage: (args?: ValidationArguments) =>
            `metadata ${metadataProblem((args?.value ?? {}) as Record<string, unknown>, reserved)?.message ?? 'is wrong'}`,
        },
      });
    check('metadataRules', (code) => code === undefined);
    check('reservedKeys', (code) => code !== undefined, 'RESERVED_METADATA_KEY');
  };
  return applyDecorators(
    ApiPropertyOptional({
      type: 'object',
      additionalProperties: true,
      description: 'Free-form; at most 16 KiB, 50 keys, 8 levels. Merged per top-level key; null removes a key.',
      example: { branch: 'main' },
    }),
    IsOptional(),
    IsObject(),
    rule,
  ) as PropertyDecorator;
}
