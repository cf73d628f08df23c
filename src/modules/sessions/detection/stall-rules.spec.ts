import { type Brake, brakeAt } from '../../../shared/kernel/brake.js';
import { isDue, type StallCandidate } from './stall-rules.js';

const NOW = new Date('2030-01-01T12:00:00Z');
const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);
const THRESHOLD_MS = 180_000;
const GAP_MS = 15_000;

const candidate = (fields: Partial<StallCandidate>): StallCandidate => ({
  id: 's',
  organization: 'acme',
  lastHeartbeatAt: ago(200),
  heardAt: null,
  stallThresholdMs: null,
  ...fields,
});
const brakeSince = (since: Date | null): Brake => ({ isActive: false, since, until: null, reason: null });

describe('a session is due', () => {
  it.each<[string, Partial<StallCandidate>, Date | null, boolean]>([
    ['after its threshold', {}, null, true],
    ['not at its threshold', { lastHeartbeatAt: ago(180) }, null, false],
    ['not before a longer threshold of its own', { stallThresholdMs: 300_000 }, null, false],
    ['after that', { stallThresholdMs: 300_000, lastHeartbeatAt: ago(301) }, null, true],
    ['no sooner for a shorter one', { stallThresholdMs: 60_000, lastHeartbeatAt: ago(100) }, null, false],
    ['not while a refused heartbeat is younger', { heardAt: ago(100) }, null, false],
    ['when that is old too', { heardAt: ago(190) }, null, true],
    ['not while our own trouble is younger', { lastHeartbeatAt: ago(9000) }, ago(170), false],
    ['when that is over for a threshold', {}, ago(190), true],
    [
      'only after its own longer threshold since our trouble',
      { stallThresholdMs: 300_000, lastHeartbeatAt: ago(9000) },
      ago(190),
      false,
    ],
  ])('%s', (_when, fields, since, expected) => {
    expect(isDue(candidate(fields), brakeSince(since), THRESHOLD_MS, NOW)).toBe(expected);
  });
});

describe('the brake', () => {
  const at = (aliveAgo: number, sinceAgo: number | null): Brake =>
    brakeAt(
      { aliveAt: ago(aliveAgo), since: sinceAgo === null ? null : ago(sinceAgo), reason: 'why' },
      NOW,
      GAP_MS,
      THRESHOLD_MS,
    );

  it.each<[string, Brake, Partial<Brake>]>([
    ['is off before anybody served', brakeAt(null, NOW, GAP_MS, THRESHOLD_MS), { isActive: false, since: null }],
    ['is off without trouble', at(5, null), { isActive: false, reason: null }],
    [
      'is on for one threshold after trouble',
      at(5, 179),
      { isActive: true, since: ago(179), until: ago(-1), reason: 'why' },
    ],
    ['is off after that', at(5, 180), { isActive: false }],
    ['is on while no instance proves that it serves', at(16, null), { isActive: true, since: NOW }],
  ])('%s', (_what, brake, expected) => {
    expect(brake).toMatchObject(expected);
  });
});
