import { EVENTS, type EventDraft } from '../../../shared/events/events.js';
import { toCursor } from '../../../shared/events/cursor.js';
import {
  aLog,
  aResource,
  aRunProgress,
  aStackEnd,
  aStackProgress,
  SCOPE,
  stored,
} from '../../../../test/factories/events.js';
import { parseChannel } from '../channel.js';
import { SharedFrame } from '../event-frame.js';
import { type Selection, toSelection } from './selection.js';
import { type Dropped, Subscription } from './subscription.js';

class Rig {
  now = 1_000_000;
  congested = false;
  readonly sent: number[] = [];
  readonly told: string[] = [];
  readonly dropped: Dropped[] = [];
  readonly subscription: Subscription;
  #position = 0;

  constructor(options: { channel?: string; selection?: Selection; gapFree?: boolean; mayRead?: () => boolean } = {}) {
    this.subscription = new Subscription(
      {
        channel: parseChannel(options.channel ?? 'deployments/D1BRV40'),
        organization: 'acme',
        selection: options.selection ?? {},
        gapFree: options.gapFree ?? false,
        mayRead: options.mayRead ?? (() => true),
      },
      {
        now: () => this.now,
        isCongested: () => this.congested,
        deliver: (frame) => {
          this.sent.push(frame.event.position);
          this.told.push(`${frame.event.type} ${String(frame.event.data['message'] ?? '')}`.trim());
        },
        tellDropped: (dropped) => this.dropped.push(dropped),
      },
    );
  }

  accept(...drafts: readonly EventDraft[]): this {
    for (const draft of drafts) this.subscription.accept(new SharedFrame(stored(draft, ++this.#position)));
    return this;
  }

  after(ms: number): this {
    this.now += ms;
    this.subscription.tick();
    return this;
  }
}

describe('a subscription', () => {
  it('sends the first progress at once and then the latest, once a second', () => {
    const rig = new Rig().accept(aStackProgress(10), aStackProgress(20), aStackProgress(30));
    expect(rig.sent).toEqual([1]);
    expect(rig.after(900).sent).toEqual([1]);
    expect(rig.after(100).sent).toEqual([1, 3]);
    expect(rig.after(5000).sent).toEqual([1, 3]);
  });

  it('coalesces each stack and the operation for themselves', () => {
    const rig = new Rig().accept(aStackProgress(10, 'dns'), aStackProgress(10, 'network'), aRunProgress(5));
    expect(rig.sent).toEqual([1, 2, 3]);
  });

  it('never lets a frame overtake another: what waits is dropped when a newer one leaves', () => {
    const rig = new Rig().accept(aStackProgress(10), aStackProgress(20), aResource('vpc'));
    expect(rig.sent).toEqual([1, 3]);
    expect(rig.after(2000).sent).toEqual([1, 3]);
    expect(rig.dropped).toEqual([
      { channel: 'deployments/D1BRV40', count: 1, since: toCursor('acme', 1), reason: 'coalesced' },
    ]);
  });

  it('coalesces nothing but the events that are marked for it', () => {
    const marked = Object.entries(EVENTS).filter(([, entry]) => entry.coalesced);
    expect(marked.map(([name]) => name)).toEqual(['deployment_progress', 'stack_progress']);
    const rig = new Rig().accept(...Array.from({ length: 40 }, (_, i) => aResource(`r${i}`)));
    expect(rig.sent).toHaveLength(40);
  });

  it('sends 50 logs a second and says how many it left out and where to resume', () => {
    const rig = new Rig().accept(...Array.from({ length: 53 }, (_, i) => aLog(`line ${i}`)));
    expect(rig.sent).toHaveLength(50);
    rig.after(1000);
    expect(rig.dropped).toEqual([
      { channel: 'deployments/D1BRV40', count: 3, since: toCursor('acme', 50), reason: 'log_rate' },
    ]);
    expect(rig.accept(aLog('next')).sent).toHaveLength(51);
  });

  it('sends everything when it was asked with since', () => {
    const rig = new Rig({ gapFree: true }).accept(...Array.from({ length: 60 }, () => aStackProgress(1)));
    rig.accept(...Array.from({ length: 60 }, () => aLog('x')));
    expect(rig.sent).toHaveLength(120);
  });

  it.each([false, true])(
    'sheds what can be read again while the client is slow, and reports it when it is not (gap-free: %s)',
    (gapFree) => {
      const rig = new Rig({ gapFree });
      rig.congested = true;
      rig.accept(aLog('x'), aResource('vpc'), aStackProgress(5), aStackEnd()).after(1000);
      expect(rig.sent).toEqual([4]);
      expect(rig.dropped).toEqual([]);
      rig.congested = false;
      rig.after(1000);
      expect(rig.dropped).toMatchObject([{ count: 3, since: toCursor('acme', 0), reason: 'backpressure' }]);
    },
  );

  it.each([
    ['event names in either spelling', { selection: toSelection({ events: ['log', 'stack.completed'] }) }, [1, 3]],
    ['stacks', { selection: toSelection({ stacks: ['dns'] }) }, [4]],
    ['a lowest log level', { selection: toSelection({ minLevel: 'warn' }) }, [2, 3, 4]],
    ['the environment of the channel', { channel: 'deployments/D1BRV40-prod' }, []],
    ['the operation of the channel', { channel: `deployments/D1BRV40/operations/${SCOPE.operationId}` }, [1, 2, 3, 4]],
    ['the stack of the channel', { channel: 'deployments/D1BRV40/stacks/dns' }, [4]],
    ['lifecycle events on an organization', { channel: 'organizations/acme' }, [3]],
    ['what the caller may read', { mayRead: () => false }, []],
  ])('is narrowed by %s', (_what, options, expected) => {
    const rig = new Rig(options).accept(aLog('x', 'info'), aResource('vpc'), aStackEnd(), aStackProgress(1, 'dns'));
    expect(rig.sent).toEqual(expected);
  });

  it('sends every event of a run as its line to somebody who asks for log alone', () => {
    const rig = new Rig({ selection: toSelection({ events: ['log'] }), gapFree: true });
    rig.accept(aLog('hello'), aResource('vpc'), aStackProgress(5), aStackEnd());
    expect(rig.told).toEqual([
      'log hello',
      'log creating aws:ec2/vpc:Vpc (vpc)',
      'log done in 2 s: 1 created, 0 updated, 0 deleted',
    ]);
  });

  it('narrows such lines by level and right, and sends none on the channel of an organization', () => {
    const selection = toSelection({ events: ['log'], minLevel: 'info' });
    expect(new Rig({ selection }).accept(aResource('vpc'), aStackEnd()).sent).toEqual([2]);
    expect(new Rig({ selection, mayRead: () => false }).accept(aStackEnd()).sent).toEqual([]);
    expect(new Rig({ selection, channel: 'organizations/acme' }).accept(aStackEnd()).sent).toEqual([]);
  });

  it('refuses a filter with a misspelt event or level', () => {
    expect(() => toSelection({ events: ['stack_deploid'] })).toThrow('"stack_deploid" is not the name of an event');
    expect(() => toSelection({ minLevel: 'loud' })).toThrow('minLevel is one of');
  });
});
