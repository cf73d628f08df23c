import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../shared/kernel/paths.js';

/** Packages that programs use; a plug-in must have the version of the SDK. */
const PACKAGES = ['aws', 'random'];

/** Package → version of its SDK. */
export function packageVersions(): Record<string, string> {
  const require = createRequire(join(PROJECT_ROOT, 'package.json'));
  return Object.fromEntries(
    PACKAGES.map((name) => {
      const file = require.resolve(`@pulumi/${name}/package.json`);
      return [name, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version];
    }),
  );
}
