import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseUnavailable } from '../dev-database.error.js';
import { run } from '../processes.js';

export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Key file the machine's own configuration names for this source. */
  readonly signedBy: string | null;
}

export interface Mirror {
  readonly uri: string;
  readonly keyring: string;
}

const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const APT_HELPER = '/usr/lib/apt/apt-helper';

/** The mirror of Debian's archive that this machine itself is configured to use, proved to carry `suite`. */
export async function findMirror(suite: string, aptFolder = '/etc/apt'): Promise<Mirror> {
  const tried: string[] = [];
  for (const source of archives(readSources(aptFolder))) {
    if (tried.includes(source.uri)) continue;
    tried.push(source.uri);
    if (await carries(source.uri, suite)) {
      const keyring = source.signedBy && existsSync(source.signedBy) ? source.signedBy : DEBIAN_KEYRING;
      if (existsSync(keyring)) return { uri: source.uri, keyring };
    }
  }
  throw new DatabaseUnavailable(
    tried.length > 0
      ? `none of this machine's apt sources (${tried.join(', ')}) carries Debian's suite ${suite}, or its keyring is missing`
      : `this machine's apt sources (${aptFolder}) name no mirror of Debian's archive`,
  );
}

/** Sources of a whole archive: those that only carry security fixes or updates have no base system. */
export function archives(sources: readonly AptSource[]): AptSource[] {
  return sources.filter(
    ({ uri, suites, components }) =>
      /^https?:/.test(uri) &&
      components.includes('main') &&
      suites.some((suite) => /^[a-z]+$/.test(suite) && suite !== 'nodistro'),
  );
}

export function readSources(aptFolder: string): AptSource[] {
  const parts = join(aptFolder, 'sources.list.d');
  const names = existsSync(parts) ? readdirSync(parts).sort() : [];
  const files = [join(aptFolder, 'sources.list'), ...names.map((name) => join(parts, name))];
  return files
    .filter((file) => existsSync(file))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      if (file.endsWith('.list')) return parseOneLineStyle(text);
      return file.endsWith('.sources') ? parseDeb822(text) : [];
    });
}

/** `deb [signed-by=/key.gpg] http://mirror/debian suite component…`, one a line. */
export function parseOneLineStyle(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)/.exec(line);
    if (!match) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    return [
      { uri, suites: [suite], components: words(components), signedBy: /signed-by=(\S+)/.exec(options)?.[1] ?? null },
    ];
  });
}

/** Paragraphs of `Field: value` lines; `Enabled: no` switches one off. */
export function parseDeb822(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of paragraph.split('\n')) {
      if (line.startsWith('#')) continue;
      const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (field) fields.set((last = field[1]?.toLowerCase() ?? ''), field[2] ?? '');
      else if (last && /^\s/.test(line)) fields.set(last, `${fields.get(last) ?? ''} ${line.trim()}`);
    }
    if (!words(fields.get('types')).includes('deb') || fields.get('enabled')?.trim() === 'no') return [];
    const signedBy = words(fields.get('signed-by'))[0];
    return words(fields.get('uris')).map((uri) => ({
      uri,
      suites: words(fields.get('suites')),
      components: words(fields.get('components')),
      signedBy: signedBy?.startsWith('/') ? signedBy : null,
    }));
  });
}

/** Proxy settings that apt would use, as the environment wget (and so debootstrap) understands. */
export async function proxyEnvironment(): Promise<Record<string, string>> {
  const settings = await run(['apt-config', 'dump', 'Acquire']).catch(() => '');
  const proxy = (scheme: string): string | undefined =>
    new RegExp(`^Acquire::${scheme}::Proxy "([^"]+)";$`, 'm').exec(settings)?.[1];
  const [http, https] = [proxy('http'), proxy('https')];
  return { ...(http ? { http_proxy: http } : {}), ...(https ? { https_proxy: https } : {}) };
}

async function carries(uri: string, suite: string): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'cloud-mirror-'));
  try {
    const address = `${uri.replace(/\/$/, '')}/dists/${suite}/InRelease`;
    await run([APT_HELPER, 'download-file', address, join(folder, 'InRelease')], { timeoutMs: 30_000 });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter(Boolean);
}
