/**
 * The private root folder: Debian's PostgreSQL with the DocumentDB extension, and a cluster template with the extension
 * already created, so that a new data folder is a copy.
 *
 * 1. Take the set-up lock; who comes second waits and then finds the work done.
 * 2. Base system (debootstrap) into `<version>.partial`. Not resumable in itself: without its stamp it starts anew.
 * 3. Packages (apt in the root folder). Resumable: dpkg finishes what it began.
 * 4. Rename to `<version>`: a folder of that name has its programs.
 * 5. Cluster template, renamed into place too. A new revision of it needs no new root folder.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseUnavailable } from '../dev-database.error.js';
import { FileLock } from '../file-lock.js';
import { dyingWithUs, findOnPath, run } from '../processes.js';
import { findMirror, proxyEnvironment, type Mirror } from './apt-mirror.js';
import { buildTemplate, TEMPLATE } from './cluster-template.js';
import { setupCommand, type Separation } from './sandbox.js';

/** PostgreSQL's major version and the revision of this set-up; another value means another folder, set up anew. */
const VERSION = '18-1';
const SUITE = 'sid'; // the only suite that carries the extension
const PACKAGE = 'postgresql-18-documentdb';
/** Packages of the last full set-up, to turn lines of output into per cent; being wrong only skews the display. */
const EXPECTED_LINES = { base: 330, packages: 480 };

export interface RootFolderRequest {
  readonly cache: string;
  readonly separation: Separation;
  readonly say: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
}

/** Path of the complete root folder, set up first where needed. */
export async function ensureRootFolder(request: RootFolderRequest): Promise<string> {
  const parent = join(request.cache, 'documentdb');
  const root = join(parent, VERSION);
  if (isComplete(root)) return root;
  mkdirSync(parent, { recursive: true });
  const lock = await waitForLock(join(parent, 'setup.lock'), root, request.say);
  if (!lock) return root;
  const startedAt = Date.now();
  try {
    if (!existsSync(root)) {
      await installPrograms(`${root}.partial`, request);
      renameSync(`${root}.partial`, root);
    }
    if (!isComplete(root)) {
      await step('3/3 cluster template', 0, request.say, () => buildTemplate(root, request.separation, request.env));
    }
    request.say(`set-up finished after ${seconds(startedAt)} s`);
    return root;
  } finally {
    lock.release();
  }
}

function isComplete(root: string): boolean {
  return existsSync(join(root, TEMPLATE));
}

/** Null when somebody else finished the set-up while we waited. */
async function waitForLock(path: string, root: string, say: (line: string) => void): Promise<FileLock | null> {
  let waitingFor: number | null = null;
  for (;;) {
    const attempt = FileLock.take(path);
    if (attempt.kind === 'taken') return attempt.lock;
    if (isComplete(root)) return null;
    if (waitingFor !== attempt.by.pid)
      say(`process ${attempt.by.pid} is setting the database up already; waiting for it`);
    waitingFor = attempt.by.pid;
    await pause(300);
  }
}

async function installPrograms(root: string, request: RootFolderRequest): Promise<void> {
  const { say, env, separation } = request;
  say('setting up PostgreSQL 18 with DocumentDB in a private folder (once, 1 to 3 minutes, about 1 GB): ' + root);
  mkdirSync(root, { recursive: true });
  if (!stamped(root, 'base')) {
    await ensureDebootstrap(request);
    const mirror = await findMirror(SUITE);
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true, mode: 0o755 });
    await step(`1/3 base system from ${mirror.uri}`, EXPECTED_LINES.base, say, (onLine) =>
      installBase(root, mirror, request, onLine),
    );
    await configureApt(root);
    stamp(root, 'base');
  }
  if (!stamped(root, 'packages')) {
    await step(`2/3 package ${PACKAGE}`, EXPECTED_LINES.packages, say, async (onLine) => {
      await run(setupCommand(separation, INSTALL_PACKAGES, [root, PACKAGE], env), { env: aptEnvironment(env), onLine });
    });
    stamp(root, 'packages');
  }
}

async function ensureDebootstrap({ say, env }: RootFolderRequest): Promise<void> {
  if (findOnPath('debootstrap', env)) return;
  say('installing debootstrap through apt');
  const apt = ['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Check-Valid-Until=false'];
  const quiet = { env: aptEnvironment(env) };
  await run(dyingWithUs('KILL', [...apt, 'update'], env), quiet).catch(() =>
    say('apt-get update failed; trying with the lists at hand'),
  );
  try {
    await run(dyingWithUs('KILL', [...apt, 'install', '-y', '--no-install-recommends', 'debootstrap'], env), quiet);
  } catch (error) {
    throw new DatabaseUnavailable('debootstrap is missing and apt could not install it', { cause: error });
  }
}

