import { promotionFinding, soakNotice, whyNotProven, type PredecessorStanding } from './promotion-order.js';

const standing = (status: string, last: string | null = 'success'): PredecessorStanding =>
  ({
    environment: 'dev',
    record: { status, lastDeployedAt: null },
    lastOperation: last && { operationId: 'op-1', status: last, type: 'deploy' },
  }) as PredecessorStanding;

describe('the order of promotion', () => {
  it.each([
    ['deployed', 'success', null],
    ['deployed', 'failed', /op-1\) is failed/],
    ['deployed', 'in_progress', /is in_progress/],
    ['deployed', null, /nothing was ever run/],
    ['partial', 'success', /dev is partial/],
    ['deploying', 'in_progress', /dev is deploying/],
    ['rolled_back', 'success', /dev is rolled_back/],
  ])('[9.3] dev that is %s with a last operation of %s says %s', (status, last, expected) => {
    const why = whyNotProven(standing(status, last));
    if (expected === null) expect(why).toBeNull();
    else expect(why).toMatch(expected);
  });

  it('[9.3] nothing is proven in an environment that is not there', () => {
    expect(whyNotProven({ environment: 'stage', record: null, lastOperation: null })).toMatch(/not part/);
  });

  it('[ENV-W02] names the step before, its state and the time it should have run', () => {
    expect(promotionFinding('stage', standing('failed'), 'LOW')).toMatchObject({
      ruleId: 'ENV-W02',
      code: 'PROMOTION_ORDER',
      severity: 'LOW',
      environment: 'stage',
      details: { predecessor: 'dev', status: 'failed', recommendedSoakHours: 24 },
      remediation: expect.stringContaining('24 hours'),
    });
    expect(promotionFinding('prod', { ...standing('ready'), environment: 'stage' }, 'HIGH')).toMatchObject({
      severity: 'HIGH',
      details: { recommendedSoakHours: 48 },
    });
    expect(promotionFinding('stage', standing('deployed'), 'HIGH')).toBeNull();
  });

  it.each([
    ['dev', 23, { hours: 23, recommendedSoakHours: 24 }],
    ['dev', 24, null],
    ['stage', 47, { hours: 47, recommendedSoakHours: 48 }],
    ['stage', 48, null],
  ] as const)('[9.3] %s that ran for %i hours: %j', (environment, hours, details) => {
    const now = new Date('2026-03-10T00:00:00Z');
    const notice = soakNotice(environment, new Date(now.getTime() - hours * 3_600_000), now);
    if (details === null) expect(notice).toBeNull();
    else expect(notice).toMatchObject({ code: 'SOAK_TIME', details });
  });
});
