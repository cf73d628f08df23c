import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVER_NODE_FLAGS } from './node-flags.js';
import { PROJECT_ROOT } from './paths.js';

it('npm start gives the server the same flags as everybody else', () => {
  const { scripts } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  expect(scripts.start).toBe(`exec node ${SERVER_NODE_FLAGS.join(' ')} dist/src/main.js`);
});
