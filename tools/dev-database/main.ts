/** `node dist/tools/dev-database/main.js --data DIR [--port N] [--via WAY]`: prints the URI, serves until it is told to stop. */
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { DatabaseUnavailable } from './dev-database.error.js';
import { provideDatabase, type ProvideOptions } from './provide-database.js';

const VIAS = ['mongod-binary', 'mongod-path', 'mongod-download', 'documentdb'] as const;
const USAGE = `usage: main.js --data DIR [--port N] [--via ${VIAS.join('|')}]`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { data: { type: 'string' }, port: { type: 'string', default: '0' }, via: { type: 'string' } },
  });
  const port = Number(values.port);
  const via = VIAS.find((name) => name === values.via);
  if (!values.data || !Number.isInteger(port) || port < 0 || port > 65_535 || (values.via && !via)) {
    console.error(USAGE);
    return 2;
  }
  const stopAsked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  const options: ProvideOptions = {
    dataDir: values.data,
    port,
    say: (line) => console.error(line),
    gatewayEntry: join(dirname(process.argv[1] ?? ''), 'gateway/main.js'),
    ...(via ? { via } : {}),
  };
  try {
    const database = await provideDatabase(options);
    console.log(JSON.stringify({ uri: database.uri, via: database.via, pids: database.pids }));
    await stopAsked;
    await database.stop();
    return 0;
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error;
    console.error(error.message);
    return 1;
  }
}

process.exitCode = await main();
