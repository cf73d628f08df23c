import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { readConfig } from '../../src/shared/config/config.js';

describe('boot', () => {
  const data = mkdtempSync(join(tmpdir(), 'cloud-auth-'));
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await createApp(
      readConfig({
        NODE_ENV: 'test',
        LOG_LEVEL: 'warn',
        MONGODB_URI: `${process.env['MONGODB_URI']}auth_boot_${Date.now()}`,
        ENGINE: 'embedded',
        CLOUD: 'sandbox',
        DATA_DIR: data,
        SCHEDULER_MODE: 'off',
        BOOTSTRAP_ADMIN_EMAIL: 'Root@example.com',
        BOOTSTRAP_ADMIN_PASSWORD: 'Correct-horse-7',
      }),
    );
  }, 120_000);
  afterAll(async () => {
    await app?.close();
    rmSync(data, { recursive: true, force: true });
  });

  it('logs in', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/auth/login',
      payload: { username: 'root@example.com', password: 'Correct-horse-7' },
    });
    console.log(answer.statusCode, answer.headers, answer.body);
    const token = answer.json().data.accessToken;
    const me = await app.inject({ method: 'GET', url: '/api/v1/auth/me', headers: { authorization: `Bearer ${token}` } });
    console.log(me.statusCode, me.headers, me.body);
    expect(me.statusCode).toBe(200);
  });
});
