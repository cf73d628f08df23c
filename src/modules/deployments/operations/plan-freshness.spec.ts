import { aFingerprint } from '../../../../test/factories/run-request.js';
import { changesSince, type DatedPlan, requireFresh } from './plan-freshness.js';

const dated = (change: { revision?: number; config?: string; version?: number; extra?: boolean } = {}): DatedPlan => ({
  manifestRevision: change.revision ?? 3,
  plan: {
    fingerprints: {
      network: { ...aFingerprint(change.config ?? 'a'), config: change.config ?? 'a' },
      security: null,
    },
    stackVersions: { network: change.version ?? 1, security: 0, ...(change.extra ? { dns: 0 } : {}) },
  },
});

describe('a plan that was reviewed', () => {
  it('is fresh while nothing has changed, also where it could not know a fingerprint yet', () => {
    expect(changesSince(dated(), dated())).toEqual([]);
    expect(() => requireFresh('op-1', dated(), dated())).not.toThrow();
  });

  it.each([
    [{ revision: 4 }, [{ what: 'manifest', from: 3, to: 4 }]],
    [{ version: 2 }, [{ what: 'stack_version', stack: 'network', from: 1, to: 2 }]],
    [{ config: 'b' }, [{ what: 'fingerprint', stack: 'network', parts: ['config'] }]],
    [{ extra: true }, [{ what: 'stack_added', stack: 'dns' }]],
  ])('is stale after %j', (change, expected) => {
    expect(changesSince(dated(), dated(change))).toEqual(expected);
  });

  it('is refused with a sentence for each change', () => {
    expect(() => requireFresh('op-1', dated({ extra: true }), dated({ revision: 4, config: 'b' }))).toThrow(
      'Plan op-1 is stale: the manifest went from revision 3 to 4; dns was removed; network changed in config',
    );
  });
});
