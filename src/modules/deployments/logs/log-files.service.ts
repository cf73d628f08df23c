import { Injectable } from '@nestjs/common';
import { DeploymentLogsRepository } from './deployment-logs.repository.js';
import { errorText } from './error-text.js';
import { filesOf, type LogFile, type LogFileName } from './log-files.js';
import type { LogFilter, LogRecord } from './log-record.js';
import { textOf } from './log-text.js';

/** Lines read at once. */
const PAGE = 1000;
const SECOND_MS = 1000;

export type SizedLogFile = LogFile & { readonly sizeBytes: number };

/** The files that the lines of a deployment make; nothing is stored of them. */
@Injectable()
export class LogFiles {
  constructor(private readonly logs: DeploymentLogsRepository) {}

  /** Newest first. */
  async list(filter: LogFilter): Promise<readonly LogFile[]> {
    return filesOf(await this.logs.volumes(filter));
  }

  /** null when the deployment has no such file; `filter` narrows which of its lines may be read. */
  async find(filter: LogFilter, name: LogFileName, fileName: string): Promise<LogFile | null> {
    if (name.kind === 'init') return this.named(await this.list({ ...filter, types: ['init'] }), fileName);
    const { begunAt } = name;
    const asked: LogFilter = {
      ...filter,
      ...(name.kind === 'error' ? {} : { environments: [name.environment], orNoEnvironment: false }),
      ...(name.kind === 'stack' ? { stacks: [name.stack], component: name.stack } : { types: [name.type] }),
    };
    const before = new Date(begunAt.getTime() + SECOND_MS);
    const operationIds = await this.logs.writingIn(asked, begunAt, before);
    if (operationIds.length === 0) return null;
    return this.named(await this.list({ ...filter, operationIds }), fileName);
  }

  async sized(deploymentId: string, file: LogFile): Promise<SizedLogFile> {
    if (file.sizeBytes !== null) return { ...file, sizeBytes: file.sizeBytes };
    let sizeBytes = 0;
    for await (const text of this.read(deploymentId, file)) sizeBytes += Buffer.byteLength(text);
    return { ...file, sizeBytes };
  }

  /** Its text, in parts. */
  async *read(deploymentId: string, file: LogFile): AsyncGenerator<string> {
    const toText = file.type === 'error' ? errorText : textOf;
    const filter = linesOf(deploymentId, file);
    let position = 0;
    for (;;) {
      const page: readonly LogRecord[] = await this.logs.list(filter, { descending: false, position, limit: PAGE });
      if (page.length > 0) yield page.map(toText).join('');
      if (page.length < PAGE) return;
      position = page.at(-1)?.position ?? position;
    }
  }

  private named(files: readonly LogFile[], name: string): LogFile | null {
    return files.find((file) => file.name === name) ?? null;
  }
}

function linesOf(deploymentId: string, { type, stack, operationIds }: LogFile): LogFilter {
  if (type === 'init') return { deploymentId, types: ['init'], level: 'info' };
  if (type === 'stack') return { deploymentId, operationIds, ...(stack === null ? {} : { component: stack }) };
  return { deploymentId, operationIds, level: type === 'error' ? 'error' : 'info' };
}
