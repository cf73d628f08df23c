import {
  decodeDeploymentId,
  deploymentIdAt,
  freeDeploymentId,
  requireDeploymentId,
  toDeploymentId,
} from './deployment-id.js';
import { ACCOUNT_ID, configFilePath, directoryName, DOMAIN, pulumiPath, pulumiStackName } from './names.js';
import { isKnownRegion } from './regions.js';
import { nameProblem, slugOf } from './slug.js';

describe('deployment id (deployments.md 1.2)', () => {
  it.each([
    ['2025-10-09T14:30:00Z', 'DT3VCA0'],
    ['2026-01-01T00:00:00Z', 'DT85S00'],
    ['2024-12-02T12:42:36Z', 'DSNV9Z0'],
    ['1970-01-01T00:00:00Z', 'D000000'],
    ['2038-12-24T05:45:35Z', 'DZZZZZZ'],
    ['2038-12-24T05:45:36Z', 'D1000000'],
  ])('[1.2] generated at %s is %s', (at, id) => {
    expect(deploymentIdAt(new Date(at))).toBe(id);
    expect(toDeploymentId(id)).toBe(id);
  });

  it.each(['DABC123', 'D000000', 'D1CUSTOM', 'D1BRV400', 'DTEMPLATE', ' d1brv40 '])('[1.2] takes %p', (text) => {
    expect(toDeploymentId(text)).toBe(text.trim().toUpperCase());
  });

  it.each(['', null, 'X1BRV40', '1BRV40', 'D', 'D1BRV', 'D1BRV-0', 'D1BRV_0', 'D1BRV!0', 'D1234567890'])(
    '[1.2] refuses %p',
    (text) => {
      expect(() => requireDeploymentId(text)).toThrow(
        expect.objectContaining({ code: 'INVALID_DEPLOYMENT_ID', status: 400 }),
      );
    },
  );

  it('[1.2] decodes to a time and says whether it can be one of ours', () => {
    const now = new Date('2026-01-01T00:00:00Z');
    const sample = requireDeploymentId('D1BRV40');
    expect(decodeDeploymentId(sample, now)).toEqual({
      seconds: 80241984,
      iso: '1972-07-17T17:26:24Z',
      plausible: false,
    });
    expect(decodeDeploymentId(sample, now, 'generated').plausible).toBe(true);
    expect(decodeDeploymentId(requireDeploymentId('DT3VCA0'), now).plausible).toBe(true);
    expect(decodeDeploymentId(requireDeploymentId('DTEMPLATE'), now).plausible).toBe(false);
  });

  it('[1.2] moves on by a second while ids are taken, and gives up after a minute', async () => {
    const at = new Date('2025-10-09T14:30:00Z');
    const taken = new Set(['DT3VCA0', 'DT3VCA1']);
    await expect(freeDeploymentId(at, async (id) => taken.has(id))).resolves.toBe('DT3VCA2');
    let asked = 0;
    const always = async (): Promise<boolean> => ++asked > 0;
    await expect(freeDeploymentId(at, always)).rejects.toMatchObject({ code: 'ID_EXHAUSTED' });
    expect(asked).toBe(61);
  });
});

describe('names (deployments.md 1.3, 1.4)', () => {
  it.each([
    ['MyCompany', 'mycompany'],
    ['Company-A', 'company-a'],
    ['My Company!', 'my-company'],
    ['Company & Co.', 'company-co'],
    ['Web App 2.0', 'web-app-2-0'],
    ['  Spaces  ', 'spaces'],
    ['_Company_', 'company'],
    ['Project Alpha-Beta', 'project-alpha-beta'],
    ['Test___Project', 'test-project'],
    ['Web---App', 'web-app'],
    ['Company|Division/Team', 'company-division-team'],
    ['Company™', 'company'],
    ['Company (USA)', 'company-usa'],
    ['Café Müller', 'caf-m-ller'],
    ['123 Go', '123-go'],
  ])('[1.3] %p becomes %p', (raw, slug) => {
    expect(slugOf(raw)).toBe(slug);
    expect(nameProblem(raw)).toBeNull();
  });

  it.each(['!!!', '---', '   ', ''])('[1.3] %p has no slug', (raw) => {
    expect(nameProblem(raw)).toMatchObject({ code: 'NAME_EMPTY_AFTER_SANITIZE' });
  });

  it.each(['<b>', 'a\u0007b', 'a\nb', 'x'.repeat(101)])('[1.3] %p is refused as it stands', (raw) => {
    expect(nameProblem(raw)).not.toBeNull();
    expect(nameProblem(raw)?.code).toBeUndefined();
  });

  it('[1.4] derives directory, Pulumi and file names', () => {
    expect(directoryName('D1BRV40', 'Company-A', 'ecommerce')).toBe('D1BRV40-company-a-ecommerce');
    expect(pulumiStackName('D1BRV40', 'network', 'dev')).toBe('D1BRV40-network-dev');
    expect(pulumiPath('company-a', 'ecommerce', 'D1BRV40-network-dev')).toBe('company-a/ecommerce/D1BRV40-network-dev');
    expect(configFilePath('network', 'dev')).toBe('config/network.dev.yaml');
  });

  it.each([
    [DOMAIN, 'Shop.Example.com', true],
    [DOMAIN, 'localhost', false],
    [DOMAIN, '-a.example', false],
    [DOMAIN, 'a..example', false],
    [ACCOUNT_ID, '123456789012', true],
    [ACCOUNT_ID, '12345678901', false],
  ])('%p on %p: %p', (pattern, text, fits) => {
    expect(pattern.test(text)).toBe(fits);
  });

  it('knows regions by a list, not by their form', () => {
    expect(isKnownRegion('eu-central-1')).toBe(true);
    expect(isKnownRegion('us-north-9')).toBe(false);
  });
});
