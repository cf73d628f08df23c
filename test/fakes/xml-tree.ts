/** An element of a document that tests look into. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const TOKEN = /<\?xml [^?]*\?>|<\/([\w-]+)>|<([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
const ENTITY = /&(?:amp|lt|gt|quot|apos|#\d+);/g;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads the part of XML 1.0 that reports are written in, and nothing else: an open or crossed element, a bare `&` or `<`, a
 * second root or a character that XML cannot carry is an error.
 */
export function parseXml(source: string): XmlElement {
  // eslint-disable-next-line no-control-regex -- what XML 1.0 forbids
  const forbidden = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.exec(source);
  if (forbidden || !source.isWellFormed()) throw new SyntaxError('a character that XML cannot carry');
  const root = { name: '', attributes: {}, children: [] as XmlElement[], text: '' };
  const open: { name: string; attributes: Record<string, string>; children: XmlElement[]; text: string }[] = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(source);
    const top = open.at(-1);
    if (!token || !top) throw new SyntaxError(`not well-formed at ${source.slice(at, at + 40)}`);
    const [, closes, opens, attributes = '', isEmpty, text] = token;
    if (closes !== undefined) {
      if (top.name !== closes) throw new SyntaxError(`</${closes}> inside <${top.name}>`);
      open.pop();
    } else if (opens !== undefined) {
      const element = { name: opens, attributes: attributesOf(attributes), children: [], text: '' };
      top.children.push(element);
      if (isEmpty === '') open.push(element);
    } else if (text !== undefined) top.text += decoded(text);
  }
  const [only, second] = root.children;
  if (open.length !== 1 || !only || second || root.text.trim() !== '') throw new SyntaxError('no single root');
  return only;
}

function attributesOf(source: string): Record<string, string> {
  const pairs = [...source.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, decoded(value)]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

function decoded(text: string): string {
  if (text.replaceAll(ENTITY, '').includes('&')) throw new SyntaxError(`a bare & in ${text.slice(0, 40)}`);
  return text.replaceAll(ENTITY, (entity) => {
    const name = entity.slice(1, -1);
    return name.startsWith('#') ? String.fromCodePoint(Number(name.slice(1))) : (NAMED[name] ?? '');
  });
}
