import { cyclePath, DependencyCycle, findCycles, restrict, StackGraph, toLayers, uniteEdges } from './graph.js';

type Edges = Readonly<Record<string, readonly string[]>>;

/** `priority` by name, 100 where not given. */
function nodes(edges: Edges, priority: Readonly<Record<string, number>> = {}) {
  return Object.entries(edges).map(([name, dependencies]) => ({ name, dependencies, priority: priority[name] ?? 100 }));
}

function layers(edges: Edges, priority: Readonly<Record<string, number>> = {}): string[][] {
  return toLayers(nodes(edges, priority)).map((layer) => layer.map((node) => node.name));
}

function united(sources: Readonly<Record<string, { hard?: string[]; optional?: string[]; implicit?: string[] }>>) {
  return uniteEdges(
    Object.entries(sources).map(([name, edges]) => ({
      name,
      priority: 100,
      hard: edges.hard ?? [],
      optional: edges.optional ?? [],
      manifest: [],
      implicit: edges.implicit ?? [],
    })),
  );
}

const names = (list: readonly (readonly { name: string }[])[]) => list.map((layer) => layer.map((node) => node.name));

/** stacks.md 6.1: hard and optional dependencies, and 7: priorities. */
const DEFAULT: Edges = {
  dns: [],
  network: [],
  security: ['network'],
  secrets: ['security'],
  authentication: ['security', 'secrets'],
  storage: ['network', 'security'],
  'database-rds': ['network', 'security', 'secrets'],
  'containers-images': ['security'],
  'services-ecr': ['security'],
  'containers-apps': ['network', 'security', 'secrets', 'dns', 'containers-images', 'storage', 'database-rds'],
  'services-ecs': ['network', 'security', 'services-ecr', 'secrets', 'storage', 'database-rds'],
  'services-eks': ['network', 'security', 'services-ecr'],
  'services-api': ['network', 'security', 'authentication', 'services-ecs', 'dns'],
  'compute-ec2': ['network', 'security', 'dns', 'secrets', 'storage', 'database-rds'],
  'compute-lambda': ['network', 'security', 'storage', 'secrets', 'database-rds'],
};
const PRIORITIES = {
  dns: 10,
  network: 20,
  security: 30,
  secrets: 40,
  authentication: 50,
  storage: 60,
  'database-rds': 70,
  'containers-images': 80,
  'services-ecr': 80,
  'containers-apps': 90,
  'services-ecs': 90,
  'services-eks': 90,
  'compute-ec2': 100,
  'compute-lambda': 100,
  'services-api': 110,
  monitoring: 120,
};

describe('layers (deployments.md 6.4, vectors of 6.6)', () => {
  it('[6.6-1] places the built-in default template', () => {
    expect(layers({ ...DEFAULT, monitoring: Object.keys(DEFAULT) }, PRIORITIES)).toEqual([
      ['dns', 'network'],
      ['security'],
      ['secrets', 'storage', 'containers-images', 'services-ecr'],
      ['authentication', 'database-rds', 'services-eks'],
      ['containers-apps', 'services-ecs', 'compute-ec2', 'compute-lambda'],
      ['services-api'],
      ['monitoring'],
    ]);
  });

  it('[6.6-2] expands the wildcard of monitoring to all others', () => {
    const graph = united({
      dns: {},
      network: {},
      security: { hard: ['network'] },
      secrets: { hard: ['security'] },
      'database-rds': { hard: ['network', 'security', 'secrets'] },
      'compute-ec2': { hard: ['network', 'security'] },
      monitoring: { hard: ['*'] },
    });
    expect(names(toLayers(graph))).toEqual([
      ['dns', 'network'],
      ['security'],
      ['compute-ec2', 'secrets'],
      ['database-rds'],
      ['monitoring'],
    ]);
  });

  it.each<[string, Edges, Readonly<Record<string, number>>, string[][]]>([
    [
      '[6.6-3] hard dependencies',
      {
        network: [],
        security: ['network'],
        dns: ['network'],
        database: ['network', 'security'],
        app: ['network', 'database', 'dns'],
      },
      {},
      [['network'], ['dns', 'security'], ['database'], ['app']],
    ],
    ['[6.6-4] no dependencies', { a: [], b: [], c: [] }, {}, [['a', 'b', 'c']]],
    [
      '[6.6-5] a diamond',
      { base: [], left: ['base'], right: ['base'], top: ['left', 'right'] },
      {},
      [['base'], ['left', 'right'], ['top']],
    ],
    [
      '[6.6-6] priorities, then names',
      { z: [], y: [], b: [], a: [] },
      { z: 10, y: 20, b: 20, a: 100 },
      [['z', 'b', 'y', 'a']],
    ],
    ['[6.6-16] nothing', {}, {}, []],
    ['byte order', { a: [], B: [], 'a-b': [], a0: [] }, {}, [['B', 'a', 'a-b', 'a0']]],
  ])('%s', (_vector, edges, priority, expected) => expect(layers(edges, priority)).toEqual(expected));

  it('[6.6-11] leaves dependents and other wildcards out of a wildcard', () => {
    expect(names(toLayers(united({ a: { hard: ['*'] }, b: { hard: ['a'] }, c: {} })))).toEqual([['c'], ['a'], ['b']]);
    const two = united({ a: { hard: ['*'] }, b: { hard: ['ALL'] }, c: {} });
    expect(two.map((node) => node.dependencies)).toEqual([['c'], ['c'], []]);
  });

  it('[6.6-15] adds an edge for a placeholder and says that only the placeholder causes it', () => {
    const [security] = united({ security: { implicit: ['network'] }, network: {} });
    expect(security).toMatchObject({ dependencies: ['network'], implicit: ['network'] });
    const [declared] = united({ security: { hard: ['network'], implicit: ['network'] }, network: {} });
    expect(declared).toMatchObject({ dependencies: ['network'], implicit: [] });
  });

  it('[6.6-17] counts an optional dependency only where it is there', () => {
    const app = { hard: ['network'], optional: ['cache'] };
    expect(names(toLayers(united({ network: {}, app, cache: { hard: ['network'] } })))).toEqual([
      ['network'],
      ['cache'],
      ['app'],
    ]);
    expect(names(toLayers(united({ network: {}, app })))).toEqual([['network'], ['app']]);
  });
});

