import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { stringify } from 'yaml';
import type { Config } from './shared/config/config.js';

/** The OpenAPI 3.1 document of all routes, with both credential schemes. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('cloud')
    .setDescription('Deployments of infrastructure stacks and long-running sessions.')
    .setVersion('1.0.0')
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, 'ApiKeyAuth')
    .build();
  return SwaggerModule.createDocument(app, base, { autoTagControllers: true });
}

/** `/api/docs` (page for browsers, JSON otherwise), `/docs`, `/api/docs-json`, `/api/v1/openapi.json`, `/api/v1/openapi.yaml` (api.md 3.14). */
export async function installDocs(app: NestFastifyApplication, config: Config): Promise<void> {
  if (!config.server.docsPublic) return;
  let document: OpenAPIObject | undefined;
  const build = (): OpenAPIObject => (document ??= openApiDocument(app));
  SwaggerModule.setup('api/docs', app, build, { ui: true, raw: [], customSiteTitle: 'cloud API' });
  const fastify = app.getHttpAdapter().getInstance();
  for (const path of ['/api/v1/openapi.json', '/api/docs-json']) {
    fastify.get(path, (_request, reply) => reply.type('application/json; charset=utf-8').send(build()));
  }
  fastify.get('/api/v1/openapi.yaml', (_request, reply) =>
    reply.type('application/yaml; charset=utf-8').send(stringify(build())),
  );
  fastify.get('/docs', (_request, reply) => reply.redirect('/api/docs'));
  fastify.addHook('onRequest', (request, reply, done) => {
    const isDocs = request.method === 'GET' && /^\/api\/docs\/?(\?|$)/.test(request.url);
    if (isDocs && !String(request.headers.accept ?? '').includes('text/html')) {
      void reply.type('application/json; charset=utf-8').send(build());
      return;
    }
    done();
  });
}
