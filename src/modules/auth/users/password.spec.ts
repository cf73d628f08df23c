import { passwordProblems, Passwords } from './password.js';

describe('password policy', () => {
  it.each([
    ['Correct-horse-7', 0],
    ['abcdEFGH', 1],
    ['abcd1234', 1],
    ['abcd-1234', 0],
    ['Ab1-xyz', 1],
    [`Aa1${'x'.repeat(125)}`, 0],
    [`Aa1${'x'.repeat(126)}`, 1],
    ['ab1', 2],
    ['Ada-1@Example.com', 1],
  ])('%s breaks %i rules', (password, count) => {
    expect(passwordProblems(password, 'ada-1@example.com')).toHaveLength(count);
  });
});

describe('Passwords', () => {
  it('stores argon2id and checks against it', async () => {
    const passwords = new Passwords();
    const hash = await passwords.hash('Correct-horse-7');
    expect(hash).toMatch(/^\$argon2id\$/);
    expect(await passwords.matches(hash, 'Correct-horse-7')).toBe(true);
    expect(await passwords.matches(hash, 'correct-horse-7')).toBe(false);
    expect(await passwords.matches(null, 'nobody has this password')).toBe(false);
  });
});
