import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { eventsPage } from './events-page.js';

describe('docs/events.md', () => {
  it('is what the registry says (after a change: npm run build && node dist/tools/event-docs/events.js)', () => {
    expect(readFileSync(join(PROJECT_ROOT, 'docs', 'events.md'), 'utf8')).toBe(eventsPage());
  });
});
