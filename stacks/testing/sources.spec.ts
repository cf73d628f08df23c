import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { commonTemplate, STACK_NAMES, stackTemplate } from './template-config';

/** X10 of stacks.md 15: what the sources of a program may not hold. */

const STACKS = join(__dirname, '..');

describe.each(STACK_NAMES)('X10: sources of %s', (stack) => {
  const root = join(STACKS, stack, 'src');
  const sources = readdirSync(root)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => [file, readFileSync(join(root, file), 'utf8')] as const);
  const all = sources.map(([, text]) => text).join('\n');
  const index = sources.find(([file]) => file === 'index.ts')?.[1] ?? '';
  const shared = ['state.ts', ...(all.includes('readServiceSettings') ? ['service-settings.ts'] : [])]
    .map((file) => readFileSync(join(STACKS, 'shared', file), 'utf8'))
    .join('\n');

  test('chain no promises, read no other stack, print nothing, stringify no output', () => {
    expect(all).not.toMatch(
      /\.then\(|\bawait\b|StackReference|\bconsole\.(log|info|warn|error|debug)\b|JSON\.stringify|process\.env/,
    );
  });

  test('pass no argument that provider v7 has deprecated', () => {
    expect(all).not.toMatch(/managedPolicyArns|inlinePolicies|\bvpc: true|BucketV2|isEnabled/);
  });

  test('import one AWS service at a time: the whole SDK costs 300 modules', () => {
    expect(all).not.toMatch(/from '@pulumi\/aws'/);
  });

  test('keep resources out of index.ts, and index.ts short', () => {
    expect(index).not.toMatch(/\bnew (?!pulumi\.Config|InvalidInput|Set)/);
    expect(index.split('\n').length).toBeLessThanOrEqual(121); // 120 lines and the closing line feed
  });

  test('register nothing inside apply', () => {
    for (const [, text] of sources) expect(text).not.toMatch(/\.apply\([^)]*\bnew /);
  });

  test('have a Pulumi.yaml of exactly three keys, and a package with the allowed providers only', () => {
    const yaml = parse(readFileSync(join(root, 'Pulumi.yaml'), 'utf8')) as Record<string, unknown>;
    expect(yaml).toEqual({ name: stack, runtime: 'nodejs', description: stackTemplate(stack).description });
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(manifest).toMatchObject({
      private: true,
      type: 'commonjs',
      version: stackTemplate(stack).version,
    });
    expect(manifest['dependencies']).toEqual({
      '@pulumi/aws': '^7',
      '@pulumi/pulumi': '^3',
      ...(stack === 'secrets' && { '@pulumi/random': '^4' }),
    });
    expect(existsSync(join(root, 'tsconfig.json'))).toBe(true);
    expect(existsSync(join(STACKS, stack, 'docs', 'README.md'))).toBe(true);
  });

  test('read exactly the inputs that the templates declare', () => {
    const read = [...`${all}\n${shared}`.matchAll(/\bread\s*\.(?:require|opt)[A-Z][a-z]+\(\s*'(\w+)'/g)].map(
      ([, key]) => key,
    );
    const declared = { ...commonTemplate().parameters.inputs, ...stackTemplate(stack).parameters.inputs };
    expect([...new Set(read)].sort()).toEqual(Object.keys(declared).sort());
  });

  test('read an input as the type that the template declares', () => {
    const READER = { String: 'string', Number: 'number', Bool: 'boolean', Array: 'array', Map: 'object' } as const;
    const calls = all.matchAll(/\bread\s*\.(require|opt)(String|Number|Bool|Array|Map)\(\s*'(\w+)'/g);
    for (const [, , kind, key] of calls) {
      const input = stackTemplate(stack).parameters.inputs[key ?? ''];
      expect([key, input?.type]).toEqual([key, READER[kind as keyof typeof READER]]);
    }
  });
});
