import { append, elements, encode, stringAt, TYPE } from './bson-scan.js';
import { MalformedMessage } from './gateway.errors.js';

export const MAX_MESSAGE_BYTES = 48_000_000;
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
const HEADER_BYTES = 16;
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;
/** Bits 0 to 15 are "required": an unknown one set means the message cannot be understood. */
const KNOWN_REQUIRED_FLAGS = CHECKSUM_PRESENT | MORE_TO_COME;

/** A command as it came: one document, and perhaps bytes of documents one after the other beside it. */
export interface Request {
  readonly id: number;
  readonly command: Buffer;
  readonly sequence: { readonly name: string; readonly documents: Buffer } | null;
  /** False when the client will not read an answer (unacknowledged write). */
  readonly wantsReply: boolean;
  /** True for the first message of a driver, which comes in the old form and wants the answer in it. */
  readonly legacy: boolean;
}

/** Collects bytes and cuts them into whole messages without copying more than once. */
export class MessageBuffer {
  private chunks: Buffer[] = [];
  private bytes = 0;

  get length(): number {
    return this.bytes;
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** The next whole message, or null until more bytes came. @throws MalformedMessage on an impossible length */
  next(): Buffer | null {
    if (this.bytes < HEADER_BYTES) return null;
    const length = this.peek(4).readInt32LE(0);
    if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) throw new MalformedMessage(`a message of ${length} bytes`);
    return this.bytes < length ? null : this.take(length);
  }

  private peek(count: number): Buffer {
    const first = this.chunks[0];
    if (first && first.length >= count) return first;
    this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0] ?? Buffer.alloc(0);
  }

  private take(length: number): Buffer {
    const whole = this.peek(length);
    const rest = whole.subarray(length);
    this.chunks.shift();
    if (rest.length > 0) this.chunks.unshift(rest);
    this.bytes -= length;
    return whole.subarray(0, length);
  }
}

export function parseRequest(message: Buffer): Request {
  const id = message.readInt32LE(4);
  switch (message.readInt32LE(12)) {
    case OP_MSG:
      return parseMessage(id, message);
    case OP_QUERY:
      return parseQuery(id, message);
    default:
      throw new MalformedMessage(`the operation code ${message.readInt32LE(12)}`);
  }
}

function parseMessage(id: number, message: Buffer): Request {
  if (message.length < HEADER_BYTES + 10) throw new MalformedMessage('a message without a section');
  const flags = message.readUInt32LE(HEADER_BYTES);
  if ((flags & 0xffff & ~KNOWN_REQUIRED_FLAGS) !== 0) throw new MalformedMessage(`the flags ${flags}`);
  const end = message.length - (flags & CHECKSUM_PRESENT ? 4 : 0);
  let command: Buffer | null = null;
  let sequence: Request['sequence'] = null;
  for (let at = HEADER_BYTES + 4; at < end;) {
    const kind = message[at];
    const length = at + 5 <= end ? message.readInt32LE(at + 1) : 0;
    const sectionEnd = at + 1 + length;
    if (length < 5 || sectionEnd > end) throw new MalformedMessage('a section reaches beyond its message');
    const section = message.subarray(at + 1, sectionEnd);
    if (kind === 0 && !command) command = section;
    else if (kind === 1 && !sequence) sequence = parseSequence(section);
    else throw new MalformedMessage(`a section of kind ${kind}`);
    at = sectionEnd;
  }
  if (!command) throw new MalformedMessage('a message without a command');
  return { id, command, sequence, wantsReply: (flags & MORE_TO_COME) === 0, legacy: false };
}

function parseSequence(section: Buffer): NonNullable<Request['sequence']> {
  const nameEnd = section.indexOf(0, 4);
  if (nameEnd < 0) throw new MalformedMessage('a document sequence without a name');
  return { name: section.toString('utf8', 4, nameEnd), documents: section.subarray(nameEnd + 1) };
}

/** Only the handshake still comes in this form; the database stands in the name of the collection asked. */
function parseQuery(id: number, message: Buffer): Request {
  const namespaceEnd = message.indexOf(0, HEADER_BYTES + 4);
  const at = namespaceEnd + 9;
  if (namespaceEnd < 0 || at + 5 > message.length) throw new MalformedMessage('a query without a document');
  const namespace = message.toString('utf8', HEADER_BYTES + 4, namespaceEnd);
  const length = message.readInt32LE(at);
  if (length < 5 || at + length > message.length) throw new MalformedMessage('a query reaches beyond its message');
  const command = message.subarray(at, at + length);
  const withDatabase = hasDatabase(command) ? command : append(command, { $db: namespace.split('.')[0] });
  return { id, command: withDatabase, sequence: null, wantsReply: true, legacy: true };
}

function hasDatabase(command: Buffer): boolean {
  for (const element of elements(command))
    if (element.name === '$db' && element.type === TYPE.string) return stringAt(command, element) !== '';
  return false;
}

let lastReplyId = 0;

/** The bytes of an answer; a document that is encoded already is passed through. */
export function encodeReply(request: Pick<Request, 'id' | 'legacy'>, reply: Buffer | Record<string, unknown>): Buffer {
  const body = Buffer.isBuffer(reply) ? reply : encode(reply);
  const headLength = request.legacy ? 36 : 21;
  const out = Buffer.allocUnsafe(headLength + body.length).fill(0, 0, headLength);
  lastReplyId = (lastReplyId + 1) & 0x7fffffff;
  out.writeInt32LE(out.length, 0);
  out.writeInt32LE(lastReplyId, 4);
  out.writeInt32LE(request.id, 8);
  out.writeInt32LE(request.legacy ? OP_REPLY : OP_MSG, 12);
  if (request.legacy) {
    out.writeInt32LE(8, 16); // AwaitCapable, which every server has set for years
    out.writeInt32LE(1, 32); // one document
  }
  body.copy(out, headLength);
  return out;
}
