import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** X12 of stacks.md 15. */

const ROOT = join(__dirname, '..', '..');
const CACHE = join(ROOT, 'node_modules', '.cache', 'stacks-type-check');

test('X12: all programs agree with the pinned provider, type by type', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of ['@pulumi/aws', '@pulumi/pulumi']) {
    const installed = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect([name, dependencies[name]]).toEqual([name, installed.version]); // a range is no pin
  }

  mkdirSync(CACHE, { recursive: true });
  const project = join(CACHE, 'tsconfig.json');
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { noEmit: true, incremental: true, tsBuildInfoFile: join(CACHE, 'build-info'), rootDir: ROOT },
      include: [join(ROOT, 'stacks/*/src/**/*.ts'), join(ROOT, 'stacks/shared/**/*.ts')],
      exclude: [join(ROOT, 'stacks/**/*.spec.ts')],
    }),
  );
  const checked = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect(checked.stdout + checked.stderr).toBe('');
  expect(checked.status).toBe(0);
}, 300_000);
