import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { stringify } from 'yaml';
import { Config } from '../../../shared/config/config.js';
import { TemplateLibrary } from '../../templates/template-library.js';
import { SourceLines } from './source-lines.js';

/** Under the own parameters of every stack. */
const COMMON = '_common.yaml';

/** The documents stack templates were read from, for telling where a default stands. */
@Injectable()
export class TemplateSources {
  readonly #folder: string;
  readonly #files = new Map<string, SourceLines | null>();

  constructor(
    config: Config,
    private readonly library: TemplateLibrary,
  ) {
    this.#folder = join(config.paths.templates, 'config');
  }

  /** In the order in which they are asked for a place: the stack's own document, then the common one. */
  of(stack: string): SourceLines[] {
    const registration = this.library.registration(stack);
    const own = registration
      ? new SourceLines(`stack template ${stack}, revision ${registration.revision}`, stringify(registration.document))
      : this.#file(`${stack}.yaml`);
    return [own, this.#file(COMMON)].filter((lines) => lines !== null);
  }

  /** Files are read once: the server takes them in once, too. */
  #file(name: string): SourceLines | null {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const path = join(this.#folder, name);
    const lines = existsSync(path) ? new SourceLines(`templates/config/${name}`, readFileSync(path, 'utf8')) : null;
    this.#files.set(name, lines);
    return lines;
  }
}
