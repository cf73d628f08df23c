import { LookUpFailed, missing, UnresolvablePlaceholder } from './placeholders/placeholder.errors.js';
import { unresolvedError } from './stack-errors.js';

describe('unresolvedError', () => {
  const unresolved = (path: string, problem: UnresolvablePlaceholder) => ({
    stack: 'app',
    path,
    placeholder: `{{${path}}}`,
    problem,
  });
  const failed = (failure: LookUpFailed['failure']): UnresolvablePlaceholder =>
    new UnresolvablePlaceholder('PH-012', 'could not be looked up', { cause: new LookUpFailed(failure, 'denied') });

  it('names the placeholder that has no value', () => {
    expect(unresolvedError('app', [unresolved('a', missing('secret', 'db'))])).toMatchObject({
      class: 'placeholder',
      code: 'UNRESOLVABLE_PLACEHOLDER',
      retryable: false,
      details: { path: 'a', ruleId: 'PH-012' },
    });
  });

  it.each([
    ['permission', 'AWS_INSUFFICIENT_PERMISSIONS', false],
    ['credentials', 'AWS_CREDENTIALS_INVALID', false],
    ['transient', 'AWS_RESOURCE_ERROR', true],
    ['resource', 'AWS_RESOURCE_ERROR', false],
  ] as const)('a cloud that fails by %s comes before what is missing', (failure, code, retryable) => {
    const problems = [unresolved('a', missing('secret', 'db')), unresolved('b', failed(failure))];
    const error = unresolvedError('app', problems);
    expect(error).toMatchObject({ class: failure, code, retryable, details: { path: 'b' } });
    expect(error.details?.['placeholders']).toHaveLength(2);
  });
});
