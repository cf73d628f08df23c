import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, readConfig } from './config.js';

const data = mkdtempSync(join(tmpdir(), 'cloud-config-'));
afterAll(() => rmSync(data, { recursive: true, force: true }));

const good = {
  MONGODB_URI: 'mongodb://127.0.0.1/cloud',
  NODE_ENV: 'test',
  ENGINE: 'embedded',
  CLOUD: 'sandbox',
  DATA_DIR: data,
  API_KEYS: 'test-key-0123456789',
};

describe('readConfig', () => {
  it('[1.2.d][1.3.f][4.1.d] lists every problem with the name of its variable in one message', () => {
    const read = (): unknown =>
      readConfig({ PORT: 'abc', LOG_LEVEL: 'loud', LOG_TO_STDERR: 'maybe', ENGINE: 'embedded', CLOUD: 'aws' });
    expect(read).toThrow(ConfigurationError);
    expect(read).toThrow(/PORT must be a number[\s\S]*LOG_LEVEL|LOG_LEVEL[\s\S]*PORT must be a number/);
    expect(read).toThrow(/MONGODB_URI is required/);
    expect(read).toThrow(/API_KEYS is required/);
    expect(read).toThrow(/LOG_TO_STDERR must be true or false/);
    expect(read).toThrow(/ENGINE embedded works with CLOUD sandbox only/);
    expect(read).toThrow(/JWT_SECRET is required in production/);
  });

  it('is frozen to the depth', () => {
    const config = readConfig(good);
    expect(() => Object.assign(config.runs, { parallelStacks: 9 })).toThrow(TypeError);
  });

  it('keeps its keys in the data folder, readable by the owner only, and finds them again', () => {
    const first = readConfig(good);
    const second = readConfig(good);
    expect(second.encryptionKey.equals(first.encryptionKey)).toBe(true);
    expect(second.auth.jwtSecret).toBe(first.auth.jwtSecret);
    expect(statSync(join(data, 'keys', 'encryption.key')).mode & 0o077).toBe(0);
  });

  it.each([
    ['CLOUD_REGION', true],
    ['AWS_REGION', true],
    ['AWS_SECRET_ACCESS_KEY', false],
    ['PATH', false],
  ])('lets placeholders read %s: %s', (name, readable) => {
    const config = readConfig({ ...good, [name]: 'x' });
    expect(name in config.runtimeEnv).toBe(readable);
  });

  it('takes an empty variable as not given', () => {
    expect(readConfig({ ...good, PORT: '' }).server.port).toBe(3000);
  });
});