describe('cycles (deployments.md 6.3, vectors of 6.6)', () => {
  it.each<[string, Edges, string[]]>([
    [
      '[6.6-7] a cycle of three',
      { 'compute-ec2': ['security'], security: ['network'], network: ['compute-ec2'] },
      ['compute-ec2 → security → network → compute-ec2'],
    ],
    ['[6.6-8] itself', { network: ['network'] }, ['network → network']],
    ['[6.6-9] two cycles', { a: ['b'], b: ['c'], c: ['a'], x: ['y'], y: ['x'] }, ['a → b → c → a', 'x → y → x']],
    ['[6.6-10] one cycle on two ways', { a: ['b', 'd'], b: ['c'], c: ['a'], d: ['c'] }, ['a → b → c → a']],
    ['no cycle', { a: ['b', 'c'], b: ['c'], c: [] }, []],
    ['unknown stack', { app: ['ghost'] }, []],
  ])('%s', (_vector, edges, expected) => expect(findCycles(nodes(edges)).map(cyclePath)).toEqual(expected));

  it('refuses to layer a cycle, naming the closed path and everybody in it', () => {
    const attempt = (): unknown => layers({ a: ['b'], b: ['a'], x: ['x'], free: [] });
    expect(attempt).toThrow(DependencyCycle);
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_CIRCULAR_DEPENDENCY',
        message: 'Dependency cycle: a → b → a',
        details: expect.objectContaining({ cycle: ['a', 'b', 'a'], affectedStacks: ['a', 'b', 'x'] }),
      }),
    );
  });
});

describe('queries on a graph (deployments.md 6.1, 6.4)', () => {
  const graph = new StackGraph(nodes({ base: [], left: ['base'], right: ['base'], top: ['left', 'right'] }));

  it('follows edges in both directions', () => {
    expect([...graph.dependenciesOf('top')]).toEqual(['left', 'right']);
    expect([...graph.dependentsOf('base')]).toEqual(['left', 'right']);
    expect([...graph.allDependenciesOf('top')].sort()).toEqual(['base', 'left', 'right']);
    expect([...graph.allDependentsOf('base')].sort()).toEqual(['left', 'right', 'top']);
    expect([...graph.allDependentsOf('ghost')]).toEqual([]);
  });

  it('says whether a stack can be deployed given others', () => {
    expect(graph.isDeployable('top', new Set(['left', 'right']))).toBe(true);
    expect(graph.isDeployable('top', new Set(['left']))).toBe(false);
    expect(graph.isDeployable('ghost', new Set())).toBe(false);
  });

  it('counts layers, 0 for an empty graph and -1 for an unknown stack', () => {
    expect(graph.statistics()).toMatchObject({ totalLayers: 3, layerSizes: [1, 2, 1], averageLayer: 4 / 3 });
    expect(new StackGraph([]).statistics()).toMatchObject({ largestLayer: 0, smallestLayer: 0, averageLayer: 0 });
    expect([graph.layerOf('right'), graph.layerOf('ghost')]).toEqual([2, -1]);
  });

  it('keeps the order that leads over stacks left out of a selection', () => {
    const chain = nodes({ a: ['b'], b: ['c'], c: [], d: ['b'] });
    expect(restrict(chain, new Set(['a', 'c']))).toEqual([
      { name: 'a', dependencies: ['c'], priority: 100 },
      { name: 'c', dependencies: [], priority: 100 },
    ]);
  });
});
