import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { createLog } from './shared/kernel/log.js';
import { PROJECT_ROOT } from './shared/kernel/paths.js';

/** Serves the built dashboard at `/`. A server that was built without it says so and goes on: the API does not need it. */
export async function installDashboard(fastify: FastifyInstance): Promise<void> {
  const root = join(PROJECT_ROOT, 'dist', 'dashboard');
  if (!existsSync(join(root, 'index.html'))) {
    createLog('dashboard').warn('dashboard is not built; / answers 404', { hint: 'npm run build' });
    return;
  }
  await fastify.register(fastifyStatic, { root, prefix: '/', wildcard: false, decorateReply: false });
}
