import { describeProgramFailure } from './program-failure.js';

const FOLDER = '/srv/dist/stacks/network/src';
const unhandled = (text: string): string =>
  `Running program '${FOLDER}/index.js' failed with an unhandled exception:\n${text}`;

describe('describeProgramFailure', () => {
  it.each([
    [
      'the first line of the program, not of a library',
      unhandled(
        `Error: bad\n    at check (/srv/node_modules/@pulumi/pulumi/x.js:1:2)\n    at Object.<anonymous> (${FOLDER}/index.js:7:11)\n    at node:internal/x:1:1`,
      ),
      'Error: bad (at index.js:7:11)',
    ],
    [
      'no colours',
      unhandled(`\u001b[31mError: bad\u001b[39m\n    at ${FOLDER}/a/b.js:1:2 {\n  code: 1\n}`),
      'Error: bad',
    ],
    [
      'places that source maps lead to',
      unhandled(`Error: bad\n    at f (/srv/stacks/network/src/vpc.ts:3:4)`),
      'Error: bad (at stacks/network/src/vpc.ts:3:4)',
    ],
    [
      'messages of several lines',
      `Missing required configuration variable 'a:b'\n\tplease set it`,
      `Missing required configuration variable 'a:b'\n\tplease set it`,
    ],
    [
      'what the SDK takes for an old command line',
      unhandled(
        `Error: The Pulumi CLI does not support transforms. Please update the Pulumi CLI\n    at /srv/node_modules/x.js:1:1`,
      ),
      'Error: transforms is not supported by the embedded engine',
    ],
  ])('keeps %s', (_, text, expected) => {
    expect(describeProgramFailure(text, FOLDER)).toBe(expected);
  });
});
