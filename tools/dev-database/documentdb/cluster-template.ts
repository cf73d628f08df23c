import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../processes.js';
import { clusterSettings, HBA, IDENT, INITIAL_SQL, REVISION } from './cluster-settings.js';
import { setupCommand, type Separation } from './sandbox.js';

/** Folder of PostgreSQL's programs, seen from inside the root folder. */
export const BIN = '/usr/lib/postgresql/18/bin';
/** Folder that holds a cluster and its socket, seen from inside the root folder. */
export const DATA = '/data';
/** Names, inside a cluster, the revision of the statements it was made with. */
export const REVISION_FILE = '.cloud-revision';
/** The cluster that new data folders start from, below the root folder. */
export const TEMPLATE = `cluster-template-${REVISION}`;

/** Makes a cluster, creates the extension in it and shuts it down cleanly. */
export async function buildTemplate(root: string, separation: Separation, env: NodeJS.ProcessEnv): Promise<void> {
  const data = join(root, DATA);
  rmSync(data, { recursive: true, force: true });
  rmSync(join(root, TEMPLATE), { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  await run(setupCommand(separation, SCRIPT, [root, clusterSettings(), HBA, IDENT, INITIAL_SQL], env), {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
  });
}

const SCRIPT = `
root="$1"
chroot "$root" chown postgres:postgres ${DATA}
as() { chroot "$root" setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
as ${BIN}/initdb -D ${DATA}/cluster -U postgres --auth=peer --encoding=UTF8 --locale=C.UTF-8 --no-instructions --no-sync
printf '%s' "$2" > "$root${DATA}/cluster/postgresql.conf"
printf '%s' "$3" > "$root${DATA}/cluster/pg_hba.conf"
printf '%s' "$4" > "$root${DATA}/cluster/pg_ident.conf"
as mkdir -p ${DATA}/cluster/pg_documentdb_cursor_files
as ${BIN}/pg_ctl -D ${DATA}/cluster -l /dev/null -o '-c fsync=off' -w -t 60 start
as psql -q -v ON_ERROR_STOP=1 -h ${DATA} -U postgres -d postgres -c "$5"
as ${BIN}/pg_ctl -D ${DATA}/cluster -w -t 60 -m fast stop
printf '%s' '${REVISION}' > "$root${DATA}/cluster/${REVISION_FILE}"
mv "$root${DATA}/cluster" "$root/${TEMPLATE}"
sync -f "$root/${TEMPLATE}"
`;
