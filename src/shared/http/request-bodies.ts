import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiConsumes } from '@nestjs/swagger';
import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify';
import { LineCounter, parseDocument } from 'yaml';
import { type AppError, Invalid } from '../errors/app-error.js';

const YAML_TYPES = ['application/yaml', 'text/yaml'];
/** An alias bomb would need more. */
const MAX_ALIASES = 100;

interface YamlOptions {
  /** The whole text becomes this field, unread: whoever takes it judges it. Missing: the body has the shape of the JSON one. */
  readonly field?: string;
}

/** The route takes YAML too. */
export const TakesYaml = (options: YamlOptions = {}): MethodDecorator =>
  applyDecorators(RouteConfig({ yaml: options }), ApiConsumes('application/json', ...YAML_TYPES));

/**
 * What a body may be (api.md 1.2): JSON, and YAML on the routes that say so. Everything else is 415, also what Fastify and Nest would
 * read by themselves (plain text, forms).
 */
export function installBodyParsers(fastify: FastifyInstance): void {
  const json = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, json);
  fastify.addContentTypeParser<string>(YAML_TYPES, { parseAs: 'string' }, (request, text, done) => {
    const options = yamlOptions(request);
    if (!options) return done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(request.headers['content-type']));
    if (options.field !== undefined) return done(null, { [options.field]: text });
    const body = readYaml(text);
    if (body instanceof Error) done(body);
    else done(null, body);
  });
}

function yamlOptions({ routeOptions }: FastifyRequest): YamlOptions | undefined {
  return (routeOptions.config as { readonly yaml?: YamlOptions }).yaml;
}

function readYaml(text: string): unknown {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { uniqueKeys: true, schema: 'core', lineCounter: lines });
  const [problem] = [...parsed.errors, ...parsed.warnings];
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    return malformed(`line ${line}, column ${col}: ${problem.message.split('\n', 1)[0] ?? ''}`);
  }
  try {
    return parsed.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (error) {
    return malformed((error as Error).message);
  }
}

function malformed(what: string): AppError {
  return new Invalid('VALIDATION_MALFORMED_JSON', `The request body is not valid YAML: ${what}`);
}
