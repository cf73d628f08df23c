import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BSON, type Db } from 'mongodb';

/** Looks for secrets in everything that a server leaves behind: as they are, inside JSON, and in the usual encodings. */
export class SecretSearch {
  readonly #forms: { readonly name: string; readonly text: string }[] = [];

  /** @param secrets name → value; the name is what a finding tells */
  constructor(secrets: Readonly<Record<string, string>>) {
    for (const [name, value] of Object.entries(secrets)) {
      const inner = (text: string): string => JSON.stringify(text).slice(1, -1);
      const forms = [value, inner(value), inner(inner(value)), encodeURIComponent(value)];
      const encoded = [0, 1, 2].map((offset) => inBase64(value, offset));
      for (const text of new Set([...forms, ...encoded])) this.#forms.push({ name, text });
    }
  }

  /** Names of the secrets that the text holds. */
  in(text: string): string[] {
    return [...new Set(this.#forms.filter((form) => text.includes(form.text)).map(({ name }) => name))];
  }

  /** Place → secrets, for every collection of the database. */
  async inDatabase(db: Db): Promise<Record<string, string[]>> {
    const found: Record<string, string[]> = {};
    const collections = await db.listCollections({}, { nameOnly: true }).toArray();
    for (const { name } of collections) {
      const held = new Set<string>();
      for await (const document of db.collection(name).find()) {
        for (const secret of this.in(BSON.EJSON.stringify(document))) held.add(secret);
      }
      if (held.size > 0) found[name] = [...held].sort();
    }
    return found;
  }

  /** File → secrets, for everything below the folder. */
  inFolder(folder: string): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const held = this.in(readFileSync(file, 'latin1'));
      if (held.length > 0) found[file] = held;
    }
    return found;
  }
}

/** What of the base64 of a longer text is sure when the value stands in it at this offset of a group of three bytes. */
function inBase64(value: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]);
  const text = bytes.toString('base64');
  return text.slice(offset === 0 ? 0 : 4, Math.floor(bytes.length / 3) * 4);
}
