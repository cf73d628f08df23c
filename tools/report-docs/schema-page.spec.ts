import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { schemaPage } from './schema-page.js';

describe('docs/run-report.schema.json', () => {
  it('is what the definition says (after a change: npm run build && node dist/tools/report-docs/report-schema.js)', () => {
    expect(readFileSync(join(PROJECT_ROOT, 'docs', 'run-report.schema.json'), 'utf8')).toBe(schemaPage());
  });
});
