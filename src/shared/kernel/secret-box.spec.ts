import { SecretBox } from './secret-box.js';

describe('SecretBox', () => {
  const box = new SecretBox(Buffer.alloc(32, 7));

  it('opens what it sealed, and seals the same text differently each time', () => {
    const sealed = box.seal('hunter2 ü');
    expect(sealed).not.toContain('hunter2');
    expect(box.seal('hunter2 ü')).not.toBe(sealed);
    expect(box.open(sealed)).toBe('hunter2 ü');
  });

  it('refuses another key and damaged text, naming the way out', () => {
    const sealed = box.seal('x');
    expect(() => new SecretBox(Buffer.alloc(32, 8)).open(sealed)).toThrow(/ENCRYPTION_KEY/);
    const damaged = Buffer.from(sealed, 'base64');
    damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 1;
    expect(() => box.open(damaged.toString('base64'))).toThrow(/ENCRYPTION_KEY/);
  });

  it('has a keyed digest: equal for equal text, different for another key', () => {
    expect(box.mac('a')).toBe(box.mac('a'));
    expect(box.mac('a')).not.toBe(box.mac('b'));
    expect(new SecretBox(Buffer.alloc(32, 8)).mac('a')).not.toBe(box.mac('a'));
  });
});
