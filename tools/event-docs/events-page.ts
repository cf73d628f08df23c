import { EVENTS, type EventEntry } from '../../src/shared/events/events.js';

/** docs/events.md as text, from the registry. */
export function eventsPage(): string {
  const rows = Object.entries(EVENTS as Record<string, EventEntry<unknown>>).map(([name, entry]) => {
    const marks = [
      entry.lifecycle ? 'lifecycle' : '',
      entry.coalesced ? 'coalesced' : '',
      entry.audited ? 'audited' : '',
    ].filter(Boolean);
    return `| \`${name}\` | \`${entry.dotted}\` | ${entry.text} | ${marks.join(', ')} |`;
  });
  return `# Events

Made from \`src/shared/events/events.ts\` by \`tools/event-docs/events.ts\`; do not edit. Payloads are the types beside each entry there.

Every event is stored in the transaction of the change it tells about, has a \`seq\` without gaps in its operation (else in its
deployment) and a \`cursor\` that may be given to \`since\` on any channel of the organization.
Marks: *lifecycle* events also go to \`organizations/…\` channels; of *coalesced* ones a subscription without \`since\` gets the
latest, once a second; *audited* ones are written to the audit log.

| \`type\` | \`event\` | Meaning | Marks |
|---|---|---|---|
${rows.join('\n')}
`;
}
