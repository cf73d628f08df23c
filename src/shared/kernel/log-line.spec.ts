import { prettyLine, redacted } from './log-line.js';

describe('a log line', () => {
  it.each([
    ['the value of a key that names a secret', '{"apiKey":"0f3c-77","x":1}', '{"apiKey":"***","x":1}'],
    ['also with quotes inside', '{"db_password":"a\\"b","x":1}', '{"db_password":"***","x":1}'],
    ['a header', '{"authorization":"Bearer abc"}', '{"authorization":"***"}'],
    ['a JWT', '{"message":"got eyJhbGciOiJI.eyJzdWIi.c2ln"}', '{"message":"got ***"}'],
    ['user and password of a URL', '{"uri":"mongodb://me:pw@host/db"}', '{"uri":"mongodb://***@host/db"}'],
    ['an access key of AWS', '{"id":"AKIAABCDEFGHIJKLMNOP"}', '{"id":"***"}'],
  ])('[X15] loses %s', (_what, line, expected) => {
    expect(redacted(line)).toBe(expected);
  });

  it.each(['{"tokens":5}', '{"uri":"mongodb://host:27017/db"}', '{"message":"password changed"}'])(
    'keeps %s',
    (line) => {
      expect(redacted(line)).toBe(line);
    },
  );

  it('is readable at a terminal with LOG_FORMAT=pretty', () => {
    const line = { level: 'WARN', timestamp: '2026-01-02T03:04:05.678Z', message: 'session.stalled' };
    expect(
      prettyLine(JSON.stringify({ ...line, context: { module: 'sessions', event: 'session.stalled', a: 1 } })),
    ).toBe('03:04:05.678 WARN  sessions: session.stalled a=1\n');
  });
});
