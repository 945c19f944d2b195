// The URL Twilio calls beside the one patchbay takes it to be: where they part, character by character, and in words.
//
// Twilio signs the URL it was given, letter for letter. What differs by a slash has another signature.

export interface Piece {
  text: string;
  /** Stands in both at this place. */
  same: boolean;
}

export type Part = "scheme" | "user" | "host" | "port" | "path" | "blank" | "whole";

export interface Finding {
  part: Part;
  what: string;
  todo: string;
}

interface Comparison {
  findings: Finding[];
  called: Piece[];
  expected: Piece[];
  /** What differs and does not matter. */
  harmless: string[];
}

/** The paths Twilio is to call. */
const PATHS = [
  "/api/twilio/voice",
  "/api/twilio/sip",
  "/api/twilio/next",
  "/api/twilio/refer",
  "/api/twilio/status",
  "/api/twilio/voicemail",
  "/api/twilio/voicemail/done",
  "/api/twilio/transcription",
  "/api/twilio/fallback",
  "/api/twilio/porting",
];

interface Url {
  scheme: string;
  user: string;
  host: string;
  port: string;
  path: string;
  query: string;
  fragment: string;
}

const URL_PARTS =
  /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#@]*)@)?(\[[^\]]*\]|[^/?#:]*)(?::([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/i;

/** Not the browser's own reading: that one mends what is to be seen here. */
function parse(raw: string): Url | undefined {
  const found = URL_PARTS.exec(raw);
  if (found === null) return undefined;
  const [, scheme = "", user = "", host = "", port = "", path = "", query = "", fragment = ""] = found;
  return { scheme, user, host, port, path, query, fragment };
}

const DEFAULT_PORTS: Record<string, string> = { https: "443", http: "80" };

/** `base` is one of the public URLs. */
export function compare(raw: string, base: string): Comparison {
  const trimmed = raw.trim();
  const findings: Finding[] = [];
  const harmless: string[] = [];
  if (trimmed !== raw && trimmed !== "") {
    findings.push({
      part: "blank",
      what: "There is a blank before or after it.",
      todo: "If it stands so at Twilio, take it away there; if it only came along with the copying, it does not matter.",
    });
  }
  const [called, ours] = [parse(trimmed), parse(base)];
  if (called === undefined || ours === undefined) {
    findings.push({
      part: "whole",
      what: "This is no whole URL.",
      todo: "Take it from the start, with https:// in front.",
    });
    return { findings, harmless, ...sideBySide(trimmed, base) };
  }
  const prefix = ours.path.replace(/\/+$/, "");
  const path = prefix + nearestPath(called.path, prefix);
  compareScheme(called, ours, findings);
  compareHost(called, ours, findings);
  const port = comparePort(called, ours, findings, harmless);
  comparePath(called.path, path, prefix, findings);
  if (called.query !== "") harmless.push("What stands behind ? is signed as it is called: it needs to fit nothing.");
  if (called.fragment !== "") harmless.push("What stands behind # is neither sent nor signed.");
  const expected = `${ours.scheme.toLowerCase()}://${ours.host.toLowerCase()}${port === "" ? "" : `:${port}`}${path}`;
  return { findings, harmless, ...sideBySide(withoutRest(trimmed), expected) };
}

