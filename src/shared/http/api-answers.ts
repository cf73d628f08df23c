import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';

/** Documents the envelope of api.md 1.3 around `data`. */
export const ApiData = (data: Type, status = 200, description?: string): MethodDecorator & ClassDecorator =>
  applyDecorators(
    ApiExtraModels(data),
    ApiResponse({
      status,
      ...(description ? { description } : {}),
      schema: {
        type: 'object',
        required: ['success', 'data', 'meta'],
        properties: {
          success: { type: 'boolean', example: true },
          data: { $ref: getSchemaPath(data) },
          message: { type: 'string' },
          warning: { type: 'string' },
          meta: {
            type: 'object',
            properties: {
              requestId: { type: 'string', format: 'uuid' },
              timestamp: { type: 'string', format: 'date-time' },
              duration: { type: 'integer', description: 'Milliseconds' },
              rateLimit: {
                type: 'object',
                properties: {
                  limit: { type: 'integer' },
                  remaining: { type: 'integer' },
                  reset: { type: 'integer', description: 'Unix seconds' },
                },
              },
            },
          },
        },
      },
    }),
  );

/** Documents refusals with the error body of api.md 1.4, e.g. `{ 401: ['AUTH_INVALID_CREDENTIALS'] }`. */
export const ApiRefusals = (codes: Readonly<Record<number, readonly string[]>>): MethodDecorator & ClassDecorator =>
  applyDecorators(
    ...Object.entries(codes).map(([status, names]) =>
      ApiResponse({
        status: Number(status),
        description: names.join(', '),
        schema: {
          type: 'object',
          required: ['success', 'statusCode', 'error', 'code', 'message', 'timestamp', 'path', 'request_id'],
          properties: {
            success: { type: 'boolean', example: false },
            statusCode: { type: 'integer', example: Number(status) },
            error: { type: 'string' },
            code: { type: 'string', enum: [...names], example: names[0] },
            message: { type: 'string' },
            timestamp: { type: 'string', format: 'date-time' },
            path: { type: 'string' },
            request_id: { type: 'string', format: 'uuid' },
            details: {},
            suggestion: { type: 'string' },
          },
        },
      }),
    ),
  );
