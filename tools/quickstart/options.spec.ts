import { BadOption, parseOptions } from './options.js';

const DEFAULTS = { demo: true, once: false, json: false, help: false };

describe('options of the quick start', () => {
  it.each([
    ['nothing', [], DEFAULTS],
    ['switches', ['--once', '--json'], { ...DEFAULTS, once: true, json: true }],
    ['serve only', ['--no-demo'], { ...DEFAULTS, demo: false }],
    ['values apart', ['--port', '0', '--data', '/tmp/x'], { ...DEFAULTS, port: 0, data: '/tmp/x' }],
    ['values joined', ['--port=8080', '--data=/tmp/a=b'], { ...DEFAULTS, port: 8080, data: '/tmp/a=b' }],
    ['a pair', ['--engine', 'pulumi', '--cloud', 'aws'], { ...DEFAULTS, engine: 'pulumi', cloud: 'aws' }],
  ])('understands %s', (_title, args, expected) => {
    expect(parseOptions(args)).toEqual(expected);
  });

  it.each([
    ['an unknown option', ['--prot', '1'], 'unknown option --prot'],
    ['a stray word', ['dev'], 'unknown option dev'],
    ['a switch with a value', ['--once=yes'], 'unknown option --once=yes'],
    ['a missing value', ['--data'], '--data needs a value'],
    ['an option in place of a value', ['--data', '--once'], '--data needs a value'],
    ['a port that is no number', ['--port', 'http'], '--port must be 0 to 65535, not http'],
    ['a port out of range', ['--port', '65536'], '--port must be 0 to 65535, not 65536'],
    ['an unknown engine', ['--engine', 'magic'], '--engine must be embedded or pulumi, not magic'],
    ['an unknown cloud', ['--cloud', 'moon'], '--cloud must be sandbox or aws, not moon'],
    ['--once without a demo', ['--once', '--no-demo'], 'choose one'],
  ])('refuses %s and names it', (_title, args, message) => {
    expect(() => parseOptions(args)).toThrow(BadOption);
    expect(() => parseOptions(args)).toThrow(message);
  });
});
