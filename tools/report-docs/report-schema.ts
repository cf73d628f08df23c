import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { schemaPage } from './schema-page.js';

const file = join(PROJECT_ROOT, 'docs', 'run-report.schema.json');
writeFileSync(file, schemaPage());
console.log(`wrote ${file}`);
