import { createServer } from 'node:net';
import type { Options } from './options.js';
import { requireFreePort, serverEnvironment } from './server-process.js';

const NOTHING_ASKED: Options = { demo: true, once: false, json: false, help: false };
const folder = {
  path: '/data',
  administrator: () => ({ email: 'a@example.com', password: 'made-up-1' }),
  bootstrapKey: () => 'made-up-key',
};

describe('environment of the server', () => {
  it('is the embedded engine on the sandbox cloud with a made-up administrator by default', () => {
    expect(serverEnvironment(NOTHING_ASKED, folder, {})).toEqual({
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PORT: '3000',
      DATA_DIR: '/data',
      DEPLOY_ROOT: '/data/deploy',
      ENGINE: 'embedded',
      CLOUD: 'sandbox',
      SANDBOX_SPEED: '0.02',
      DEFAULT_ORGANIZATION: 'demo',
      BOOTSTRAP_ADMIN_EMAIL: 'a@example.com',
      BOOTSTRAP_ADMIN_PASSWORD: 'made-up-1',
      API_KEYS: 'quickstart:made-up-key',
    });
  });

  it('lets every setting of the caller win and passes the others on', () => {
    const given = { SANDBOX_SPEED: '0', LOCK_LEASE_SECONDS: '5', PORT: '4000', DEFAULT_ORGANIZATION: 'acme' };
    expect(serverEnvironment(NOTHING_ASKED, folder, given)).toMatchObject(given);
  });

  it('makes no administrator beside a given one', () => {
    const environment = serverEnvironment(NOTHING_ASKED, folder, { BOOTSTRAP_ADMIN_EMAIL: 'me@example.com' });
    expect(environment['BOOTSTRAP_ADMIN_EMAIL']).toBe('me@example.com');
    expect(environment['BOOTSTRAP_ADMIN_PASSWORD']).toBeUndefined(); // the server says that both belong together
  });

  it('puts the command line above the environment', () => {
    const options: Options = { ...NOTHING_ASKED, port: 0, engine: 'pulumi', cloud: 'aws', json: true };
    expect(serverEnvironment(options, folder, { PORT: '4000', ENGINE: 'embedded', CLOUD: 'sandbox' })).toMatchObject({
      PORT: '0',
      ENGINE: 'pulumi',
      CLOUD: 'aws',
      LOG_TO_STDERR: 'true',
    });
  });

  it('counts an empty setting as not given', () => {
    expect(serverEnvironment(NOTHING_ASKED, folder, { PORT: '' })['PORT']).toBe('3000');
  });
});

describe('port', () => {
  it('is refused with a way out when another program has it', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expect(requireFreePort('127.0.0.1', port)).rejects.toThrow(
      /is taken by another program; choose another with --port/,
    );
    await new Promise((resolve) => other.close(resolve));
    await expect(requireFreePort('127.0.0.1', port)).resolves.toBeUndefined();
  });
});
