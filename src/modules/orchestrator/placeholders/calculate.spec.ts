import { randomPassword, subnets, timestamp } from './calculate.js';

describe('calculations (deployments.md 5.2, 5.3)', () => {
  it.each([
    ['10.0.0.0/16', 24, 3, ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24']],
    ['10.50.0.0/16', 20, 4, ['10.50.0.0/20', '10.50.16.0/20', '10.50.32.0/20', '10.50.48.0/20']],
    ['192.168.10.0/24', 26, 4, ['192.168.10.0/26', '192.168.10.64/26', '192.168.10.128/26', '192.168.10.192/26']],
    ['255.255.255.0/24', 28, 1, ['255.255.255.0/28']],
  ])('[5.3] %s in /%i: %i', (cidr, prefix, count, expected) => expect(subnets(cidr, prefix, count)).toEqual(expected));

  it.each([
    ['10.0.0.0/16', 17, 3],
    ['10.0.0.5/16', 24, 1],
    ['10.0.0.0/16', 15, 1],
    ['10.0.0.0/16', 29, 1],
    ['10.0.0.0/16', 24, 0],
    ['10.0.0.256/16', 24, 1],
    ['10.0.0.0/33', 24, 1],
    ['fd00::/8', 24, 1],
  ])('[PH-013] %s in /%i: %i', (cidr, prefix, count) => {
    expect(() => subnets(cidr, prefix, count)).toThrow(expect.objectContaining({ ruleId: 'PH-013' }));
  });

  it('gives the time in UTC', () => {
    const now = new Date('2030-01-02T03:04:05.678Z');
    expect([timestamp('iso8601', now), timestamp('date', now), timestamp('unix', now)]).toEqual([
      '2030-01-02T03:04:05.678Z',
      '2030-01-02',
      1893553445,
    ]);
  });

  it.each([8, 32, 128])('a password of %i has every kind of character', (length) => {
    const password = randomPassword(length);
    expect(password).toHaveLength(length);
    for (const kind of [/[a-z]/, /[A-Z]/, /[0-9]/, /[!#$%&*()\-_=+[\]<>?]/]) expect(password).toMatch(kind);
    expect(password).toMatch(/^[A-Za-z0-9!#$%&*()\-_=+[\]<>?]+$/);
    expect(randomPassword(length)).not.toBe(password);
  });

  it.each([7, 129])('[PH-014] no password of %i', (length) => {
    expect(() => randomPassword(length)).toThrow(expect.objectContaining({ ruleId: 'PH-014' }));
  });
});
