import { requireDestructiveConfirmation, requireProdConfirmation, requireStateConfirmation } from './confirmations.js';

const ID = 'DT85S00';
type Body = { confirm?: boolean | string; skipConfirmation?: boolean };

describe('confirmations', () => {
  it.each<[string, 'dev' | 'stage' | 'prod', Body, true | string | null, typeof requireProdConfirmation]>([
    ['a deployment', 'dev', {}, null, requireProdConfirmation],
    ['a deployment', 'stage', {}, null, requireProdConfirmation],
    ['a deployment', 'prod', {}, true, requireProdConfirmation],
    ['a deployment', 'prod', { skipConfirmation: true }, true, requireProdConfirmation],
    ['a deployment', 'prod', { confirm: 'DOTHER1' }, true, requireProdConfirmation],
    ['a deployment', 'prod', { confirm: true }, null, requireProdConfirmation],
    ['a deployment', 'prod', { confirm: ID }, null, requireProdConfirmation],
    ['a destroy', 'dev', {}, true, requireDestructiveConfirmation],
    ['a destroy', 'dev', { confirm: false }, true, requireDestructiveConfirmation],
    ['a destroy', 'dev', { confirm: true }, null, requireDestructiveConfirmation],
    ['a destroy', 'stage', { skipConfirmation: true }, null, requireDestructiveConfirmation],
    ['a destroy', 'prod', { confirm: true }, ID, requireDestructiveConfirmation],
    ['a destroy', 'prod', { skipConfirmation: true }, ID, requireDestructiveConfirmation],
    ['a destroy', 'prod', { confirm: ID }, null, requireDestructiveConfirmation],
    ['a state import', 'dev', { skipConfirmation: true }, true, requireStateConfirmation],
    ['a state import', 'stage', { confirm: true }, null, requireStateConfirmation],
    ['a state import', 'prod', { confirm: true }, ID, requireStateConfirmation],
    ['a state import', 'prod', { confirm: ID }, null, requireStateConfirmation],
  ])('[PRE-004] [9.4] %s of %s with %j wants %j', (what, environment, body, expected, require) => {
    const confirm = (): void => require(ID, { environment, ...body }, what);
    if (expected === null) expect(confirm).not.toThrow();
    else
      expect(confirm).toThrow(
        expect.objectContaining({ code: 'CONFIRMATION_REQUIRED', details: { field: 'confirm', expected } }),
      );
  });
});
