import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { PROJECT_ROOT } from '../kernel/paths.js';
import { ENV, type Env } from './env.js';

/** All settings, typed and frozen. Inject it whole and take the slice you need. */
export abstract class Config {
  abstract readonly env: Env['NODE_ENV'];
  abstract readonly server: {
    readonly host: string;
    readonly port: number;
    readonly roles: readonly ('api' | 'worker' | 'scheduler')[];
    readonly requestTimeoutMs: number;
    readonly corsOrigins: readonly string[];
    /** Number of proxies in front, or their addresses; true believes everything. */
    readonly trustProxy: boolean | number | readonly string[];
    readonly docsPublic: boolean;
    readonly docsBaseUrl: string | undefined;
    readonly wsAllowQueryToken: boolean;
    /** Timed jobs run in this process. */
    readonly schedulerOn: boolean;
    readonly publicBaseUrl: string;
    /** WebSocket is served; without it every function stays, by HTTP. */
    readonly realtime: boolean;
    /** Names this process in leases; defaults to host name. */
    readonly instanceId: string | undefined;
  };
  abstract readonly log: {
    readonly level: string;
    readonly toStderr: boolean;
    readonly format: Env['LOG_FORMAT'];
    /** Share of heartbeats and of successful requests that leave a line, 0 to 1. */
    readonly heartbeatShare: number;
    readonly requestShare: number;
  };
  abstract readonly database: {
    readonly uri: string;
    /** Name of the database; undefined: the one in the URI. */
    readonly name: string | undefined;
    readonly queryTimeoutMs: number;
    readonly serverSelectionTimeoutMs: number;
    readonly poolSize: number;
  };
  /** Circuit breaker on the database. */
  abstract readonly circuit: { readonly failures: number; readonly windowMs: number; readonly openMs: number };
  /** The session half (sessions.md 17). */
  abstract readonly sessions: {
    readonly stallThresholdMs: number;
    /** Advertised to clients. */
    readonly heartbeatIntervalMs: number;
    /** 0 = no sweep. */
    readonly stallSweepSeconds: number;
    /** Silence of all our own instances after which we were away, so that nobody's silence counts against them. */
    readonly ingestionGapSeconds: number;
    readonly machineOfflineThresholdMs: number;
    /** 0 = never. */
    readonly abandonedAfterHours: number;
    readonly pausedAbandonedAfterHours: number;
    readonly retentionDays: number;
    readonly ttlGraceDays: number;
    /** 0 = for ever. */
    readonly archiveRetentionDays: number;
    /** 0 = no limit. */
    readonly maxRecoveryAttempts: number;
    readonly recoveryLockMs: number;
    readonly requireRegisteredMachine: boolean;
  };
  /** When the jobs of the session half run, cron of 5 or 6 fields in `timeZone`. */
  abstract readonly crons: {
    readonly timeZone: string;
    readonly stallDetection: string;
    readonly cleanup: string;
    readonly abandon: string;
    readonly consistency: string;
    /** Age of the newest run after which health is degraded. */
    readonly staleMs: number;
  };
  abstract readonly paths: {
    readonly data: string;
    readonly stacks: string;
    /** Compiled programs, `<compiledStacks>/<stack>/src/index.js`. */
    readonly compiledStacks: string;
    readonly templates: string;
    readonly deploy: string;
  };
  abstract readonly engine: {
    readonly engine: Env['ENGINE'];
    readonly cloud: Env['CLOUD'];
    readonly sandboxSpeed: number;
    readonly runners: number;
    readonly pulumi: {
      /** File of the command line; undefined = PATH, then `<home>/bin`, then an installation. */
      readonly cli: string | undefined;
      /** Plug-ins, log-in, installation. Default `~/.pulumi`. */
      readonly home: string;
      /** undefined = files in the data folder. */
      readonly backendUrl: string | undefined;
      /** undefined = derived from the encryption key. */
      readonly passphrase: string | undefined;
      /** `passphrase` or the address of a key. */
      readonly secretsProvider: string;
      /** All that command lines and plug-ins see of the process's environment. */
      readonly environment: Readonly<Record<string, string>>;
    };
  };
  /** 32 bytes: ENCRYPTION_KEY, else a key file in the data folder, made at first start with mode 600. */
  abstract readonly encryptionKey: Buffer;
  abstract readonly auth: {
    readonly provider: Env['AUTH_PROVIDER'];
    /** At least 32 characters: JWT_SECRET, else derived from a key file in the data folder outside production. */
    readonly jwtSecret: string;
    readonly accessSeconds: number;
    readonly refreshSeconds: number;
    readonly staticKeys: readonly string[];
    readonly staticKeyFormat: 'any' | 'uuid';
    readonly staticKeysOrganization: string;
    readonly staticKeyRole: Env['STATIC_API_KEY_ROLE'];
    readonly allowRegistration: boolean;
    readonly bootstrapAdmin: { readonly email: string; readonly password: string } | undefined;
    readonly defaultOrganization: string | undefined;
    readonly requireMfaForProd: boolean;
  };
  abstract readonly rateLimits: {
    readonly store: Env['RATE_LIMIT_STORE'];
    readonly perMinute: number;
    readonly authPerMinute: number;
    readonly regPerMinute: number | undefined;
    readonly refreshPerMinute: number;
    readonly execPerMinute: number;
    readonly checkPerMinute: number;
    readonly exportPerMinute: number;
    readonly heartbeatPerMinute: number;
    readonly authFailuresPerMinute: number;
  };
  abstract readonly webhooks: {
    /** WEBHOOK_SIGNING_KEY as it is, else 32 bytes of a key file in the data folder, made at first start with mode 600. */
    readonly signingKey: string | Buffer;
    /** Also http, and addresses of our own networks. */
    readonly allowPrivate: boolean;
  };
  abstract readonly retention: { readonly eventDays: number; readonly logDays: number };
  abstract readonly runs: {
    readonly leaseSeconds: number;
    readonly recovery: Env['RUN_RECOVERY'];
    /** Stacks at once in one operation when the request does not say. */
    readonly parallelStacks: number;
    /** Stacks of all operations of one process at once. */
    readonly concurrentStacks: number;
    /** Memory that must be available before a further stack starts. */
    readonly minFreeBytes: number;
    readonly maxStacks: number;
    readonly cancelGraceSeconds: number;
    readonly drift: {
      /** When environments without a schedule of their own are looked at; undefined = never. */
      readonly cron: string | undefined;
      /** Scheduled detections at once. */
      readonly concurrency: number;
    };
    readonly mirror: boolean;
    /** What an environment whose predecessor is not proven meets: a warning, or a refusal. */
    readonly promotionEnforce: Env['PROMOTION_ENFORCE'];
  };
  /** Process variables that `RUNTIME:env` placeholders may read, by name; already filtered by RUNTIME_ENV_ALLOW. */
  abstract readonly runtimeEnv: Readonly<Record<string, string>>;
}

