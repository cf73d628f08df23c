/**
 * Who may import whom (style.md, "Who may call whom"), as a lint. A violation is settled in the code, not here: a new arrow
 * between modules is a decision and belongs into the table of modules first.
 */

/** Module → modules it may call. Whatever is not here is reached by events. */
const MAY_CALL = {
  auth: [],
  templates: [],
  stacks: ['templates'],
  orchestrator: [],
  deployments: ['templates', 'stacks', 'orchestrator'],
  progress: ['auth'],
  sandbox: [],
  health: [],
  machines: [],
  workspaces: [],
  tasks: [],
  sessions: ['tasks', 'machines'],
  chat: ['auth'],
  audit: [],
  notifications: [],
};

/** Files of a module that nobody outside of it sees: its door to the web, to storage, and to outside systems. */
const PRIVATE_FILES =
  '(\\.(controller|gateway|dto|repository|schema|jobs|reads|errors|guard|interceptor)|/(pulumi|aws|static|mongo)\\.[a-z-]+)\\.ts$';

/** Where mongoose and its driver may be seen. Module files wire collections (`MongooseModule.forFeature`). */
const STORAGE_FILES =
  '\\.(schema|repository|reads|module)\\.ts$|^src/shared/database/|^src/shared/events/|\\.store\\.ts$|\\.spec\\.ts$';

/**
 * The grammar of placeholders and the graph of stacks: pure functions that the orchestrator owns because it runs by them, and
 * that templates and the registry are checked with. No module file, no service: nothing is called, a rule is shared.
 */
const PURE_RULES = '^src/modules/orchestrator/(graph|placeholders/[a-z-]+)\\.ts$';

const TESTS = '\\.spec\\.ts$|/testing/|^test/';