function withoutRest(url: string): string {
  return url.replace(/[?#].*$/, "");
}

function compareScheme(called: Url, ours: Url, findings: Finding[]) {
  if (called.scheme === ours.scheme.toLowerCase()) return;
  const both = `Twilio calls by ${called.scheme}, and patchbay takes it to be ${ours.scheme}.`;
  const todo =
    called.scheme.toLowerCase() === "http"
      ? "Write https into the URL at Twilio. What comes by http can be read on the way."
      : "Something in front ends TLS: put the https URL into edge.public_url.";
  findings.push({ part: "scheme", what: both, todo });
}

function compareHost(called: Url, ours: Url, findings: Finding[]) {
  const host = ours.host.toLowerCase();
  if (called.user !== "") {
    findings.push({
      part: "user",
      what: "A user name or password stands before the host.",
      todo: "Take it out of the URL at Twilio: patchbay asks for none.",
    });
  }
  if (called.host === host) return;
  const todo = "Write the host of the public URL at Twilio, or the one Twilio calls into edge.public_url.";
  const lower = called.host.toLowerCase();
  if (lower === host) {
    findings.push({
      part: "host",
      what: "The hosts differ in upper and lower case only.",
      todo: "Write it in lower case at Twilio.",
    });
  } else if (lower === `www.${host}` || host === `www.${lower}`) {
    findings.push({ part: "host", what: "The hosts differ by “www.” in front.", todo });
  } else if (lower === `${host}.`) {
    findings.push({ part: "host", what: "The host ends in a dot.", todo: "Take the dot away at Twilio." });
  } else {
    findings.push({ part: "host", what: `Twilio calls ${called.host}, and the public URL is at ${host}.`, todo });
  }
}

/** The port as it is expected in the URL. The usual one may stand there or not: both signatures are taken. */
function comparePort(called: Url, ours: Url, findings: Finding[], harmless: string[]): string {
  const usual = DEFAULT_PORTS[ours.scheme.toLowerCase()] ?? "";
  const wanted = ours.port === "" ? usual : ours.port;
  const given = called.port === "" ? (DEFAULT_PORTS[called.scheme.toLowerCase()] ?? "") : called.port;
  // Twilio leaves the port out over https, whatever it is.
  if (given === wanted || called.port === "") {
    if (called.port !== ours.port)
      harmless.push("The port stands in one of them only. Both ways of signing it are taken.");
    return called.port;
  }
  if (given === (DEFAULT_PORTS[called.scheme.toLowerCase()] ?? "") && wanted === usual) {
    // It is the scheme that differs, and that is said.
    return called.port;
  }
  findings.push({
    part: "port",
    what: `Twilio calls port ${given}, and the public URL has ${wanted}.`,
    todo: "Write the same port in both: at Twilio, or in edge.public_url. A port that only stands behind a proxy belongs in neither.",
  });
  return ours.port;
}

function comparePath(called: string, expected: string, prefix: string, findings: Finding[]) {
  if (called === expected) return;
  const add = (what: string, todo: string) => findings.push({ part: "path", what, todo });
  if (called.length > 1 && called.endsWith("/")) {
    add("There is a slash at the end.", "Take the slash at the end away at Twilio.");
    comparePath(called.replace(/\/+$/, ""), expected, prefix, findings);
    return;
  }
  if (prefix !== "" && !called.startsWith(`${prefix}/`)) {
    add(
      `The public URL begins its path with ${prefix}, and what Twilio calls does not.`,
      `Put ${prefix} in front of the path at Twilio, or take it out of edge.public_url.`,
    );
    return;
  }
  if (called.replace(/\/{2,}/g, "/") === expected) {
    add("There are two slashes where one belongs.", "Take one away at Twilio; often the base ended in one already.");
  } else if (called.toLowerCase() === expected.toLowerCase()) {
    add("The paths differ in upper and lower case.", "Write the path in lower case at Twilio.");
  } else if (called === "" || called === "/") {
    add("There is no path.", `Put ${expected} behind the host at Twilio.`);
  } else if (called.endsWith(expected) || called.endsWith(expected.slice(prefix.length))) {
    const front = called.slice(0, called.length - expected.length + prefix.length);
    add(
      `The path begins with ${front}, which the public URL does not have.`,
      "If a proxy in front strips it, add it to edge.public_url; else take it out at Twilio.",
    );
  } else {
    add(`The path is ${called}; the nearest one patchbay has is ${expected}.`, `Write ${expected} at Twilio.`);
  }
}

/** Which of our paths was meant. */
function nearestPath(called: string, prefix: string): string {
  const meant = (prefix !== "" && called.startsWith(prefix) ? called.slice(prefix.length) : called).toLowerCase();
  let best = { path: PATHS[0] ?? "", cost: Number.POSITIVE_INFINITY };
  for (const path of PATHS) {
    const { one, other } = aligned(meant, path);
    const cost = [...one, ...other].reduce((sum, piece) => sum + (piece.same ? 0 : piece.text.length), 0);
    if (cost < best.cost) best = { path, cost };
  }
  return best.path;
}

function sideBySide(called: string, expected: string): Pick<Comparison, "called" | "expected"> {
  const { one, other } = aligned(called.slice(0, LENGTH_MAX), expected.slice(0, LENGTH_MAX));
  return { called: one, expected: other };
}

/** What is longer is no URL anybody compares by eye. */
const LENGTH_MAX = 400;

/** Two texts in pieces that stand in both, in the same order, and pieces that do not. */
function aligned(one: string, other: string): { one: Piece[]; other: Piece[] } {
  const width = other.length + 1;
  const longest = new Uint16Array((one.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      longest[i * width + j] = one[i] === other[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pieces: { one: Piece[]; other: Piece[] } = { one: [], other: [] };
  let [i, j] = [0, 0];
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) {
      push(pieces.one, one[i] ?? "", true);
      push(pieces.other, other[j] ?? "", true);
      i++;
      j++;
    } else if (j >= other.length || (i < one.length && at(i + 1, j) >= at(i, j + 1))) {
      push(pieces.one, one[i] ?? "", false);
      i++;
    } else {
      push(pieces.other, other[j] ?? "", false);
      j++;
    }
  }
  return pieces;
}

function push(pieces: Piece[], text: string, same: boolean) {
  const last = pieces.at(-1);
  if (last?.same === same) last.text += text;
  else pieces.push({ text, same });
}

/** The public URL that comes nearest to what is called. */
export function nearest(raw: string, bases: string[]): string | undefined {
  const unlike = (base: string) =>
    compare(raw, base).called.reduce((sum, piece) => sum + (piece.same ? 0 : piece.text.length), 0) +
    compare(raw, base).expected.reduce((sum, piece) => sum + (piece.same ? 0 : piece.text.length), 0);
  return bases.toSorted((one, other) => unlike(one) - unlike(other))[0];
}