/** A wrong environment; the message lists every problem with the name of its variable. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map((p) => `  - ${p}`).join('\n')}\nSee .env.example.`,
    );
    this.name = 'ConfigurationError';
  }
}

/** The settings of a process with one task: the environment's, except for `fixed`. @throws ConfigurationError */
export function readConfigWith(fixed: Readonly<Record<string, string>>): Config {
  return readConfig({ ...process.env, ...fixed });
}

/** Environment → Config. @throws ConfigurationError naming all problems at once */
export function readConfig(source: Readonly<Record<string, string | undefined>> = process.env): Config {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(ENV.shape)) {
    const parsed = rule.safeParse(given[name]);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(...parsed.error.issues.map((issue) => `${name} ${issue.message}`));
  }
  problems.push(...contradictions(values as Partial<Env>));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return deepFreeze(toConfig(values as Env, given as Record<string, string>));
}

function contradictions(env: Partial<Env>): string[] {
  const problems: string[] = [];
  if (env.ENGINE === 'embedded' && env.CLOUD === 'aws') {
    problems.push('ENGINE embedded works with CLOUD sandbox only; use ENGINE=pulumi for CLOUD=aws');
  }
  if (env.AUTH_PROVIDER && env.AUTH_PROVIDER !== 'local') {
    problems.push(`AUTH_PROVIDER ${env.AUTH_PROVIDER} is not part of this version yet; use local`);
  }
  if (env.RATE_LIMIT_STORE === 'redis') {
    problems.push('RATE_LIMIT_STORE redis is not part of this version yet; use memory or mongo');
  }
  if (env.NODE_ENV === 'production' && !env.JWT_SECRET)
    problems.push('JWT_SECRET is required in production (32 characters or more)');
  if (env.NODE_ENV === 'production' && !env.ENCRYPTION_KEY) {
    problems.push('ENCRYPTION_KEY is required in production (64 hex digits, e.g. from: openssl rand -hex 32)');
  }
  if (Boolean(env.BOOTSTRAP_ADMIN_EMAIL) !== Boolean(env.BOOTSTRAP_ADMIN_PASSWORD)) {
    problems.push('BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD are given together or not at all');
  }
  if (env.ALLOW_REGISTRATION !== undefined && !/^(true|false|1|0|yes|no)$/i.test(env.ALLOW_REGISTRATION)) {
    problems.push('ALLOW_REGISTRATION must be true or false');
  }
  return problems;
}

