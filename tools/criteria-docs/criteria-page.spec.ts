import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { criteriaPage, PAGES, unproven } from './criteria-page.js';

describe.each(PAGES.map((page) => [page.file, page] as const))('docs/%s', (file, page) => {
  it('is what the titles of the tests say (after a change: npm run build && node dist/tools/criteria-docs/write-pages.js)', () => {
    expect(readFileSync(join(PROJECT_ROOT, 'docs', file), 'utf8')).toBe(criteriaPage(page));
  });

  it('leaves nothing without a test that a test could prove', () => {
    expect(unproven(page)).toEqual([]);
  });
});
