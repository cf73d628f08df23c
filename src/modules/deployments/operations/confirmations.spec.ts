import {
  type Confirmation,
  requireDestructiveConfirmation,
  requireProdConfirmation,
  requireStateConfirmation,
} from './confirmations.js';

const ID = 'DT3VCA0';

describe('confirmations (deployments.md 9.4)', () => {
  it.each<[string, typeof requireProdConfirmation, Confirmation, true | string | null]>([
    ['deploy', requireProdConfirmation, { environment: 'stage' }, null],
    ['deploy', requireProdConfirmation, { environment: 'prod' }, true],
    ['deploy', requireProdConfirmation, { environment: 'prod', confirm: 'DOTHER1' }, true],
    ['deploy', requireProdConfirmation, { environment: 'prod', confirm: true }, null],
    ['deploy', requireProdConfirmation, { environment: 'prod', confirm: ID }, null],
    ['destroy', requireDestructiveConfirmation, { environment: 'dev' }, true],
    ['destroy', requireDestructiveConfirmation, { environment: 'dev', confirm: true }, null],
    ['destroy', requireDestructiveConfirmation, { environment: 'stage', skipConfirmation: true }, null],
    ['destroy', requireDestructiveConfirmation, { environment: 'prod', confirm: true }, ID],
    ['destroy', requireDestructiveConfirmation, { environment: 'prod', skipConfirmation: true }, ID],
    ['destroy', requireDestructiveConfirmation, { environment: 'prod', confirm: ID }, null],
    ['import', requireStateConfirmation, { environment: 'dev', skipConfirmation: true }, true],
    ['import', requireStateConfirmation, { environment: 'dev', confirm: true }, null],
    ['import', requireStateConfirmation, { environment: 'prod', confirm: true }, ID],
  ])('[PRE-004] %s, %p: %j wants %j', (what, check, body, expected) => {
    const attempt = (): void => check(ID, body, what);
    if (expected === null) expect(attempt).not.toThrow();
    else
      expect(attempt).toThrow(
        expect.objectContaining({
          code: 'CONFIRMATION_REQUIRED',
          status: 422,
          details: { field: 'confirm', expected },
        }),
      );
  });
});
