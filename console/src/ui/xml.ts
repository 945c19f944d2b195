// TwiML cut into its tokens, and laid out to be read: one element a line, each below what it is in.

import { phone } from "./phone";

export type Token = { kind: "tag" | "name" | "value" | "text" | "space"; text: string };

type Node = { open: string; attributes: [name: string, value: string][]; children: Node[] } | string;

const LINE_MAX = 92;

/** The document as lines of tokens. What cannot be read is one line of text. */
export function laidOut(xml: string): Token[][] {
  const nodes = read(xml);
  if (nodes === undefined) return [[{ kind: "text", text: xml }]];
  return nodes.flatMap((node) => lines(node, 0));
}

/** The document as text, laid out. */
export function pretty(xml: string): string {
  return laidOut(xml)
    .map((line) => line.map((token) => token.text).join(""))
    .join("\n");
}

function read(xml: string): Node[] | undefined {
  const root: Node[] = [];
  const open: Exclude<Node, string>[] = [];
  const here = () => open.at(-1)?.children ?? root;
  const pieces = /<\?[^?]*\?>|<\/([\w:]+)\s*>|<([\w:]+)((?:\s+[\w:-]+="[^"]*")*)\s*(\/?)>|([^<]+)/gy;
  while (pieces.lastIndex < xml.length) {
    const piece = pieces.exec(xml);
    if (piece === null) return undefined;
    const [, closes, opens, attributes = "", empty, text] = piece;
    if (closes !== undefined) {
      if (open.pop()?.open !== closes) return undefined;
    } else if (opens !== undefined) {
      const node = { open: opens, attributes: attributesOf(attributes), children: [] };
      here().push(node);
      if (empty !== "/") open.push(node);
    } else if (text !== undefined && text.trim() !== "") {
      here().push(text.trim());
    }
  }
  return open.length === 0 ? root : undefined;
}

function attributesOf(text: string): [string, string][] {
  return [...text.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]);
}

function lines(node: Node, depth: number): Token[][] {
  const space: Token = { kind: "space", text: "  ".repeat(depth) };
  if (typeof node === "string") return [[space, { kind: "text", text: node }]];
  const { open, attributes, children } = node;
  const closing: Token = { kind: "tag", text: `</${open}>` };
  const end: Token = { kind: "tag", text: children.length === 0 ? "/>" : ">" };
  const begin: Token[] = [space, { kind: "tag", text: `<${open}` }];
  const short = attributes.flatMap(([name, value]) => spelled(" ", name, value));
  const isShort = width([...begin, ...short, end]) <= LINE_MAX || attributes.length < 2;
  const head: Token[][] = isShort
    ? [[...begin, ...short, end]]
    : [begin, ...attributes.map(([name, value]) => spelled(`${space.text}    `, name, value))];
  if (!isShort) head.at(-1)?.push(end);
  if (children.length === 0) return head;
  const [only] = children;
  if (children.length === 1 && typeof only === "string") {
    head.at(-1)?.push({ kind: "text", text: only }, closing);
    return head;
  }
  return [...head, ...children.flatMap((child) => lines(child, depth + 1)), [space, closing]];
}

function spelled(before: string, name: string, value: string): Token[] {
  return [
    { kind: "space", text: before },
    { kind: "name", text: `${name}=` },
    { kind: "value", text: `"${value}"` },
  ];
}

function width(tokens: Token[]): number {
  return tokens.reduce((sum, token) => sum + token.text.length, 0);
}

/** What an answer does, in a sentence for people; nothing where it is none we give. */
export function gist(xml: string): string | undefined {
  const response = read(xml)?.find((node) => typeof node !== "string");
  if (response === undefined || typeof response === "string") return undefined;
  const deeds = response.children.flatMap((node) => (typeof node === "string" ? [] : [deed(node)]));
  const said = deeds.filter((one) => one !== undefined);
  return said.length === 0 ? undefined : sentence(said);
}

function deed({ open, attributes, children }: Exclude<Node, string>): string | undefined {
  const of = (name: string) => attributes.find(([known]) => known === name)?.[1];
  switch (open) {
    case "Say":
      return `says “${plain(children.filter((child) => typeof child === "string").join(" "))}”`;
    case "Play":
      return "plays a recording";
    case "Record":
      return of("maxLength") === undefined ? "records" : `records up to ${lasts(Number(of("maxLength")))}`;
    case "Hangup":
      return "hangs up";
    case "Reject":
      return "gives a busy signal";
    case "Redirect":
      return "hands the call over";
    case "Gather":
      return "asks for a key";
    case "Pause":
      return undefined;
    case "Dial": {
      const whom = children.flatMap((child) => (typeof child === "string" ? [child] : child.children));
      const named = whom
        .filter((one) => typeof one === "string")
        .map((one) => unbroken(phone(plain(one).replace(/[?;].*$/, ""))));
      const long = of("timeout");
      return `rings ${named.join(", ")}${long === undefined ? "" : ` for ${long} s`}`;
    }
    default:
      return undefined;
  }
}

function sentence(deeds: string[]): string {
  const text = deeds.length > 1 ? `${deeds.slice(0, -1).join(", ")}, then ${deeds.at(-1)}` : (deeds[0] ?? "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lasts(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** A number stays on its line. */
function unbroken(text: string): string {
  return text.replaceAll(" ", "\u00a0");
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}