async function installBase(
  root: string,
  mirror: Mirror,
  request: RootFolderRequest,
  onLine: (line: string) => void,
): Promise<void> {
  const { separation, env } = request;
  const script = 'exec debootstrap --variant=minbase --keyring="$2" "$3" "$1" "$4"';
  const command = setupCommand(separation, script, [root, mirror.keyring, SUITE, mirror.uri], env);
  await run(command, { env: { ...aptEnvironment(env), ...(await proxyEnvironment()) }, onLine });
}

/** The root folder's apt reaches the mirror as the machine's apt does, and starts no service. */
async function configureApt(root: string): Promise<void> {
  const proxies = Object.entries(await proxyEnvironment()).map(
    ([name, value]) => `Acquire::${name.split('_')[0]}::Proxy "${value}";`,
  );
  const settings = [
    'Acquire::Check-Valid-Until "false";', // mirrors that stand still are past their date
    'Acquire::Check-Date "false";',
    'APT::Install-Recommends "false";',
    'APT::Sandbox::User "root";',
    ...proxies,
  ];
  writeFileSync(join(root, 'etc/apt/apt.conf.d/90cloud'), settings.join('\n') + '\n');
  const excluded = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'];
  writeFileSync(
    join(root, 'etc/dpkg/dpkg.cfg.d/90cloud'),
    ['force-unsafe-io', ...excluded.map((path) => `path-exclude=${path}`)].join('\n') + '\n',
  );
  writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const authorities = '/etc/ssl/certs/ca-certificates.crt';
  if (existsSync(authorities)) {
    mkdirSync(join(root, 'etc/ssl/certs'), { recursive: true });
    copyFileSync(authorities, join(root, authorities));
  }
}

/**
 * Packages' scripts need /proc. Where mounting is not permitted only systemd-tmpfiles insists on it, and what it would make
 * is not needed here. No cluster of the package's own.
 */
const INSTALL_PACKAGES = `
if ! mount -t proc proc "$1/proc" 2>/dev/null; then
  chroot "$1" dpkg-divert --local --rename --divert /usr/bin/systemd-tmpfiles.real --add /usr/bin/systemd-tmpfiles
  ln -sf true "$1/usr/bin/systemd-tmpfiles"
fi
cp /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || true
mkdir -p "$1/etc/postgresql-common"
echo 'create_main_cluster = false' > "$1/etc/postgresql-common/createcluster.conf"
chroot "$1" dpkg --configure -a
chroot "$1" apt-get -q update
chroot "$1" apt-get -q -y -f install
chroot "$1" apt-get -q -y install "$2"
chroot "$1" apt-get clean
rm -rf "$1/var/lib/apt/lists"
umount "$1/proc" 2>/dev/null || true
`;

function aptEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...env,
    PATH: `${env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin`,
    DEBIAN_FRONTEND: 'noninteractive',
    LC_ALL: 'C.UTF-8',
  };
}

/** Runs one step, telling how far it is every ten seconds. */
async function step(
  title: string,
  expectedLines: number,
  say: (line: string) => void,
  work: (onLine: (line: string) => void) => Promise<void>,
): Promise<void> {
  const startedAt = Date.now();
  let lines = 0;
  say(title);
  const timer = setInterval(() => {
    const percent = expectedLines > 0 ? `about ${Math.min(99, Math.round((lines / expectedLines) * 100))} %, ` : '';
    say(`${title}: ${percent}${seconds(startedAt)} s`);
  }, 10_000);
  try {
    await work(() => {
      lines += 1;
    });
  } finally {
    clearInterval(timer);
  }
  say(`${title}: done in ${seconds(startedAt)} s`);
}

function seconds(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}

function stamped(root: string, name: string): boolean {
  return existsSync(join(root, `.cloud-${name}`));
}

function stamp(root: string, name: string): void {
  writeFileSync(join(root, `.cloud-${name}`), new Date().toISOString());
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** The account PostgreSQL runs as, as the package made it in the root folder. */
export function postgresAccount(root: string): Account {
  const line = readFileSync(join(root, 'etc/passwd'), 'utf8')
    .split('\n')
    .find((row) => row.startsWith('postgres:'));
  const [, , uid, gid] = (line ?? '').split(':');
  if (!uid || !gid)
    throw new DatabaseUnavailable(`${root} has no account postgres; remove the folder to set it up anew`);
  return { uid: Number(uid), gid: Number(gid) };
}
