import { ENGINES, CLOUDS, type CloudName, type EngineName } from './pairs.js';

/** What the caller asked for after `--`; absent = not said. */
export interface Options {
  readonly demo: boolean;
  readonly once: boolean;
  readonly json: boolean;
  readonly help: boolean;
  readonly port?: number;
  readonly data?: string;
  readonly engine?: EngineName;
  readonly cloud?: CloudName;
}

/** A command line that makes no sense; the message names the word and the way out. */
export class BadOption extends Error {
  override readonly name = 'BadOption';
}

export const HELP = `npm run quickstart -- [options]

  --no-demo      serve only: no demo deployment
  --once         run the demo, print its result, stop; exit 0 only if it ended deployed
  --json         one JSON object a line on stdout, logs on stderr
  --port N       0 takes any free port (default: PORT, else 3000)
  --data DIR     database files, keys and engine state; the same folder brings everything back
                 (default: DATA_DIR, else your user's data folder)
  --engine NAME  ${ENGINES.join(' or ')} (default: ENGINE, else embedded)
  --cloud NAME   ${CLOUDS.join(' or ')} (default: CLOUD, else sandbox)
  --help         this text

Every setting of .env.example given in the environment is passed on.`;

const SWITCHES = ['--no-demo', '--once', '--json', '--help'] as const;
const WITH_VALUE = ['--port', '--data', '--engine', '--cloud'] as const;

/** Understands `--name value` and `--name=value`. @throws BadOption */
export function parseOptions(args: readonly string[]): Options {
  const switches = new Set<string>();
  const values = new Map<string, string>();
  for (let i = 0; i < args.length; i += 1) {
    const word = args[i] ?? '';
    const [name = '', ...rest] = word.split('=');
    if (oneOf(SWITCHES, word)) switches.add(word);
    else if (oneOf(WITH_VALUE, name)) {
      const value = rest.length > 0 ? rest.join('=') : args[(i += 1)];
      if (value === undefined || value === '' || value.startsWith('--')) throw new BadOption(`${name} needs a value`);
      values.set(name, value);
    } else throw new BadOption(`unknown option ${word}; known are ${[...SWITCHES, ...WITH_VALUE].join(' ')}`);
  }
  if (switches.has('--once') && switches.has('--no-demo')) {
    throw new BadOption('--once runs the demo, --no-demo leaves it out: choose one');
  }
  const port = values.get('--port');
  const data = values.get('--data');
  const engine = named('--engine', ENGINES, values);
  const cloud = named('--cloud', CLOUDS, values);
  return {
    demo: !switches.has('--no-demo'),
    once: switches.has('--once'),
    json: switches.has('--json'),
    help: switches.has('--help'),
    ...(port === undefined ? {} : { port: portOf(port) }),
    ...(data === undefined ? {} : { data }),
    ...(engine === undefined ? {} : { engine }),
    ...(cloud === undefined ? {} : { cloud }),
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new BadOption(`--port must be 0 to 65535, not ${text}`);
  return port;
}

function named<T extends string>(
  option: string,
  known: readonly T[],
  values: ReadonlyMap<string, string>,
): T | undefined {
  const value = values.get(option);
  if (value === undefined) return undefined;
  if (!oneOf(known, value)) throw new BadOption(`${option} must be ${known.join(' or ')}, not ${value}`);
  return value;
}

function oneOf<T extends string>(known: readonly T[], word: string): word is T {
  return (known as readonly string[]).includes(word);
}
