import proxyaddr from '@fastify/proxy-addr';
import { validateCronExpression } from 'cron';
import { z } from 'zod';

/** "true"/"false", "1"/"0", "yes"/"no" → boolean; anything else is a problem, never a silent default. */
const flag = (fallback: boolean): z.ZodType<boolean, unknown> =>
  z
    .string()
    .transform((text, context) => {
      if (/^(true|1|yes)$/i.test(text)) return true;
      if (/^(false|0|no)$/i.test(text)) return false;
      context.addIssue({ code: 'custom', message: 'must be true or false' });
      return z.NEVER;
    })
    .optional()
    .transform((value) => value ?? fallback);

const whole = (fallback: number, min: number, max: number): z.ZodType<number, unknown> =>
  z.coerce
    .number({ error: 'must be a number' })
    .int('must be a whole number')
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`)
    .default(fallback);

const list = (fallback: string): z.ZodType<string[], unknown> =>
  z
    .string()
    .default(fallback)
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    );

/** Cron expression of 5 fields, or 6 with seconds first. */
const cronText = z
  .string()
  .refine((text) => [5, 6].includes(text.trim().split(/\s+/).length) && validateCronExpression(text).valid, {
    error: 'must be a cron expression of 5 or 6 fields',
  });
const cron = (fallback: string): z.ZodType<string, unknown> => cronText.default(fallback);

/** 0 to 1; unset: decided by NODE_ENV or 1. */
const share = (): z.ZodType<number | undefined, unknown> =>
  z.coerce.number({ error: 'must be a number' }).min(0, 'must be at least 0').max(1, 'must be at most 1').optional();

/** How much of X-Forwarded-For to believe: true, false, the number of proxies in front, or their addresses and subnets. */
const proxies: z.ZodType<boolean | number | string[], unknown> = z
  .string()
  .optional()
  .transform((text, context) => {
    if (text === undefined || /^(false|no)$/i.test(text)) return false;
    if (/^(true|yes)$/i.test(text)) return true;
    if (/^\d{1,2}$/.test(text)) return Number(text);
    const list = text.split(',').map((part) => part.trim());
    try {
      proxyaddr.compile(list);
      return list;
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'must be true, false, the number of proxies, or a comma list of addresses and subnets',
      });
      return z.NEVER;
    }
  });

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const optional = z.string().min(1, 'must not be empty').optional();

/** Every setting of the server, as text from outside → typed value. Units stand in the name; effects in .env.example. */
export const ENV = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('production'),
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(3000, 0, 65535),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LOG_TO_STDERR: flag(false),
  LOG_FORMAT: z.enum(['json', 'pretty']).default('json'),
  ROLES: list('api,worker,scheduler').pipe(
    z.array(z.enum(['api', 'worker', 'scheduler'])).min(1, 'must name at least one role'),
  ),
  MONGODB_URI: z
    .string({
      error: 'is required: a replica set or DocumentDB with transactions, e.g. mongodb://127.0.0.1:27017/cloud',
    })
    .regex(/^mongodb(\+srv)?:\/\//, 'must start with mongodb:// or mongodb+srv://'),
  DB_QUERY_TIMEOUT_MS: whole(10_000, 100, 120_000),
  MONGODB_DB: optional,
  MONGO_MAX_POOL_SIZE: whole(20, 1, 200),
  MONGO_SERVER_SELECTION_TIMEOUT_MS: whole(5000, 100, 60_000),
  REQUEST_TIMEOUT_MS: whole(29_000, 100, 300_000),
  DATA_DIR: z.string().default('./data'),
  STACKS_ROOT: z.string().default('./stacks'),
  STACKS_BUILD_ROOT: z.string().default('./dist/stacks'),
  TEMPLATES_ROOT: z.string().default('./templates'),
  DEPLOY_ROOT: z.string().default('./cloud/deploy'),
  DEPLOY_MIRROR: flag(true),
  ENGINE: z.enum(['embedded', 'pulumi']).default('pulumi'),
  CLOUD: z.enum(['sandbox', 'aws']).default('aws'),
  SANDBOX_SPEED: z.coerce
    .number({ error: 'must be a number' })
    .min(0, 'must be at least 0')
    .max(10, 'must be at most 10')
    .default(0.02),
  ENGINE_RUNNERS: whole(2, 0, 16),
  PULUMI_CLI: optional,
  PULUMI_HOME: optional,
  PULUMI_BACKEND_URL: z
    .string()
    .regex(/^(file|s3|azblob|gs|https?):\/\//, 'must start with file://, s3://, azblob://, gs:// or https://')
    .optional(),
  PULUMI_ACCESS_TOKEN: optional,
  PULUMI_CONFIG_PASSPHRASE: optional,
  PULUMI_SECRETS_PROVIDER: z
    .string()
    .regex(
      /^(passphrase$|(awskms|gcpkms|azurekeyvault|hashivault):\/\/)/,
      'must be passphrase, or start with awskms://, gcpkms://, azurekeyvault:// or hashivault://',
    )
    .default('passphrase'),
  ENCRYPTION_KEY: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits (32 bytes)')
    .optional(),
  AUTH_PROVIDER: z.enum(['local', 'cognito', 'oidc']).default('local'),
  JWT_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  JWT_EXPIRES_IN: whole(3600, 60, 86_400),
  JWT_REFRESH_EXPIRES_IN: whole(2_592_000, 300, 31_536_000),
  API_KEYS: list('').refine(
    (keys) => keys.length > 0,
    'is required: a comma list of key, label:key or label:key:scope',
  ),
  API_KEY_FORMAT: z.enum(['any', 'uuid']).optional(),
  API_KEYS_ORGANIZATION: optional,
  STATIC_API_KEY_ROLE: z.enum(['admin', 'operator', 'developer', 'viewer']).optional(),
  ALLOW_REGISTRATION: z.string().optional(),
  BOOTSTRAP_ADMIN_EMAIL: z.email('must be an e-mail address').optional(),
  BOOTSTRAP_ADMIN_PASSWORD: z.string().min(8, 'must have at least 8 characters').optional(),
  DEFAULT_ORGANIZATION: optional,
  AUTH_REQUIRE_MFA_FOR_PROD: flag(false),
  RATE_LIMIT_PER_MINUTE: whole(100, 1, 1_000_000),
  RATE_LIMIT_STORE: z.enum(['memory', 'redis', 'mongo']).default('memory'),
  RATE_LIMIT_AUTH_PER_MINUTE: whole(10, 1, 1_000_000),
  RATE_LIMIT_REG_PER_MINUTE: z.coerce.number().int().min(1).optional(),
  RATE_LIMIT_REFRESH_PER_MINUTE: whole(30, 1, 1_000_000),
  RATE_LIMIT_EXEC_PER_MINUTE: whole(10, 1, 1_000_000),
  RATE_LIMIT_CHECK_PER_MINUTE: whole(30, 1, 1_000_000),
  RATE_LIMIT_EXPORT_PER_MINUTE: whole(10, 1, 1_000_000),
  RATE_LIMIT_HEARTBEAT_PER_MINUTE: whole(60, 1, 1_000_000),
  AUTH_FAILURES_PER_MINUTE: whole(60, 1, 1_000_000),
  TRUST_PROXY: proxies,
  CORS_ORIGINS: list('http://localhost:3000,vscode-webview://*,https://*.vscode-cdn.net'),
  DOCS_PUBLIC: flag(true),
  DOCS_BASE_URL: optional,
  WS_ALLOW_QUERY_TOKEN: flag(true),
  EVENT_RETENTION_DAYS: whole(30, 1, 3650),
  LOG_RETENTION_DAYS: whole(30, 1, 3650),
  LOCK_LEASE_SECONDS: whole(60, 2, 3600),
  RUN_RECOVERY: z.enum(['resume', 'fail']).default('resume'),
  DRIFT_DETECTION_CRON: cronText.optional(),
  DRIFT_DETECTION_CONCURRENCY: whole(2, 1, 50),
  MAX_PARALLEL_STACKS: whole(3, 1, 16),
  MAX_CONCURRENT_STACKS: whole(16, 1, 256),
  MIN_FREE_MEMORY_MB: whole(256, 0, 1_048_576),
  MAX_STACKS_PER_DEPLOYMENT: whole(50, 1, 500),
  WEBHOOK_SIGNING_KEY: z.string().min(16, 'must have at least 16 characters').optional(),
  WEBHOOK_ALLOW_PRIVATE: flag(false),
  PROMOTION_ENFORCE: z.enum(['warn', 'block']).default('warn'),
  CANCEL_GRACE_SECONDS: whole(60, 0, 3600),
  RUNTIME_ENV_ALLOW: list('CLOUD_*,AWS_REGION'),
  SCHEDULER_MODE: z.enum(['internal', 'external', 'off']).default('internal'),
  CRON_TZ: z.string().refine(isTimeZone, 'must be an IANA time zone, e.g. UTC or Europe/Berlin').default('UTC'),
  BACKGROUND_JOB_STALE_MS: whole(600_000, 1000, 86_400_000),
  STALL_THRESHOLD_MS: whole(180_000, 1000, 86_400_000),
  HEARTBEAT_INTERVAL_MS: whole(60_000, 15_000, 300_000),
  STALL_SWEEP_SECONDS: whole(20, 0, 3600),
  INGESTION_GAP_SECONDS: whole(15, 2, 600),
  MACHINE_OFFLINE_THRESHOLD_MS: whole(600_000, 1000, 86_400_000),
  ABANDONED_AFTER_HOURS: whole(24, 0, 8760),
  PAUSED_ABANDONED_AFTER_HOURS: whole(168, 0, 8760),
  RETENTION_DAYS: whole(30, 1, 3650),
  TTL_GRACE_DAYS: whole(1, 1, 365),
  ARCHIVE_RETENTION_DAYS: whole(0, 0, 3650),
  STALL_DETECTION_CRON: cron('*/2 * * * *'),
  CLEANUP_CRON: cron('0 2 * * *'),
  ABANDON_CRON: cron('0 * * * *'),
  CONSISTENCY_CRON: cron('0 3 * * *'),
  MAX_RECOVERY_ATTEMPTS: whole(3, 0, 1000),
  RECOVERY_LOCK_MS: whole(600_000, 1000, 86_400_000),
  SESSIONS_REQUIRE_REGISTERED_MACHINE: flag(false),
  REALTIME_ENABLED: flag(true),
  LOG_HEARTBEAT_SAMPLE_RATE: share(),
  LOG_REQUEST_SAMPLE_RATE: share(),
  CIRCUIT_FAILURES: whole(5, 1, 1000),
  CIRCUIT_WINDOW_MS: whole(60_000, 1000, 3_600_000),
  CIRCUIT_OPEN_MS: whole(30_000, 100, 3_600_000),
  PUBLIC_BASE_URL: z.url('must be a URL').default('https://claude-projects.truapi.com'),
  INSTANCE_ID: optional,
});

export type Env = z.output<typeof ENV>;
