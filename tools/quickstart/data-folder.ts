import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { randomBytes, randomUUID } from 'node:crypto';
import { FileLock } from '../dev-database/file-lock.js';

/** What the quick start remembers between two starts. */
export interface Memory {
  /** Password of the generated administrator; absent when the caller gave one. */
  readonly adminEmail?: string;
  readonly adminPassword?: string;
  readonly apiKey?: string;
  readonly bootstrapKey?: string;
  readonly sessionId?: string;
  readonly deploymentId?: string;
}

/** Another quick start works on the folder; the message says where it answers. */
export class DataFolderInUse extends Error {
  override readonly name = 'DataFolderInUse';
}

const LOCK = 'quickstart.lock';
const MEMORY = 'quickstart.json';
const LOG = 'server.log';
const LOG_LIMIT_BYTES = 20 * 1024 * 1024;

/** `--data`, else DATA_DIR, else `cloud` in the user's data folder (`$XDG_DATA_HOME` or `~/.local/share`). */
export function dataFolderPath(asked: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  if (asked) return resolve(env['INIT_CWD'] ?? '.', asked); // npm changes the folder; the caller means their own
  if (env['DATA_DIR']) return resolve(env['DATA_DIR']);
  const base = env['XDG_DATA_HOME'];
  return join(base && isAbsolute(base) ? base : join(env['HOME'] ?? homedir(), '.local', 'share'), 'cloud');
}

/** The folder that brings everything back, held by one quick start at a time. */
export class DataFolder {
  private constructor(
    readonly path: string,
    private readonly lock: FileLock,
  ) {}

  /** Makes the folder and locks it; the lock of a dead process is taken over. @throws DataFolderInUse */
  static open(path: string): DataFolder {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const attempt = FileLock.take(join(path, LOCK));
    if (attempt.kind === 'held') {
      const where = attempt.by.note ? `serves at ${attempt.by.note}` : 'is starting';
      throw new DataFolderInUse(
        `the data folder ${path} is in use: process ${attempt.by.pid} ${where}. Use that one, stop it, or choose another folder with --data`,
      );
    }
    return new DataFolder(path, attempt.lock);
  }

  get database(): string {
    return join(this.path, 'database');
  }

  /** Log of the server; a big one makes room first and is kept as `.1`. */
  get log(): string {
    const file = join(this.path, LOG);
    if (existsSync(file) && statSync(file).size > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
    return file;
  }

  /** Tells a second start where this one answers. */
  announce(url: string): void {
    this.lock.annotate(url);
  }

  release(): void {
    this.lock.release();
  }

  recall(): Memory {
    const file = join(this.path, MEMORY);
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Memory) : {};
  }

  /** Adds to what is remembered; the file is readable by its owner only and never half-written. */
  remember(part: Memory): Memory {
    const file = join(this.path, MEMORY);
    const memory = { ...this.recall(), ...part };
    writeFileSync(`${file}.new`, `${JSON.stringify(memory, null, 2)}\n`, { mode: 0o600 });
    chmodSync(`${file}.new`, 0o600);
    renameSync(`${file}.new`, file);
    return memory;
  }

  /** The administrator of this folder, made up at the first start. */
  administrator(): { readonly email: string; readonly password: string } {
    const { adminEmail, adminPassword } = this.recall();
    if (adminEmail && adminPassword) return { email: adminEmail, password: adminPassword };
    const made = { email: 'admin@demo.example', password: `Demo-${randomBytes(12).toString('base64url')}-7` };
    this.remember({ adminEmail: made.email, adminPassword: made.password });
    return made;
  }

  /** The bootstrap key of this folder (API_KEYS), made up at the first start. */
  bootstrapKey(): string {
    return this.recall().bootstrapKey ?? this.remember({ bootstrapKey: randomUUID() }).bootstrapKey ?? '';
  }
}
