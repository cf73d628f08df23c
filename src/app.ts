import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { AppModule } from './app.module.js';
import { installDashboard } from './dashboard.js';
import { installDocs } from './docs.js';
import type { Config } from './shared/config/config.js';
import { AppExceptionFilter } from './shared/errors/exception.filter.js';
import { FrontDesk } from './shared/http/front/front-desk.js';
import { EnvelopeInterceptor } from './shared/http/envelope.interceptor.js';
import { createAdapter, installHooks } from './shared/http/http-server.js';
import { TimeoutInterceptor } from './shared/http/timeout.interceptor.js';
import { RequestValidationPipe } from './shared/http/validation.pipe.js';
import { configureLog, NestLog } from './shared/kernel/log.js';

/** The whole server, initialised but not listening; `main.ts`, tests and benches use the same one. */
export async function createApp(config: Config): Promise<NestFastifyApplication> {
  configureLog(config.log);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), createAdapter(config), {
    logger: new NestLog(),
    abortOnError: false,
    bodyParser: false, // request-bodies.ts
  });
  const filter = new AppExceptionFilter({
    ...(config.server.docsBaseUrl ? { docsBaseUrl: config.server.docsBaseUrl } : {}),
    showStack: config.env === 'development',
  });
  await installHooks(app.getHttpAdapter().getInstance() as unknown as FastifyInstance, config, filter);
  app.useGlobalFilters(filter);
  app.useGlobalPipes(new RequestValidationPipe());
  app.useGlobalInterceptors(new TimeoutInterceptor(config.server.requestTimeoutMs), new EnvelopeInterceptor());
  await installDocs(app, config);
  await installDashboard(app.getHttpAdapter().getInstance() as unknown as FastifyInstance);
  try {
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    app.get(FrontDesk).open(app.getHttpServer(), filter);
  } catch (error) {
    await app.close().catch(() => undefined); // what did start must not keep the process
    throw error;
  }
  return app;
}
