import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { eventsPage } from './events-page.js';

const file = join(PROJECT_ROOT, 'docs', 'events.md');
writeFileSync(file, eventsPage());
console.log(`wrote ${file}`);
