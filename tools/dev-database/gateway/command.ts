import {
  elements,
  isTrue,
  documentAt,
  documentsAt,
  numberAt,
  splitDocuments,
  stringAt,
  TYPE,
  decode,
  type Element,
} from './bson-scan.js';
import { CommandError } from './gateway.errors.js';
import type { Request } from './wire.js';
import type { BSON } from 'mongodb';

/** The transaction a command belongs to, as the client numbered it. */
export interface TransactionMark {
  /** The logical session in hexadecimal. */
  readonly session: string;
  readonly number: bigint;
  readonly starts: boolean;
}

/** A command whose head was read and whose body was left as it came. */
export class Command {
  readonly name: string;
  readonly database: string;
  readonly raw: Buffer;
  readonly sequence: Request['sequence'];
  readonly transaction: TransactionMark | null;
  /** Id under which a write outside a transaction is remembered, so that a repeated one is not done twice. */
  readonly writeId: string | null;
  readonly maxTimeMs: number | null;
  readonly session: string | null;
  private readonly fields = new Map<string, Element>();

  constructor(request: Request) {
    this.raw = request.command;
    this.sequence = request.sequence;
    for (const element of elements(request.command)) this.fields.set(element.name, element);
    const [name] = this.fields.keys();
    if (!name) throw new CommandError(59, 'CommandNotFound', 'an empty document is no command');
    this.name = name;
    this.database = this.text('$db') ?? 'admin';
    this.session = this.sessionId();
    const number = this.number('txnNumber');
    const inTransaction =
      this.session !== null && number !== null && this.has('autocommit') && !this.flag('autocommit');
    this.transaction = inTransaction
      ? { session: this.session ?? '', number: number ?? 0n, starts: this.flag('startTransaction') }
      : null;
    this.writeId = !inTransaction && this.session !== null && number !== null ? `${this.session}:${number}` : null;
    const maxTimeMs = this.number('maxTimeMS');
    this.maxTimeMs = maxTimeMs !== null && maxTimeMs > 0n ? Number(maxTimeMs) : null;
  }

  /** Value of the command's first field when it is a string: the collection. @throws CommandError otherwise */
  get collection(): string {
    const value = this.text(this.name);
    if (value === null)
      throw new CommandError(73, 'InvalidNamespace', `collection name has invalid type in '${this.name}'`);
    return value;
  }

  get namespace(): string {
    return `${this.database}.${this.text(this.name) ?? '$cmd.aggregate'}`;
  }

  has(name: string): boolean {
    return this.fields.has(name);
  }

  text(name: string): string | null {
    const element = this.fields.get(name);
    return element?.type === TYPE.string ? stringAt(this.raw, element) : null;
  }

  number(name: string): bigint | null {
    const element = this.fields.get(name);
    return element ? numberAt(this.raw, element) : null;
  }

  flag(name: string): boolean {
    const element = this.fields.get(name);
    return element !== undefined && isTrue(this.raw, element);
  }

  document(name: string): Buffer | null {
    const element = this.fields.get(name);
    return element?.type === TYPE.document ? documentAt(this.raw, element) : null;
  }

  /** Documents of an array field or of the document sequence of that name. */
  documents(name: string): Buffer[] {
    if (this.sequence?.name === name) return splitDocuments(this.sequence.documents);
    const element = this.fields.get(name);
    return element?.type === TYPE.array ? documentsAt(this.raw, element) : [];
  }

  /** The whole command decoded, its document sequence included. */
  decode(): BSON.Document {
    const whole = decode(this.raw);
    return this.sequence
      ? { ...whole, [this.sequence.name]: splitDocuments(this.sequence.documents).map(decode) }
      : whole;
  }

  private sessionId(): string | null {
    const lsid = this.document('lsid');
    return lsid ? sessionKey(lsid) : null;
  }
}

/** Sixteen bytes of a logical session's id in hexadecimal; null when they are not there. */
export function sessionKey(lsid: Buffer): string | null {
  for (const { name, type, valueAt, nextAt } of elements(lsid)) {
    if (name === 'id' && type === TYPE.binary) return lsid.toString('hex', valueAt + 5, nextAt);
  }
  return null;
}
