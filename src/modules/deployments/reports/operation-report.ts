import { z } from 'zod';
import { ENVIRONMENTS } from '../../../shared/http/principal.js';

/**
 * The report of an operation (deployments.md 7.5, final report): one document for machines, from which the Markdown and the
 * JUnit form are made. This is its one definition: the type, docs/run-report.schema.json and the OpenAPI answer come from here.
 * A new field is a new minor version of `schemaVersion`, a removed or changed one a new major version.
 */
export const REPORT_VERSION = '1.0';

const instant = z.iso.datetime();
const count = z.int().min(0);
const seconds = z.number().min(0);

const ERROR = z.strictObject({
  stack: z.string().nullable().describe('null = the operation as a whole'),
  class: z.string().describe('Error class of deployments.md 7.6, e.g. resource, limit, timeout'),
  code: z.string(),
  message: z.string(),
  remediation: z.string().nullable().describe('What a person can do'),
  retryable: z.boolean(),
  resource: z
    .strictObject({ urn: z.string().nullable(), type: z.string().nullable(), name: z.string().nullable() })
    .nullable(),
  cloudCode: z.string().nullable().describe("The cloud's own code, e.g. VpcLimitExceeded"),
});

const DRIFT = z.strictObject({
  urn: z.string(),
  type: z.string(),
  name: z.string(),
  repair: z.enum(['update', 'replace', 'create']).describe('What applying the recorded configuration would do'),
  property: z.string(),
  expected: z.unknown(),
  actual: z.unknown(),
});

const STACK = z.strictObject({
  name: z.string(),
  layer: z.int().min(1),
  result: z.enum(['pending', 'running', 'succeeded', 'planned', 'skipped', 'failed', 'rolled_back']),
  reason: z.string().describe('Why, in one or two words: a reason to run, a reason to skip, or the class of the error'),
  cause: z.string().nullable().describe('Who or what: the stack that failed before, or the code of the error'),
  decision: z.array(z.string()).describe('Why it ran or was skipped, in sentences'),
  action: z.string(),
  status: z.string().describe('Where it stands in the run (api.md 5.2)'),
  attempts: count,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  durationSeconds: seconds.nullable(),
  estimatedSeconds: seconds,
  resources: z.strictObject({ created: count, updated: count, deleted: count, failed: count }),
  planned: z
    .strictObject({
      create: count,
      update: count,
      replace: count,
      delete: count,
      same: count,
      unresolved: z.array(z.string()),
    })
    .nullable()
    .describe('Of a preview'),
  drift: z.array(DRIFT).nullable().describe('Of a drift detection'),
  error: ERROR.nullable(),
  warnings: z.array(z.string()),
});

export const OPERATION_REPORT = z.strictObject({
  schemaVersion: z.literal(REPORT_VERSION),
  generatedAt: instant,
  isFinal: z.boolean().describe('false: the operation has not ended, the report tells how far it has come'),
  operationId: z.string(),
  deploymentId: z.string(),
  project: z.string(),
  environment: z.enum(ENVIRONMENTS as ['dev', 'stage', 'prod']),
  stack: z.string().nullable().describe('Of a run of one stack'),
  type: z.string(),
  preview: z.boolean(),
  message: z.string().nullable().describe('What whoever started it wrote'),
  engine: z.string(),
  cloud: z.string(),
  manifestRevision: z.int(),
  planId: z.string().nullable().describe('The reviewed preview it executes'),
  resumedFrom: z.string().nullable(),
  takeovers: count.describe('Times another process went on with it'),
  result: z.enum(['pending', 'running', 'success', 'failed', 'cancelled']),
  reason: z.string().describe('One sentence'),
  cause: ERROR.nullable().describe('The first failure'),
  phase: z.string(),
  startedBy: z.string(),
  times: z.strictObject({
    requestedAt: instant,
    startedAt: instant.nullable(),
    endedAt: instant.nullable(),
    waitedSeconds: seconds.nullable(),
    durationSeconds: seconds.nullable(),
    estimatedSeconds: seconds,
  }),
  queuePosition: z.int().min(1).nullable().describe('1 = next, while it waits for its environment'),
  totals: z.strictObject({
    stacks: count,
    succeeded: count,
    unchanged: count,
    skipped: count,
    failed: count,
    rolledBack: count,
    open: count,
  }),
  resources: z.strictObject({ created: count, updated: count, deleted: count }),
  stacks: z.array(STACK).describe('By layer, then name'),
  errors: z.array(ERROR),
  warnings: z.array(z.strictObject({ code: z.string(), message: z.string(), stack: z.string().nullable() })),
  rollback: z
    .strictObject({
      state: z.enum(['offered', 'running', 'done', 'failed']),
      trigger: z.enum(['auto', 'manual']).nullable(),
      reason: z.string().nullable(),
      fromVersion: count.nullable(),
      toVersion: count.nullable(),
      stacks: z.array(z.string()),
      done: z.array(z.string()),
      failed: z.array(z.string()),
      irreversible: z.array(z.strictObject({ stack: z.string(), urn: z.string(), why: z.string() })),
    })
    .nullable(),
  endpoints: z
    .record(z.string(), z.string())
    .describe('`<stack>.<output>` → address: where the environment is reached now'),
  byHand: z.array(z.string()).describe('What is left for a person, most urgent first'),
});

export type OperationReport = z.infer<typeof OPERATION_REPORT>;
export type StackReport = OperationReport['stacks'][number];
export type ReportedError = NonNullable<OperationReport['cause']>;

/** JSON Schema (draft 2020-12) of the document. */
export function reportSchema(): Record<string, unknown> {
  return {
    title: 'Run report',
    description: `Report of one operation, version ${REPORT_VERSION}: GET /api/v1/deployments/{id}/operations/{op}/report`,
    ...z.toJSONSchema(OPERATION_REPORT, {
      // zod spells out what `format` says, and the bounds of its numbers
      override: ({ jsonSchema }) => {
        if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      },
    }),
  };
}
