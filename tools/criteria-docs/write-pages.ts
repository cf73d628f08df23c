import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { criteriaPage, PAGES } from './criteria-page.js';

for (const page of PAGES) {
  const file = join(PROJECT_ROOT, 'docs', page.file);
  writeFileSync(file, criteriaPage(page));
  console.log(`wrote ${file}`);
}
