// Draws the main screens, from a patchbay that has something to show: `node screenshots.mjs FOLDER`.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { Bay } from "./bay.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** As much of a screen as is needed to see what it is for. */
const HEIGHT = { availability: 1180 };

/** Until pictures that follow the data have followed. */
const SETTLED_MS = 900;

const WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday"];
const openDays = (...intervals) => ({
  ...Object.fromEntries(WEEK.map((day) => [day, intervals.map(([open, close]) => ({ open, close }))])),
  saturday: { open: "10:00", close: "14:00" },
});

const BUSINESSES = [
  {
    name: "Smile Dental",
    availability: {
      mode: "combined",
      afterHours: {
        enabled: true,
        businessHours: {
          schedule: openDays(["08:30", "12:30"], ["13:30", "17:30"]),
          holidays: ["--12-25", "--12-26", "--01-01"],
        },
      },
      highVolume: { enabled: true, threshold: 3 },
      fallback: { type: "voicemail" },
    },
  },
  { name: "Acme Pizza", availability: { mode: "overflow-only", highVolume: { enabled: true, threshold: 2 }, fallback: { type: "busy-signal" } } },
  { name: "Corner Garage", availability: { mode: "disabled", fallback: { type: "voicemail" } } },
  { name: "Harbour Vet", availability: { mode: "always", fallback: { type: "voicemail" } } },
  { name: "Bella Napoli", availability: { mode: "always", fallback: { type: "voicemail" } } },
];

/** Callers of nobody, so that lists do not look alike. */
const CALLERS = ["+14165550111", "+14165550127", "+16475550138", "+12125550164", "+13125550109", "+12055550171"];

async function furnish(bay) {
  const made = [];
  for (const business of BUSINESSES) made.push(await bay.tenant(business));
  for (const [round, to] of [...made, ...made, ...made].entries()) {
    const from = CALLERS[round % CALLERS.length];
    await bay.walk(to.number, "--from", from, "--caller", "speak:14");
  }
  // Some that are still under way.
  for (const [place, from] of CALLERS.slice(0, 4).entries()) await bay.call({ to: made[place % made.length].number, from });
  await bay.until("everything is kept", async () => (await bay.api("GET", "/api/calls?limit=200")).data.length >= 19);
  const past = (await bay.api("GET", `/api/calls?tenantId=${made[0].id}`)).data;
  return { tenant: made[0], call: past.at(-1).sid };
}

async function main(folder) {
  mkdirSync(folder, { recursive: true });
  const bay = await Bay.start("screenshots");
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    const { tenant, call } = await furnish(bay);
    const screens = {
      today: "/",
      tenants: "/tenants",
      overview: `/tenants/${tenant.id}`,
      availability: `/tenants/${tenant.id}/availability`,
      "what-if": `/tenants/${tenant.id}/what-if`,
      numbers: "/numbers",
      connect: `/tenants/${tenant.id}/connect`,
      call: `/calls/${call}`,
      voicemails: "/voicemails",
      check: "/check",
    };
    for (const theme of ["light", "dark"]) {
      const context = await browser.newContext({
        colorScheme: theme,
        locale: "en-US",
        timezoneId: "America/Toronto",
      });
      await context.request.post(`${bay.url}/api/session`, { data: { token: bay.operator } });
      const page = await context.newPage();
      for (const [name, path] of Object.entries(screens)) {
        await page.setViewportSize({ width: 1280, height: HEIGHT[name] ?? 860 });
        await page.goto(bay.url + path);
        await page.getByRole("heading", { level: 1 }).first().waitFor();
        await page.waitForTimeout(SETTLED_MS);
        await page.screenshot({ path: join(folder, theme === "light" ? `${name}.png` : `${name}-dark.png`) });
      }
      await context.close();
    }
  } finally {
    await browser.close();
    await bay.stop();
  }
}

await main(process.argv[2] ?? "docs/screens");
