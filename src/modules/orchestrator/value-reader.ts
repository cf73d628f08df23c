import type { CloudQueries, TaggedKind } from './cloud-queries.port.js';
import { UnresolvablePlaceholder } from './placeholders/placeholder.errors.js';
import type { OutputSource, PlaceholderResolver } from './placeholders/resolve.js';
import type { RunPlace } from './run-request.js';

/** Asks for nobody in particular: every stack may be read. */
const READER = { name: '', inputs: {}, secretKeys: [], sticky: {} } as const;
const TAGGED: readonly TaggedKind[] = ['vpc', 'subnet'];

/**
 * Values of one environment for code instead of placeholders (deployments.md 5.8): the same answers, types, cache and errors.
 * What is read this way is invisible to the graph: the stack template must declare the dependency. Secret values come in clear.
 */
export class ValueReader {
  constructor(
    private readonly place: RunPlace,
    private readonly source: OutputSource,
    private readonly resolver: PlaceholderResolver,
    private readonly queries: CloudQueries,
  ) {}

  /** @throws UnresolvablePlaceholder PH-003, PH-004 */
  async get(stack: string, output: string): Promise<unknown> {
    const { [output]: value } = await this.getMultiple(stack, [output]);
    return value;
  }

  /** Output → value. @throws UnresolvablePlaceholder for the first that has none */
  async getMultiple(stack: string, outputs: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const config = Object.fromEntries(outputs.map((output) => [output, `{{RUNTIME:${stack}:${output}}}`]));
    const { values, unresolved } = await this.resolver.resolve({ ...READER, config }, 'strict');
    const [first] = unresolved;
    if (first) throw first.problem;
    return values;
  }

  /** Every output that has a value. @throws UnresolvablePlaceholder PH-003, or PH-004 when the stack is not deployed */
  async getAll(stack: string): Promise<Readonly<Record<string, unknown>>> {
    if (!this.source.has(stack)) {
      throw new UnresolvablePlaceholder('PH-003', `${stack} is not enabled in ${this.place.environment}`);
    }
    const outputs = await this.source.outputs(stack);
    if (!outputs) throw new UnresolvablePlaceholder('PH-004', `${stack} is not deployed, so it has no outputs`);
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  }

  /** Id of the first resource with that tag. @param type `vpc` or `subnet`. @throws UnresolvablePlaceholder PH-002, PH-012 */
  async queryAwsResource(type: string, tagKey: string, tagValue: string): Promise<string> {
    const kind = TAGGED.find((each) => each === type);
    if (!kind) {
      throw new UnresolvablePlaceholder('PH-002', `${type} cannot be found by tag, known are ${TAGGED.join(', ')}`);
    }
    const { organization, account, region } = this.place;
    return (await this.queries.tagged({ organization, account, region }, kind, tagKey, tagValue)).value;
  }
}
