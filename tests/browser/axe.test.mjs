// Every screen in both themes and on a phone: nothing that WCAG 2.2 AA forbids, nothing wider than the page, nobody
// else asked, no policy broken. The screens are those of routes.tsx: a new one is looked at without being named here.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { promise } from "./support.mjs";

const ROUTES = readFileSync(new URL("../../console/src/app/routes.tsx", import.meta.url), "utf8");
const PATH = /\["([^"]*)",(?: "[^"]*",)? lazy\(/g;
const [SCREENS, OF_TENANT] = ROUTES.split("const TENANT_SCREENS").map((part) => [...part.matchAll(PATH)].map(([, path]) => path));

/** One of everything a screen is about. */
async function seed(bay) {
  const org = await bay.api("POST", "/api/orgs", { name: "Acme Reception Services" });
  await bay.api("PUT", `/api/orgs/${org.id}/billing`, { status: "verified" });
  await bay.api("PUT", `/api/orgs/${org.id}/twilio`, { accountSid: "AC00000000000000000000000000000002", authToken: "invented" });
  const tenant = await bay.tenant({ name: "Smile Dental" });
  const availability = {
    mode: "combined",
    afterHours: {
      enabled: true,
      businessHours: {
        timezone: "America/Toronto",
        schedule: { monday: { open: "09:00", close: "17:00" }, friday: { open: "09:00", close: "12:30" } },
        holidays: ["2026-12-25"],
      },
    },
    highVolume: { enabled: true, threshold: 3 },
    customSchedule: { enabled: true, rules: [{ dayOfWeek: 1, startTime: "12:00", endTime: "13:00", action: "enable" }] },
    fallback: { type: "voicemail" },
  };
  await bay.api("PUT", `/api/tenants/${tenant.id}/availability`, availability);
  const { sid } = await bay.call({ to: tenant.number });
  const voicemail = await bay.call({ to: tenant.number, from: "+14165550112" });
  await bay.webhook("/api/twilio/voicemail", {
    AccountSid: "AC00000000000000000000000000000001",
    CallSid: voicemail.sid,
    RecordingSid: "RE00000000000000000000000000000001",
    RecordingUrl: `${bay.behind}/recordings/RE00000000000000000000000000000001`,
    RecordingStatus: "completed",
    RecordingDuration: "12",
    To: tenant.number,
    From: "+14165550112",
  });
  await bay.api("POST", "/api/tenants", { name: "Corner Garage", orgId: org.id, country: "US", assignPhone: true });
  const job = await bay.until("a job", async () => (await bay.api("GET", "/api/jobs")).data[0]);
  await bay.token(`tenant:${tenant.id}`);
  const webhook = await bay.api("POST", "/api/webhooks", { url: "https://hooks.example.com/patchbay", events: ["call.ended"] });
  await bay.api("POST", `/api/webhooks/${webhook.id}/test`);
  await bay.until("the call is kept", async () => (await bay.api("GET", `/api/calls?tenantId=${tenant.id}`)).data.length > 1);
  const ids = { "/calls": sid, "/jobs": job.id, "/organizations": org.id, "/webhooks": webhook.id };
  return [
    ...SCREENS.map((path) => path.replace(/^(.*)\/:id$/, (_, list) => `${list}/${ids[list]}`)),
    ...OF_TENANT.map((tab) => `/tenants/${tenant.id}${tab}`),
  ];
}

let paths;

/** Long enough for whatever a screen asks for at first; what streams never rests. */
async function settled(page) {
  await page.locator("main h1").first().waitFor();
  await page.locator(".loading").first().waitFor({ state: "detached" });
  await page.waitForTimeout(150);
}

/** Each theme once and each width once; PATCHBAY_SCREENS=all tries each theme at each width. */
const WAYS = [
  ["in light", { theme: "light" }],
  ["on a phone in the dark", { theme: "dark", phone: true }],
  ["in dark", { theme: "dark" }],
  ["on a phone", { theme: "light", phone: true }],
].slice(0, process.env.PATCHBAY_SCREENS === "all" ? 4 : 2);

for (const [name, as] of WAYS) {
  promise(`axe finds nothing on any screen ${name}, and no page is wider than its window`, async ({ bay, open, axe }) => {
    paths ??= await seed(bay);
    assert.ok(paths.length >= 20 && paths.every((path) => !path.includes(":id") && !path.includes("undefined")), paths.join(" "));
    const page = await open(paths[0], as);
    const amiss = [];
    for (const path of paths) {
      await page.goto(bay.url + path);
      await settled(page).catch(() => amiss.push(`${path} shows no heading, or loads for ever`));
      await axe(page).catch((error) => amiss.push(`${path}: ${error.message}`));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (over > 0) amiss.push(`${path} is ${over} px wider than its window`);
      assert.ok((await page.title()).includes("patchbay"), `${path} names its tab`);
    }
    assert.deepEqual(amiss, []);
  });
}
