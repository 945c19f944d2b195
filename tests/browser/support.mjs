// Promises kept in a browser: each test opens pages of the real binary in headless Chromium. A page that breaks its
// policy, asks elsewhere, or throws fails the promise it was opened for.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { Bay } from "./bay.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** A promise takes seconds, on a busy machine a minute; one that takes longer is broken. */
const PROMISE_MS = 150_000;
/** What a page may still be doing when something is expected of it. */
export const PATIENCE_MS = 20_000;

let bay;
let browser;
let open = [];

before(async () => {
  bay = await Bay.start(basename(process.argv[1], ".test.mjs"));
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
});

after(async () => {
  await browser?.close();
  await bay?.stop();
});

/** One promise of the console, with a patchbay that all promises of its file share. */
export function promise(name, keep) {
  test(name, { timeout: PROMISE_MS }, async () => {
    const faults = [];
    const visitor = { bay, faults, open: (path, as) => visit(path, faults, as), axe };
    try {
      await keep(visitor);
      assert.deepEqual(faults, [], "the page stayed within its policy and threw nothing");
    } catch (error) {
      await picture(name);
      throw error;
    } finally {
      await Promise.all(open.map((context) => context.close()));
      open = [];
    }
  });
}

/** Opens a page as somebody: the operator, or whoever holds `token`; signed in unless told otherwise. */
async function visit(path, faults, { token = bay.operator, theme = "light", phone = false, signedIn = true } = {}) {
  const context = await browser.newContext({
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 900 },
    hasTouch: phone,
    colorScheme: theme,
    locale: "en-US",
    timezoneId: "Europe/Helsinki",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  open.push(context);
  context.setDefaultTimeout(PATIENCE_MS);
  if (signedIn) {
    const session = await context.request.post(`${bay.url}/api/session`, { data: { token } });
    assert.equal(session.status(), 200, await session.text());
  }
  const page = await context.newPage();
  watch(page, faults);
  await page.goto(bay.url + path);
  return page;
}

function watch(page, faults) {
  page.on("pageerror", (error) => faults.push(`thrown: ${error.message}`));
  page.on("console", (message) => {
    // What was refused, or could not be reached, the browser says by itself; the page shows it, and tests look there.
    const isNews = message.type() === "error" && !message.text().startsWith("Failed to load resource");
    if (isNews) faults.push(`said: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== bay.url && !["blob:", "data:"].includes(url.protocol)) faults.push(`asked elsewhere: ${url.origin}`);
  });
}

/** Nothing that the rules of WCAG 2.2 AA forbid, as far as a program can tell. */
async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate((rules) => window.axe.run(document, { runOnly: rules }), RULES);
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
  assert.deepEqual(told, [], `axe on ${page.url()}`);
}

/** What a broken promise looked like, kept beside the logs. */
async function picture(name) {
  const place = process.env.PATCHBAY_TEST_OUTPUT;
  if (place === undefined) return;
  const pages = open.flatMap((context) => context.pages());
  for (const [index, page] of pages.entries()) {
    const file = `${place}/${name.replaceAll(/\W+/g, "-").slice(0, 60)}-${index}.png`;
    await page.screenshot({ path: file, fullPage: true }).catch(() => {});
  }
}
