// Reads TwiML strictly: what is not balanced, quoted and in one <Response> is none.

const PIECE = /<(\/?)([A-Za-z]+)((?:\s+[A-Za-z]+="[^"<]*")*)\s*(\/?)>|[^<]+/y;
const ATTRIBUTE = /([A-Za-z]+)="([^"]*)"/g;
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const plain = (text) => text.replace(/&([a-z]+);/g, (_, name) => NAMED[name]);

// The verbs of a document, in order, or null. A verb is {name, attributes, children}.
export function verbs(text) {
  if (!text || !text.startsWith(HEAD)) return null;
  const top = { children: [] };
  const open = [top];
  PIECE.lastIndex = HEAD.length;
  while (PIECE.lastIndex < text.length) {
    const piece = PIECE.exec(text);
    if (piece === null) return null;
    const [, closes, name, attributes, empty] = piece;
    if (name === undefined) continue;
    if (closes) {
      if (open.length === 1 || open.pop().name !== name) return null;
      continue;
    }
    const element = { name, attributes: {}, children: [] };
    for (const [, key, value] of (attributes || '').matchAll(ATTRIBUTE)) element.attributes[key] = plain(value);
    open[open.length - 1].children.push(element);
    if (!empty) open.push(element);
  }
  const [response, ...others] = top.children;
  return open.length === 1 && others.length === 0 && response && response.name === 'Response'
    ? response.children
    : null;
}