const moduleRules = Object.entries(MAY_CALL).map(([name, called]) => ({
  name: `module-${name}`,
  severity: 'error',
  comment: `${name} calls ${called.length > 0 ? called.join(', ') : 'no other module'}; all other news travels as events.`,
  from: { path: `^src/modules/${name}/`, pathNot: TESTS },
  to: { path: '^src/modules/', pathNot: [`^src/modules/(${[name, ...called].join('|')})/`, PURE_RULES] },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that need each other are one file, or a third one is missing.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'A file that nobody imports and that imports nobody is dead, or it is an entry and stands here.',
      from: {
        orphan: true,
        pathNot: [
          '\\.d\\.ts$',
          '\\.spec\\.ts$',
          '^test/fixtures/',
          '^test/patience\\.ts$', // named in jest.config.mjs
          '^stacks/[^/]+/src/index\\.ts$', // loaded by path
        ],
      },
      to: {},
    },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      comment: 'An import that is not there fails at run time only.',
      from: { pathNot: '^test/fixtures/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-packages-only',
      severity: 'error',
      comment:
        'The server runs with `dependencies` alone; a package that came along with another one may leave with it.',
      from: { path: '^(src|stacks)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'shared-knows-no-module',
      severity: 'error',
      comment: 'shared/ is what every module stands on.',
      from: { path: '^src/shared/', pathNot: TESTS },
      to: { path: '^src/(modules/|app)' },
    },
    {
      name: 'kernel-knows-nothing',
      severity: 'error',
      comment: 'Domain files may import the kernel; through it they must not reach storage or transport.',
      from: { path: '^src/shared/kernel/', pathNot: TESTS },
      // The log takes the request id from the async context by itself (style.md, Persistence and logging).
      to: { path: '^src/', pathNot: '^src/shared/(kernel/|errors/|http/request-context\\.ts$)' },
    },
    ...moduleRules,
    {
      name: 'front-door-only',
      severity: 'error',
      comment: 'Of another module: its module file, services, ports, domain types and pure rules, not its insides.',
      from: { path: '^src/modules/([^/]+)/', pathNot: TESTS },
      to: { path: `^src/modules/[^/]+/.*${PRIVATE_FILES}`, pathNot: '^src/modules/$1/' },
    },
    {
      name: 'engines-are-private',
      severity: 'error',
      comment: 'The engine is reached through its port; the module file picks the adapter.',
      from: {
        path: '^src/',
        pathNot: `^src/modules/orchestrator/((embedded|pulumi)/|(embedded|pulumi)\\.|orchestrator\\.module)|^src/engine\\.ts$|${TESTS}`,
      },
      to: { path: '^src/modules/orchestrator/(embedded|pulumi)/' },
    },
    {
      name: 'mongoose-in-storage-files',
      severity: 'error',
      comment: 'Services and domain files speak domain types; documents stay in repositories, schemas and reads.',
      from: { path: '^src/', pathNot: STORAGE_FILES },
      to: { path: '^node_modules/(mongoose|mongodb|@nestjs/mongoose)/' },
    },
    {
      name: 'pulumi-in-adapters',
      severity: 'error',
      comment: 'Only the engines and the programs know the SDK.',
      from: { path: '^src/', pathNot: `^src/modules/orchestrator/(embedded/|embedded\\.|pulumi/|pulumi\\.)|${TESTS}` },
      to: { path: '^node_modules/(@pulumi|@grpc|google-protobuf)/' },
    },
    {
      name: 'aws-sdk-in-adapters',
      severity: 'error',
      comment: 'What AWS calls its things and its errors stays in aws.*.ts; the composition loads the adapter.',
      from: { path: '^src/', pathNot: `/aws\\.[a-z-]+\\.ts$|${TESTS}` },
      to: { path: '^node_modules/(@aws-sdk|@smithy)/' },
    },
    {
      name: 'aws-adapter-has-one-customer',
      severity: 'error',
      comment: 'CLOUD=aws is wired in engine.ts; everybody else asks CloudQueries.',
      from: { path: '^src/', pathNot: `/aws\\.[a-z-]+\\.ts$|^src/engine\\.ts$|${TESTS}` },
      to: { path: '^src/.*/aws\\.[a-z-]+\\.ts$' },
    },
    {
      name: 'programs-stand-alone',
      severity: 'error',
      comment: 'A stack program runs in a process of its own; it sees its helpers and the SDK.',
      from: { path: '^stacks/', pathNot: TESTS },
      to: { path: '^(src|tools|bench|test|dashboard)/' },
    },
    {
      name: 'programs-are-loaded-by-path',
      severity: 'error',
      comment: 'The server never imports a stack program.',
      from: { path: '^(src|tools)/', pathNot: TESTS },
      to: { path: '^stacks/' },
    },
    {
      name: 'server-knows-two-tools',
      severity: 'error',
      comment:
        'Of tools/, the server sees the sandbox cloud, from the module that offers it and from the composition, and the random provider.',
      from: { path: '^src/', pathNot: TESTS },
      to: { path: '^(tools|bench|test|dashboard)/', pathNot: '^tools/(sandbox-cloud|random-provider)/' },
    },
    {
      name: 'sandbox-cloud-has-two-customers',
      severity: 'error',
      comment:
        'CLOUD=sandbox is wired in the sandbox module and in engine.ts; the engine only knows the provider port.',
      from: {
        path: '^src/',
        pathNot: `^src/(engine\\.ts|modules/sandbox/)|${TESTS}`,
      },
      to: { path: '^tools/sandbox-cloud/', pathNot: '^tools/sandbox-cloud/provider\\.port\\.ts$' },
    },
    {
      name: 'random-provider-has-one-customer',
      severity: 'error',
      comment: 'It is given to the engine in engine.ts; the engine only knows the provider port.',
      from: { path: '^src/', pathNot: `^src/engine\\.ts$|${TESTS}` },
      to: { path: '^tools/random-provider/' },
    },
    {
      name: 'providers-are-libraries',
      severity: 'error',
      comment: 'The same code serves the true engine as a plugin: no server, no database.',
      from: { path: '^tools/(sandbox-cloud|random-provider)/', pathNot: TESTS },
      to: { path: '^(src|bench|test)/' },
    },
    {
      name: 'no-test-code-in-the-product',
      severity: 'error',
      comment: 'Fakes, factories and specs never ship.',
      from: { path: '^(src|tools|stacks)/', pathNot: TESTS },
      to: { path: TESTS },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|dashboard)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
    skipAnalysisNotInRules: true,
    cache: { folder: 'node_modules/.cache/dependency-cruiser', strategy: 'content' },
    reporterOptions: { text: { highlightFocused: true } },
  },
};
