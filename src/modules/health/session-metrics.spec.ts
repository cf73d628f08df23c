import { aStall, stored } from '../../../test/factories/events.js';
import { ManualClock } from '../../../test/fakes/manual-clock.js';
import { testConfig } from '../../../test/fakes/auth-rig.js';
import type { DatabaseTime } from '../../shared/database/database-time.js';
import { EventBus } from '../../shared/events/event-bus.js';
import { draft, type EventDraft } from '../../shared/events/events.js';
import { Metrics } from '../../shared/metrics/metrics.js';
import { SessionMetrics } from './session-metrics.js';
import type { SessionCounts, SessionReads } from './session.reads.js';

const SCOPE = { organization: 'acme', sessionId: 's1' };
const NEWS = { session_id: 's1', project_id: 'p1', machine_id: 'm1', status: 'x' };
const counts: SessionCounts = {
  sessions: { active: 7, stalled: 2 },
  tasks: { pending: 3 },
  machines: { online: 1 },
  overdue: 1,
};

describe('metrics of the session half', () => {
  const clock = new ManualClock();
  let metrics: Metrics;
  let asked: number;
  let subject: SessionMetrics;
  let count: () => Promise<SessionCounts>;

  beforeEach(() => {
    metrics = new Metrics();
    asked = 0;
    count = async () => counts;
    const reads = { count: () => ((asked += 1), count()) } as unknown as SessionReads;
    const time = { now: async () => clock.now() } as unknown as DatabaseTime;
    subject = new SessionMetrics(new EventBus(), metrics, reads, time, clock, testConfig());
  });

  it.each<[string, EventDraft]>([
    ['sessions_created_total 1', draft('session_created', SCOPE, { ...NEWS, recovered_from: null })],
    [
      'sessions_failed_total{cause="abandoned"} 1',
      draft('session_failed', SCOPE, { ...NEWS, cause: 'abandoned', error_message: '' }),
    ],
    ['stalls_detected_total 1', aStall('s1')],
    ['time_to_detect_failure_ms_sum 181000', aStall('s1')],
    [
      'stall_false_positives_total 1',
      draft('session_reactivated', SCOPE, { ...NEWS, stalled_for_ms: 1, false_positive: true }),
    ],
    [
      'recoveries_total{result="created"} 1',
      draft('session_recovered', SCOPE, { ...NEWS, recovered_to: 's2', attempt: 1, previous_status: 'failed' }),
    ],
  ])('%s', async (line, event) => {
    subject.count(stored(event, 1));
    expect(await metrics.text()).toContain(line);
  });

  it('counts an overdue session as stalled and no longer as active', async () => {
    await subject.refresh();
    expect(await metrics.text()).toMatch(/active_sessions_count 6[\s\S]*stalled_sessions_count 3/);
    expect(await metrics.text()).toContain('sessions_by_status{status="active"} 7');
  });

  it('asks the database once in five seconds, also when asked at the same time', async () => {
    await Promise.all([subject.refresh(), subject.refresh()]);
    await subject.refresh();
    expect(asked).toBe(1);
    await clock.advance(5000);
    await subject.refresh();
    expect(asked).toBe(2);
  });

  it('leaves the gauges out and counts the failure when the database does not answer', async () => {
    await subject.refresh();
    count = () => Promise.reject(new Error('away'));
    await clock.advance(5000);
    await subject.refresh();
    const text = await metrics.text();
    expect(text).not.toContain('sessions_by_status{');
    expect(text).toContain('metrics_collection_errors_total 1');
  });
});
