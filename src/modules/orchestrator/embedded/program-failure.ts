import { stripVTControlCharacters } from 'node:util';
import { basename, isAbsolute, relative } from 'node:path';

const UNHANDLED = /^Running program '.*' failed with an unhandled exception:\n/;
const FRAME = /^\s+at (?:.*\()?(?:file:\/\/)?(\/[^()]+|[A-Za-z]:\\[^()]+):(\d+):(\d+)\)?$/;
/** What gRPC puts before an answer of ours. */
const GRPC_CODE = /\b2 UNKNOWN: /;
/** The SDK speaks of the command line, which is not there. */
const CLI_LACKS = /The Pulumi CLI does not support (?:the )?(.+?)(?: option)?\. Please (?:update|upgrade)[^.]*\.?/;

/**
 * What the SDK reports when a program fails, made fit for its author: the message and the first line of his own program,
 * without colours, without the frames of libraries.
 * @param programDir folder of the program; places inside it are shown relative to it
 */
export function describeProgramFailure(text: string, programDir: string): string {
  const lines = stripVTControlCharacters(text).replace(UNHANDLED, '').trimEnd().split('\n');
  const firstFrame = lines.findIndex((line) => /^\s+at /.test(line));
  const message = (firstFrame < 0 ? lines : lines.slice(0, firstFrame)).join('\n').trim();
  const place = lines
    .slice(Math.max(firstFrame, 0))
    .map((line) => ownPlace(line, programDir))
    .find(Boolean);
  const plain = message
    .replace(CLI_LACKS, (_, what: string) => `${what} is not supported by the embedded engine`)
    .replace(GRPC_CODE, '');
  return place && !plain.includes(place) ? `${plain} (at ${place})` : plain;
}

function ownPlace(line: string, programDir: string): string | undefined {
  const [, file, row, column] = FRAME.exec(line) ?? [];
  if (file === undefined || file.includes('node_modules') || file.includes('/@pulumi/')) return undefined;
  const inside = relative(programDir, file);
  if (!inside.startsWith('..') && !isAbsolute(inside)) return `${inside}:${row}:${column}`;
  // source maps lead from dist/stacks/<name>/src to stacks/<name>/src
  const source = file.lastIndexOf('/stacks/');
  return `${source < 0 ? basename(file) : file.slice(source + 1)}:${row}:${column}`;
}
