// A whole patchbay for one file of tests: the binary, the simulated providers behind it, and Twilio's part of a call.
import { spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PATCHBAY = process.env.PATCHBAY_BINARY ?? "target/debug/patchbay";
const PATIENCE_MS = 30_000;
const OPERATOR = "an-invented-operator-token";
export const ACCOUNT = "AC00000000000000000000000000000001";
const AUTH_TOKEN = "an-invented-auth-token";
/** Numbers of nobody, one for each tenant a file makes. */
const FIRST_NUMBER = 12055550100;

/** A process that says in a line of its log where it answers; ended by its own id. */
class Started {
  constructor(words, env, log, goesOn = false) {
    const out = openSync(log, goesOn ? "a" : "w");
    this.log = log;
    // What an earlier run wrote is not what this one says.
    this.from = statSync(log).size;
    this.process = spawn(PATCHBAY, words, { env, stdio: ["ignore", out, out] });
    closeSync(out);
    this.ended = new Promise((resolve) => this.process.once("exit", resolve));
  }

  async line(holding) {
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline && this.process.exitCode === null) {
      // The last piece is a line that is not written to its end yet, or nothing.
      const lines = readFileSync(this.log).subarray(this.from).toString().split("\n").slice(0, -1);
      const found = lines.find((line) => line.includes(holding));
      if (found !== undefined) return found;
      await sleep(20);
    }
    throw new Error(`it does not say ${holding}:\n${readFileSync(this.log, "utf8")}`);
  }

  async stop(signal = "SIGTERM") {
    this.process.kill(signal);
    await this.ended;
  }
}

export class Bay {
  /** `store` lays a database of its own into the folder, sealed by `key`. */
  static async start(name, { store, key } = {}) {
    const bay = new Bay();
    if (key !== undefined) bay.more = { PATCHBAY_SECRETS__KEY: key };
    bay.scratch = mkdtempSync(join(tmpdir(), "patchbay-browser-"));
    store?.(bay.scratch);
    const logs = process.env.PATCHBAY_TEST_OUTPUT ?? bay.scratch;
    mkdirSync(logs, { recursive: true });
    bay.logs = (what) => join(logs, `browser-${name}-${what}.log`);
    bay.simulator = new Started(["sim", "--listen", "127.0.0.1:0"], {}, bay.logs("sim"));
    bay.behind = (await bay.simulator.line("simulated at")).split(" ").at(-1);
    await bay.serve("127.0.0.1:0", "127.0.0.1:0");
    return bay;
  }

  async serve(edge, admin) {
    const env = {
      PATH: process.env.PATH,
      TWILIO_ACCOUNT_SID: ACCOUNT,
      TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      VAPI_API_KEY: "an-invented-api-key",
      VAPI_WEBHOOK_SECRET: "an-invented-webhook-secret",
      PATCHBAY_EDGE__LISTEN: edge,
      PATCHBAY_ADMIN__LISTEN: admin,
      PATCHBAY_ADMIN__TOKEN: OPERATOR,
      PATCHBAY_STORE__URL: `sqlite:${this.scratch}/patchbay.db`,
      PATCHBAY_SPOOL__DIR: `${this.scratch}/spool`,
      PATCHBAY_TWILIO__API_BASE: this.behind,
      PATCHBAY_VAPI__API_BASE: this.behind,
      PATCHBAY_SIP__DOMAIN: "calls.sip.twilio.com",
      PATCHBAY_LOG__FORMAT: "json",
      ...this.more,
    };
    this.env = env;
    this.server = new Started(["serve"], env, this.logs("server"), this.server !== undefined);
    const said = JSON.parse(await this.server.line("patchbay answers calls"));
    this.edge = said.edge;
    this.admin = said.admin;
    this.url = `http://${said.admin}`;
  }

  /** Ends the server and starts it anew at the same addresses. */
  async restart({ after = async () => {} } = {}) {
    await this.server.stop();
    await after();
    await this.serve(this.edge, this.admin);
  }

  async stop() {
    await this.server.stop();
    await this.simulator.stop();
    rmSync(this.scratch, { recursive: true, force: true });
  }

  /** Asks the admin API; anything but success is an error that says what was answered. */
  async api(method, path, body, token = OPERATOR) {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const answer = await fetch(this.url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  get operator() {
    return OPERATOR;
  }

  /** A token that opens no more than `role`. */
  async token(role, access = "write") {
    return (await this.api("POST", "/api/tokens", { name: `for ${role.split(":")[0]}`, role, access })).secret;
  }

  /** A business with an assistant and a number of its own that leads here. */
  async tenant({ name, availability, ...more }) {
    this.made = (this.made ?? 0) + 1;
    const tenant = await this.api("POST", "/api/tenants", {
      name,
      timezone: "America/Toronto",
      country: "CA",
      target: { kind: "assistant", id: "front-desk" },
      connect: { via: "sip", sipUri: `sip:desk-${this.made}@sip.vapi.ai` },
      ...more,
    });
    const number = `+${FIRST_NUMBER + this.made}`;
    const owned = await this.api("POST", "/api/numbers/owned", { e164: number, tenantId: tenant.id, accountSid: ACCOUNT });
    if (availability !== undefined) await this.api("PUT", `/api/tenants/${tenant.id}/availability`, availability);
    return { id: tenant.id, slug: tenant.slug, name, number, numberId: owned.id };
  }

  /**
   * What Twilio would hear first if somebody called now. On a busy machine a lookup may take longer than the edge waits
   * for one: the caller hears of trouble, hangs up and calls again.
   */
  async call({ to, from = "+14165550111", sid, tries = 4 }) {
    const callSid = sid ?? `CA${randomBytes(16).toString("hex")}`;
    const twiml = await this.webhook("/api/twilio/voice", {
      CallSid: callSid,
      AccountSid: ACCOUNT,
      From: from,
      To: to,
      CallStatus: "ringing",
      Direction: "inbound",
      ApiVersion: "2010-04-01",
    });
    if (tries > 1 && sid === undefined && twiml.includes("having trouble")) {
      await this.hangUp(callSid, { to, from });
      return this.call({ to, from, tries: tries - 1 });
    }
    return { sid: callSid, twiml };
  }

  async hangUp(sid, { to = "+12055550100", from = "+14165550111", seconds = 30 } = {}) {
    const ended = { CallSid: sid, AccountSid: ACCOUNT, From: from, To: to, CallStatus: "completed", CallDuration: `${seconds}` };
    await this.webhook("/api/twilio/status", ended);
  }

  /** Follows a call to its end, as `patchbay call` does: further words as that command takes them. */
  async walk(to, ...words) {
    const all = ["call", "--edge", `http://${this.edge}`, "--to", to, "--json", ...words];
    const caller = spawn(PATCHBAY, all, { env: this.env, stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    for await (const part of caller.stdout) said += part;
    return said.trim().split("\n").map((line) => JSON.parse(line));
  }

  async webhook(path, fields) {
    const url = `http://${this.edge}${path}`;
    const signed = url + Object.keys(fields).sort().map((key) => key + fields[key]).join("");
    const signature = createHmac("sha1", AUTH_TOKEN).update(signed).digest("base64");
    const headers = { "X-Twilio-Signature": signature };
    const answer = await fetch(url, { method: "POST", headers, body: new URLSearchParams(fields) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.text();
  }

  /** Waits until something holds. */
  async until(what, holds) {
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      const value = await holds();
      if (value) return value;
      await sleep(50);
    }
    throw new Error(`not in time: ${what}`);
  }
}
