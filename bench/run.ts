import { judge, type Measurement, table } from './report.js';

/** Name → what it measures; the code is in `bench/<name>.ts`. */
const BENCHES: Readonly<Record<string, string>> = {
  'concurrent-runs':
    '50 deployments run at once in one process: all complete, no shared folder, time and memory against one',
  'default-deploy': 'all 16 stacks of the default template on the sandbox: wall time, memory, processes',
  engine: 'one run of a stack: embedded, Pulumi through us, plain command line; first and unchanged',
  detectors: '3 detectors on 10,000 sessions that expire: transitions and their events',
  health: '/health of the whole server against bare Fastify, requests per second',
  heartbeat: 'heartbeats through the whole pipeline against bare Fastify with one raw findOneAndUpdate',
  idle: 'memory of the server process after 30 s without traffic, and how fast it starts',
  'no-change': '16 synthetic stacks without a change through plan and skip: milliseconds and processes started',
  'one-leaf': 'the default template with one changed leaf, against a forced run of all 16 stacks',
  plan: 'a plan for 16 and for 500 stacks, and the start of a deployment',
  'query-plans': 'every hot query of the session half: does it run on an index, without sorting in memory',
  'ready-vs-serial': "the default template's graph, ready-node against serial and against its critical path",
  'session-read': 'an authenticated GET of one session against bare Fastify with one raw findOne',
  'session-targets': 'latency targets of the session half: heartbeats, lists, health, detection, logging',
  'skip-property':
    '10,000 random edit sequences through plan and skip, against a naive rebuild: false skips and false runs',
  'stack-overhead': 'our time around one executed stack, against the engine alone',
  sweep: 'one search for stalled sessions among 100,000, 1,000 of them expired: time, documents examined, memory',
};

/** `npm run bench -- <name>`: a table for people on stderr, one JSON line at the end of stdout; 1 when a goal was missed. */
async function main(name: string | undefined): Promise<number> {
  if (name === undefined || !(name in BENCHES)) {
    const lines = Object.entries(BENCHES).map(([known, text]) => `  ${known.padEnd(18)}${text}`);
    console.log(`npm run bench -- <name>\n\n${lines.join('\n')}`);
    return name === undefined ? 0 : 2;
  }
  const { measure } = (await import(`./${name}.js`)) as { measure: () => Promise<Measurement> };
  const report = judge(await measure());
  console.error(table(report));
  console.log(JSON.stringify(report));
  return report.met ? 0 : 1;
}

process.exitCode = await main(process.argv[2]);