function toConfig(env: Env, given: Readonly<Record<string, string>>): Config {
  const data = absolute(env.DATA_DIR);
  const encryptionKey = env.ENCRYPTION_KEY ? Buffer.from(env.ENCRYPTION_KEY, 'hex') : keyFile(data, 'encryption.key');
  return {
    env: env.NODE_ENV,
    server: {
      host: env.HOST,
      port: env.PORT,
      roles: env.ROLES,
      requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
      corsOrigins: env.CORS_ORIGINS,
      trustProxy: env.TRUST_PROXY,
      docsPublic: env.DOCS_PUBLIC || env.NODE_ENV !== 'production',
      docsBaseUrl: env.DOCS_BASE_URL,
      wsAllowQueryToken: env.WS_ALLOW_QUERY_TOKEN,
      schedulerOn: env.SCHEDULER_MODE === 'internal' && env.ROLES.includes('scheduler'),
      publicBaseUrl: env.PUBLIC_BASE_URL,
      realtime: env.REALTIME_ENABLED,
      instanceId: env.INSTANCE_ID,
    },
    log: {
      level: env.LOG_LEVEL,
      toStderr: env.LOG_TO_STDERR,
      format: env.LOG_FORMAT,
      heartbeatShare: env.LOG_HEARTBEAT_SAMPLE_RATE ?? (env.NODE_ENV === 'production' ? 0.1 : 1),
      requestShare: env.LOG_REQUEST_SAMPLE_RATE ?? 1,
    },
    database: {
      uri: env.MONGODB_URI,
      name: env.MONGODB_DB ?? (namesDatabase(env.MONGODB_URI) ? undefined : 'claude-projects'),
      queryTimeoutMs: env.DB_QUERY_TIMEOUT_MS,
      serverSelectionTimeoutMs: env.MONGO_SERVER_SELECTION_TIMEOUT_MS,
      poolSize: env.MONGO_MAX_POOL_SIZE,
    },
    circuit: { failures: env.CIRCUIT_FAILURES, windowMs: env.CIRCUIT_WINDOW_MS, openMs: env.CIRCUIT_OPEN_MS },
    sessions: {
      stallThresholdMs: env.STALL_THRESHOLD_MS,
      heartbeatIntervalMs: env.HEARTBEAT_INTERVAL_MS,
      stallSweepSeconds: env.STALL_SWEEP_SECONDS,
      ingestionGapSeconds: env.INGESTION_GAP_SECONDS,
      machineOfflineThresholdMs: env.MACHINE_OFFLINE_THRESHOLD_MS,
      abandonedAfterHours: env.ABANDONED_AFTER_HOURS,
      pausedAbandonedAfterHours: env.PAUSED_ABANDONED_AFTER_HOURS,
      retentionDays: env.RETENTION_DAYS,
      ttlGraceDays: env.TTL_GRACE_DAYS,
      archiveRetentionDays: env.ARCHIVE_RETENTION_DAYS,
      maxRecoveryAttempts: env.MAX_RECOVERY_ATTEMPTS,
      recoveryLockMs: env.RECOVERY_LOCK_MS,
      requireRegisteredMachine: env.SESSIONS_REQUIRE_REGISTERED_MACHINE,
    },
    crons: {
      timeZone: env.CRON_TZ,
      stallDetection: env.STALL_DETECTION_CRON,
      cleanup: env.CLEANUP_CRON,
      abandon: env.ABANDON_CRON,
      consistency: env.CONSISTENCY_CRON,
      staleMs: env.BACKGROUND_JOB_STALE_MS,
    },
    paths: {
      data,
      stacks: absolute(env.STACKS_ROOT),
      compiledStacks: absolute(env.STACKS_BUILD_ROOT),
      templates: absolute(env.TEMPLATES_ROOT),
      deploy: absolute(env.DEPLOY_ROOT),
    },
    engine: {
      engine: env.ENGINE,
      cloud: env.CLOUD,
      sandboxSpeed: env.SANDBOX_SPEED,
      runners: env.ENGINE_RUNNERS,
      pulumi: {
        cli: env.PULUMI_CLI === undefined ? undefined : absolute(env.PULUMI_CLI),
        home: env.PULUMI_HOME === undefined ? join(homedir(), '.pulumi') : absolute(env.PULUMI_HOME),
        backendUrl: env.PULUMI_BACKEND_URL,
        passphrase: env.PULUMI_CONFIG_PASSPHRASE,
        secretsProvider: env.PULUMI_SECRETS_PROVIDER,
        environment: allowed(given, COMMAND_LINE_ENV),
      },
    },
    encryptionKey,
    auth: {
      provider: env.AUTH_PROVIDER,
      jwtSecret: env.JWT_SECRET ?? keyFile(data, 'jwt.key').toString('hex'),
      accessSeconds: env.JWT_EXPIRES_IN,
      refreshSeconds: env.JWT_REFRESH_EXPIRES_IN,
      staticKeys: env.API_KEYS,
      staticKeyFormat: env.API_KEY_FORMAT ?? (env.NODE_ENV === 'production' ? 'uuid' : 'any'),
      staticKeysOrganization: env.API_KEYS_ORGANIZATION ?? env.DEFAULT_ORGANIZATION ?? 'default',
      staticKeyRole: env.STATIC_API_KEY_ROLE,
      allowRegistration: env.ALLOW_REGISTRATION
        ? /^(true|1|yes)$/i.test(env.ALLOW_REGISTRATION)
        : env.NODE_ENV !== 'production',
      bootstrapAdmin:
        env.BOOTSTRAP_ADMIN_EMAIL && env.BOOTSTRAP_ADMIN_PASSWORD
          ? { email: env.BOOTSTRAP_ADMIN_EMAIL, password: env.BOOTSTRAP_ADMIN_PASSWORD }
          : undefined,
      defaultOrganization: env.DEFAULT_ORGANIZATION,
      requireMfaForProd: env.AUTH_REQUIRE_MFA_FOR_PROD,
    },
    rateLimits: {
      store: env.RATE_LIMIT_STORE,
      perMinute: env.RATE_LIMIT_PER_MINUTE,
      authPerMinute: env.RATE_LIMIT_AUTH_PER_MINUTE,
      regPerMinute: env.RATE_LIMIT_REG_PER_MINUTE,
      refreshPerMinute: env.RATE_LIMIT_REFRESH_PER_MINUTE,
      execPerMinute: env.RATE_LIMIT_EXEC_PER_MINUTE,
      checkPerMinute: env.RATE_LIMIT_CHECK_PER_MINUTE,
      exportPerMinute: env.RATE_LIMIT_EXPORT_PER_MINUTE,
      heartbeatPerMinute: env.RATE_LIMIT_HEARTBEAT_PER_MINUTE,
      authFailuresPerMinute: env.AUTH_FAILURES_PER_MINUTE,
    },
    retention: { eventDays: env.EVENT_RETENTION_DAYS, logDays: env.LOG_RETENTION_DAYS },
    webhooks: {
      signingKey: env.WEBHOOK_SIGNING_KEY ?? keyFile(data, 'webhook-signing.key'),
      allowPrivate: env.WEBHOOK_ALLOW_PRIVATE,
    },
    runs: {
      leaseSeconds: env.LOCK_LEASE_SECONDS,
      recovery: env.RUN_RECOVERY,
      parallelStacks: env.MAX_PARALLEL_STACKS,
      concurrentStacks: env.MAX_CONCURRENT_STACKS,
      minFreeBytes: env.MIN_FREE_MEMORY_MB * 1024 * 1024,
      maxStacks: env.MAX_STACKS_PER_DEPLOYMENT,
      cancelGraceSeconds: env.CANCEL_GRACE_SECONDS,
      drift: { cron: env.DRIFT_DETECTION_CRON, concurrency: env.DRIFT_DETECTION_CONCURRENCY },
      mirror: env.DEPLOY_MIRROR,
      promotionEnforce: env.PROMOTION_ENFORCE,
    },
    runtimeEnv: allowed(given, env.RUNTIME_ENV_ALLOW),
  };
}

