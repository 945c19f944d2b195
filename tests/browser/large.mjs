// How quick the screens are over a large store, by hand: `node tests/browser/large.mjs large.db`, where the file is what
// `examples/large_store.rs` builds. Prints a row a screen: from the address to the first row, by the clock, several times; and what the search takes to answer.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { Bay } from "./bay.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const TIMES = 7;

/** The key invented for such stores. */
const KEY = Buffer.alloc(32, 7).toString("base64");

/** Where to go, and what must be there before it counts as shown. */
const SCREENS = {
  Today: ["/", (page) => page.getByRole("heading", { name: "The last hour" })],
  Tenants: ["/tenants", (page) => page.locator("main tbody tr").first()],
  "Tenants, a word in the middle": ["/tenants?q=dogwood", (page) => page.locator("main tbody tr").first()],
  Numbers: ["/numbers", (page) => page.locator("main tbody tr").first()],
  Calls: ["/calls", (page) => page.locator("main tbody tr").first()],
  "Calls, the last four digits": ["/calls?q=4242", (page) => page.locator("main tbody tr").first()],
  Voicemails: ["/voicemails?show=all", (page) => page.locator("main li, main tbody tr").first()],
  Audit: ["/audit", (page) => page.getByRole("list", { name: "Changes" }).getByRole("listitem").first()],
};

async function timed(deed) {
  const took = [];
  for (let time = 0; time < TIMES; time += 1) {
    const began = performance.now();
    await deed();
    took.push(performance.now() - began);
  }
  took.sort((one, other) => one - other);
  return { middle: took[Math.floor(took.length / 2)], worst: took.at(-1) };
}

function tell(name, { middle, worst }) {
  console.log(`| ${name} | ${Math.round(middle)} | ${Math.round(worst)} |`);
}

async function main(file) {
  const bay = await Bay.start("large", { store: (scratch) => copyFileSync(file, join(scratch, "patchbay.db")), key: KEY });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    const context = await browser.newContext({ locale: "en-US" });
    await context.request.post(`${bay.url}/api/session`, { data: { token: bay.operator } });
    const page = await context.newPage();
    console.log("| screen | middle ms | worst ms |\n| --- | --- | --- |");
    for (const [name, [path, shown]] of Object.entries(SCREENS)) {
      tell(name, await timed(async () => {
        await page.goto(bay.url + path);
        await shown(page).waitFor();
      }));
    }
    for (const words of ["dogwood", "acme pizza elm", "4242", "nobody is called so"]) {
      const ask = () => context.request.get(`${bay.url}/api/search`, { params: { q: words } });
      tell(`the search: “${words}”`, await timed(ask));
    }
  } finally {
    await browser.close();
    await bay.stop();
  }
}

await main(process.argv[2]);
