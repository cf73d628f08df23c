import { BSON } from 'mongodb';
import { MalformedMessage } from './gateway.errors.js';

/** One top-level element of a document that was not decoded. Offsets count from the document's first byte. */
export interface Element {
  readonly name: string;
  readonly type: number;
  readonly valueAt: number;
  readonly nextAt: number;
}

export const TYPE = {
  double: 1,
  string: 2,
  document: 3,
  array: 4,
  binary: 5,
  boolean: 8,
  int32: 16,
  int64: 18,
} as const;

/** Bytes of values whose size depends on nothing. */
const FIXED = new Map([
  [1, 8], [6, 0], [7, 12], [8, 1], [9, 8], [10, 0], [16, 4], [17, 8], [18, 8], [19, 16], [255, 0], [127, 0],
]); // prettier-ignore

/** @throws MalformedMessage when lengths and terminators do not fit */
export function* elements(doc: Buffer): Generator<Element> {
  if (doc.length < 5 || doc.readInt32LE(0) !== doc.length || doc[doc.length - 1] !== 0) {
    throw new MalformedMessage('a document does not end where its length says');
  }
  let at = 4;
  while (at < doc.length - 1) {
    const type = doc[at] ?? 0;
    const nameEnd = doc.indexOf(0, at + 1);
    if (nameEnd < 0) throw new MalformedMessage('a field name has no end');
    const valueAt = nameEnd + 1;
    const nextAt = valueAt + valueSize(doc, type, valueAt);
    if (nextAt > doc.length - 1) throw new MalformedMessage('a field reaches beyond its document');
    yield { name: doc.toString('utf8', at + 1, nameEnd), type, valueAt, nextAt };
    at = nextAt;
  }
}

function valueSize(doc: Buffer, type: number, at: number): number {
  const fixed = FIXED.get(type);
  if (fixed !== undefined) return fixed;
  if (at + 4 > doc.length) throw new MalformedMessage('a field reaches beyond its document');
  switch (type) {
    case 2:
    case 13:
    case 14:
      return 4 + size(doc, at);
    case 3:
    case 4:
    case 15:
      return size(doc, at);
    case 5:
      return 5 + size(doc, at);
    case 12:
      return 16 + size(doc, at);
    case 11: {
      const patternEnd = doc.indexOf(0, at);
      const optionsEnd = patternEnd < 0 ? -1 : doc.indexOf(0, patternEnd + 1);
      if (optionsEnd < 0) throw new MalformedMessage('a regular expression has no end');
      return optionsEnd + 1 - at;
    }
    default:
      throw new MalformedMessage(`a field has the unknown type ${type}`);
  }
}

function size(doc: Buffer, at: number): number {
  const value = doc.readInt32LE(at);
  if (value < 0) throw new MalformedMessage('a field has a negative length');
  return value;
}

export function find(doc: Buffer, name: string): Element | null {
  for (const element of elements(doc)) if (element.name === name) return element;
  return null;
}

export function stringAt(doc: Buffer, { valueAt }: Element): string {
  return doc.toString('utf8', valueAt + 4, valueAt + 4 + doc.readInt32LE(valueAt) - 1);
}

export function documentAt(doc: Buffer, { valueAt, nextAt }: Element): Buffer {
  return doc.subarray(valueAt, nextAt);
}

/** Value of a numeric field; null for every other type. */
export function numberAt(doc: Buffer, { type, valueAt }: Element): bigint | null {
  if (type === TYPE.int32) return BigInt(doc.readInt32LE(valueAt));
  if (type === TYPE.int64) return doc.readBigInt64LE(valueAt);
  if (type === TYPE.double) return BigInt(Math.trunc(doc.readDoubleLE(valueAt)));
  return null;
}

export function isTrue(doc: Buffer, element: Element): boolean {
  if (element.type === TYPE.boolean) return doc[element.valueAt] === 1;
  return (numberAt(doc, element) ?? 0n) !== 0n;
}

/** Elements of an array of documents, undecoded. */
export function documentsAt(doc: Buffer, element: Element): Buffer[] {
  const array = documentAt(doc, element);
  return [...elements(array)].filter(({ type }) => type === TYPE.document).map((entry) => documentAt(array, entry));
}

/** The document with these fields added at its end; raw values are taken as they are. */
export function append(doc: Buffer, extra: BSON.Document): Buffer {
  const tail = encode(extra);
  const out = Buffer.concat([doc.subarray(0, -1), tail.subarray(4)]);
  out.writeInt32LE(out.length, 0);
  return out;
}

export function encode(doc: BSON.Document): Buffer {
  return Buffer.from(BSON.serialize(doc, { ignoreUndefined: true }));
}

export function decode(doc: Buffer): BSON.Document {
  return BSON.deserialize(doc, { promoteBuffers: false });
}

/** Splits bytes that are documents one after the other, as in a document sequence. */
export function splitDocuments(bytes: Buffer): Buffer[] {
  const documents: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = at + 4 <= bytes.length ? bytes.readInt32LE(at) : 0;
    if (length < 5 || at + length > bytes.length)
      throw new MalformedMessage('a document sequence does not end where it says');
    documents.push(bytes.subarray(at, at + length));
    at += length;
  }
  return documents;
}