/** Does the connection string name a database, as in mongodb://host:27017/cloud? */
function namesDatabase(uri: string): boolean {
  return /^mongodb(\+srv)?:\/\/[^/]+\/[^?]+/.test(uri);
}

/** What the Pulumi command line needs besides its own settings: to run, to reach its backend, and the cloud's credentials. */
const COMMAND_LINE_ENV = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'USERPROFILE', 'SystemRoot', 'TMPDIR', 'TEMP', 'LANG', 'LC_*', 'TZ'],
  ...[
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
  ],
  ...['AWS_*', 'AZURE_*', 'GOOGLE_*', 'VAULT_*', 'PULUMI_ACCESS_TOKEN'],
];

function allowed(given: Readonly<Record<string, string>>, patterns: readonly string[]): Record<string, string> {
  const tests = patterns.map((p) => new RegExp(`^${p.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`));
  return Object.fromEntries(Object.entries(given).filter(([name]) => tests.some((test) => test.test(name))));
}

function absolute(path: string): string {
  return isAbsolute(path) ? path : resolve(PROJECT_ROOT, path);
}

/** 32 random bytes kept in `<data>/keys/<name>`; made once, readable by the owner only. */
function keyFile(data: string, name: string): Buffer {
  const folder = join(data, 'keys');
  const file = join(folder, name);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process made it first
    }
  }
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (part !== null && typeof part === 'object' && !Buffer.isBuffer(part)) deepFreeze(part as object);
  }
  return Object.freeze(value);
}
