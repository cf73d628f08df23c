import { invalidFields } from './field-problems.js';

describe('invalidFields (spec README 24)', () => {
  const required = { field: 'domain', kind: 'required' as const, message: 'domain is required' };
  const format = { field: 'domain', kind: 'format' as const, message: 'domain is no domain' };
  const unknown = { field: 'colour', kind: 'unknown' as const, message: 'colour is not a known field' };
  const own = { field: 'deploymentId', kind: 'format' as const, message: 'no id', code: 'INVALID_DEPLOYMENT_ID' };

  it.each([
    ['one field gives its own code', [required], 'VALIDATION_REQUIRED_FIELD'],
    ['the first of required, type, format, range gives the code', [format, required], 'VALIDATION_REQUIRED_FIELD'],
    ['an unknown field', [unknown], 'VALIDATION_UNKNOWN_FIELD'],
    ['a rule with a code of its own', [own], 'INVALID_DEPLOYMENT_ID'],
    ['several fields', [required, unknown], 'VALIDATION_FAILED'],
  ])('%s', (_name, violations, code) => {
    expect(invalidFields(violations)).toMatchObject({ code, status: 400 });
  });

  it('lists every message of every field', () => {
    expect(invalidFields([format, required, unknown]).details).toEqual([
      { field: 'domain', messages: ['domain is no domain', 'domain is required'] },
      { field: 'colour', messages: ['colour is not a known field'] },
    ]);
  });
});
