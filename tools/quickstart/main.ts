/**
 * The quick start, under the project's own Node and with everything built (start.mjs saw to both):
 *
 * 1. lock the data folder; 2. check every setting and the port; 3. provide a database; 4. start the server; 5. log in and
 * have an API key; 6. say where everything is; 7. run the demo; 8. serve until told to stop.
 *
 * Ends in the reverse order on SIGINT and SIGTERM, when the server dies, and when whoever started us is gone (the IPC
 * channel closes).
 */
import { DatabaseUnavailable } from '../dev-database/dev-database.error.js';
import { provideDatabase } from '../dev-database/provide-database.js';
import { ConfigurationError, readConfig } from '../../src/shared/config/config.js';
import { ApiClient, ApiError } from './api-client.js';
import { login, provideApiKey } from './credentials.js';
import { DataFolder, DataFolderInUse, dataFolderPath } from './data-folder.js';
import { runDemo } from './demo.js';
import { DemoSession } from './demo-session.js';
import { BadOption, type Options, parseOptions } from './options.js';
import { honestly } from './pairs.js';
import { StreamRefused } from './run-stream.js';
import { requireFreePort, serverEnvironment, ServerFailed, ServerProcess } from './server-process.js';
import { JsonReporter, ProseReporter, type Reporter } from './steps.js';

const DATABASE = 'cloud';
const INTERRUPTED = 130;
/** An ending in order takes at most this long; then what is left is ended by its own watch over us. */
const LAST_RESORT_MS = 40_000;

type Ending = () => Promise<void> | void;

/** @returns the exit code */
async function quickstart(options: Options, reporter: Reporter, stop: AbortSignal): Promise<number> {
  const endings: Ending[] = [];
  const stopped = new Promise<null>((resolve) => {
    if (stop.aborted) resolve(null);
    stop.addEventListener('abort', () => resolve(null), { once: true });
  });
  try {
    const path = dataFolderPath(options.data, process.env);
    const folder = await reporter.step('data folder', async () => {
      const opened = DataFolder.open(path);
      endings.push(() => opened.release());
      return [opened, path];
    });
    const given = serverEnvironment(options, folder, process.env);
    // All problems of all settings now, not after the database has been set up.
    const config = readConfig({ ...given, MONGODB_URI: given['MONGODB_URI'] || 'mongodb://to-be-provided' });
    await requireFreePort(config.server.host, config.server.port);

    const uri = await reporter.step('database', async (detail) => {
      const database = await provideDatabase({
        dataDir: folder.database,
        say: detail,
        env: given as NodeJS.ProcessEnv,
      });
      endings.push(() => database.stop());
      return [database.via === 'given' ? database.uri : withName(database.uri), database.via];
    });
    if (stop.aborted) return INTERRUPTED;

    const server = await reporter.step('server', async () => {
      const logFile = options.json ? null : folder.log;
      const process = await ServerProcess.start({ ...given, MONGODB_URI: uri }, logFile);
      endings.push(() => process.stop());
      return [process, logFile ? `${process.url}, log in ${logFile}` : process.url];
    });
    folder.announce(server.url);
    if (stop.aborted) return INTERRUPTED;
    const crashed = server.died.then((why) => {
      if (!server.isStopping) throw new ServerFailed(`the server has died (${why}); start again to go on where it was`);
      return null;
    });
    crashed.catch(() => undefined); // raced below

    const username = given['BOOTSTRAP_ADMIN_EMAIL'] ?? '';
    const password = given['BOOTSTRAP_ADMIN_PASSWORD'] ?? '';
    const open = new ApiClient(server.url);
    const apiKey = await reporter.step('administrator', async () => {
      const [key, isNew] = await provideApiKey(await login(open, username, password), username, folder);
      return [key, `${username}, ${isNew ? 'API key made' : 'API key of the last start'}`];
    });
    const { engine, cloud } = config.engine;
    const organization = config.auth.defaultOrganization ?? 'demo';
    tell(reporter, { url: server.url, username, password, apiKey, truth: honestly(engine, cloud) });
    reporter.emit('ready', {
      url: server.url,
      mongodbUri: uri,
      organization,
      username,
      password,
      apiKey,
      engine,
      cloud,
    });

    if (options.demo) {
      const demo = runDemo({
        api: open.withKey(apiKey),
        apiKey,
        organization,
        folder,
        reporter,
        out: process.stdout,
        json: options.json,
        colour: process.stdout.isTTY === true && !process.env['NO_COLOR'],
        signal: stop,
      });
      const status = await Promise.race([demo, crashed, stopped]);
      demo.catch(() => undefined); // cut short
      if (!stop.aborted) {
        const session = await DemoSession.start({ api: open.withKey(apiKey), folder, reporter, signal: stop });
        if (options.once) await session.stop(true);
        else endings.push(() => session.stop(false).catch(() => undefined)); // the server may be gone: the session stalls
      }
      if (options.once) return status === 'deployed' ? 0 : status === null ? INTERRUPTED : 1;
    }
    if (!stop.aborted && !options.json)
      reporter.note(`  ${server.url} — Ctrl-C stops everything; the data stays in ${path}\n`);
    await Promise.race([stopped, crashed]);
    return 0;
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

/** The database of the product on a server that was given without a name. */
function withName(uri: string): string {
  const parts = /^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?([^?]*)(\?.*)?$/.exec(uri);
  return parts ? `${parts[1]}/${parts[2] || DATABASE}${parts[3] ?? ''}` : uri;
}

interface Addresses {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly apiKey: string;
  readonly truth: string;
}

function tell(reporter: Reporter, { url, username, password, apiKey, truth }: Addresses): void {
  reporter.note('');
  reporter.note(`  Page       ${url}/`);
  reporter.note(`  API        ${url}/api/docs`);
  reporter.note(`  Sign in    ${username}  ${password}`);
  reporter.note(`  API key    ${apiKey}`);
  reporter.note(`  Runs on    ${truth}`);
  reporter.note('');
}

/** Errors whose message is all a person needs. */
function isForPeople(error: unknown): error is Error {
  return [ConfigurationError, DatabaseUnavailable, DataFolderInUse, ServerFailed, ApiError, StreamRefused].some(
    (kind) => error instanceof kind,
  );
}

async function main(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  stop.signal.addEventListener('abort', () => {
    setTimeout(() => process.exit(INTERRUPTED), LAST_RESORT_MS).unref();
  });
  process.on('disconnect', () => stop.abort());
  process.on('message', (message) => {
    if (message === 'stop') stop.abort();
  });
  process.stdout.on('error', () => stop.abort()); // the reader is gone
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof BadOption)) throw error;
    process.stderr.write(`quickstart: ${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  const reporter = options.json
    ? new JsonReporter(process.stdout, process.stderr)
    : new ProseReporter(process.stdout, process.stderr);
  try {
    process.exitCode = await quickstart(options, reporter, stop.signal);
  } catch (error) {
    reporter.problem(isForPeople(error) ? error.message : String((error as Error)?.stack ?? error));
    process.exitCode = 1;
  }
}

await main();
process.exit(); // whatever still holds the loop (a retry, an idle socket) is of no use any more
