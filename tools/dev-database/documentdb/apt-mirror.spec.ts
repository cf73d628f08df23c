import { archives, parseDeb822, parseOneLineStyle } from './apt-mirror.js';

describe('apt sources', () => {
  it('are read in the one-line style, with options and comments', () => {
    const text = [
      '# deb http://off.example/debian stable main',
      'deb [arch=amd64 signed-by=/keys/one.gpg] https://one.example/debian trixie main contrib # ours',
      'deb-src https://one.example/debian trixie main',
      'deb http://two.example/ubuntu noble-security main',
    ].join('\n');
    expect(parseOneLineStyle(text)).toEqual([
      {
        uri: 'https://one.example/debian',
        suites: ['trixie'],
        components: ['main', 'contrib'],
        signedBy: '/keys/one.gpg',
      },
      { uri: 'http://two.example/ubuntu', suites: ['noble-security'], components: ['main'], signedBy: null },
    ]);
  });

  it('are read in paragraphs, with continued fields, comments inside and disabled ones left out', () => {
    const text = [
      'Types: deb deb-src\n# frozen\nURIs: http://a.example/debian http://b.example/debian\nSuites: trixie\n trixie-updates',
      'Components: main\nSigned-By: /keys/a.gpg\n\nTypes: deb\nURIs: http://c.example/debian\nSuites: sid\nComponents: main\nEnabled: no\n',
    ].join('\n');
    const common = { suites: ['trixie', 'trixie-updates'], components: ['main'], signedBy: '/keys/a.gpg' };
    expect(parseDeb822(text)).toEqual([
      { uri: 'http://a.example/debian', ...common },
      { uri: 'http://b.example/debian', ...common },
    ]);
  });

  it.each([
    [
      'a whole archive',
      { uri: 'http://m.example/debian', suites: ['trixie', 'trixie-updates'], components: ['main'] },
      true,
    ],
    [
      'security fixes alone',
      { uri: 'http://m.example/debian-security', suites: ['trixie-security'], components: ['main'] },
      false,
    ],
    ['a vendor without suites', { uri: 'https://v.example/node', suites: ['nodistro'], components: ['main'] }, false],
    ['a disc', { uri: 'cdrom:[disc]/', suites: ['trixie'], components: ['main'] }, false],
    ['a source without main', { uri: 'http://m.example/debian', suites: ['trixie'], components: ['contrib'] }, false],
  ])('count %s as an archive: %j %s', (_what, source, expected) => {
    expect(archives([{ ...source, signedBy: null }])).toHaveLength(expected ? 1 : 0);
  });
});
