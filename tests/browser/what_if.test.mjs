// What the page foretells is what callers hear, and what would have been is counted, not guessed.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

const OPEN_ALWAYS = Object.fromEntries(
  ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].map((day) => [
    day,
    { open: "00:00", close: "24:00" },
  ]),
);

/** Staff answer around the clock; from three waiting callers on the AI helps. */
const STAFFED = {
  mode: "combined",
  afterHours: { enabled: true, businessHours: { schedule: OPEN_ALWAYS, holidays: ["--12-25"] } },
  highVolume: { enabled: true, threshold: 3 },
  fallback: { type: "voicemail", voicemailGreeting: "Smile Dental is with a patient." },
};

const decision = (page) => page.getByRole("region", { name: "The decision" });

/** Every tag and attribute, however they are laid out, and under whatever host the edge was called. */
const bare = (twiml) =>
  twiml
    .replace(/<\?xml.*?\?>/, "")
    .replaceAll(/\s+/g, "")
    .replaceAll(/https?:\/\/[^/"]+/g, "");

promise("what the page foretells is what the next call hears", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Smile Dental", availability: STAFFED });
  const page = await open(`/tenants/${tenant.id}`);
  await page.getByRole("navigation", { name: "Smile Dental" }).getByRole("link", { name: "What if" }).click();
  await decision(page).getByText("The AI does not answer").waitFor();
  await page.getByText("This settled it").waitFor();
  const steps = page.getByRole("list", { name: "The steps of the call" });
  await steps.getByText("Smile Dental is with a patient.").first().waitFor();
  if ((await steps.locator("details[open]").count()) === 0) await steps.getByText("TwiML").first().click();
  await steps.getByRole("button", { name: /^Copy the TwiML of step 1/ }).click();
  const foretold = bare(await page.evaluate(() => navigator.clipboard.readText()));
  await axe(page);

  const { sid, twiml } = await bay.call({ to: tenant.number });
  await bay.hangUp(sid);
  assert.equal(foretold, bare(twiml));
});

promise("a question is a link: whoever opens it sees the same answer", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Harbour Vet", availability: STAFFED });
  const page = await open(`/tenants/${tenant.id}/what-if`);
  await page.getByLabel("Who calls").fill("+14165550111");
  await page.getByRole("button", { name: "Next holiday" }).click();
  await decision(page).getByText("Outside business hours").waitFor();
  await decision(page).getByText("The AI answers").waitFor();
  await page.getByRole("button", { name: "At the threshold: 3" }).click();
  await page.waitForURL(/load=3/);
  await page.getByRole("button", { name: "Copy a link to this question" }).click();
  const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
  assert.match(link.searchParams.get("at"), /^\d{4}-12-25T11:00:00-05:00$/);

  const colleague = await open(link.pathname + link.search);
  await decision(colleague).getByText("+1 416 555 0111 calls").waitFor();
  await decision(colleague).getByText("3 others on the line").waitFor();
  assert.equal(await colleague.getByLabel("Date").inputValue(), link.searchParams.get("at").slice(0, 10));
});

promise("the load decides: below the threshold staff answer, at it the AI does", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Corner Garage", availability: STAFFED });
  const page = await open(`/tenants/${tenant.id}/what-if?load=2`);
  await decision(page).getByText("The AI does not answer").waitFor();
  await page.getByLabel("Others on the line, not with the AI").fill("3");
  await decision(page).getByText("As many callers as the threshold").waitFor();
  await decision(page).getByText("The AI answers").waitFor();
  await page.getByLabel("Others on the line, not with the AI").fill("2.5");
  await page.getByText("Give a whole number, or nothing").waitFor();
});

promise("past calls are replayed by settings that were never saved", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Acme Pizza", availability: { mode: "always" } });
  const page = await open(`/tenants/${tenant.id}/what-if?view=replay`);
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("No call was recorded in this time").waitFor();

  await bay.walk(tenant.number, "--from", "+14165550121");
  await bay.walk(tenant.number, "--from", "+14165550122");
  await bay.until("the calls are kept", async () => {
    const { data } = await bay.api("GET", `/api/calls?tenantId=${tenant.id}`);
    return data.length === 2;
  });
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("None of 2 calls would go elsewhere").waitFor();

  await page.getByText("Settings not saved").click();
  const settings = page.getByLabel("Settings, as JSON");
  await settings.fill('{"mode": "disabled"');
  await page.getByText("This is no JSON").waitFor();
  await settings.fill('{"mode": "sometimes"}');
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("These settings are not valid").waitFor();
  await page.getByText("/mode").waitFor();
  await settings.fill('{"mode": "disabled", "fallback": {"type": "voicemail"}}');
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("2 of 2 calls would go elsewhere").waitFor();
  const changes = page.getByRole("region", { name: "Calls that would go elsewhere" });
  await changes.getByText("The AI is switched off").first().waitFor();
  await axe(page);
  assert.equal((await bay.api("GET", `/api/tenants/${tenant.id}/availability`)).mode, "always");

  await changes.getByRole("link").first().click();
  await page.getByRole("heading", { name: /^Call from \+1 416 555 012\d$/ }).waitFor();
});

promise("past calls are replayed by an older version", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Bella Napoli", availability: { mode: "disabled", fallback: { type: "voicemail" } } });
  const { version } = await bay.api("GET", `/api/tenants/${tenant.id}`);
  await bay.api("PUT", `/api/tenants/${tenant.id}/availability`, { mode: "always" });
  const { sid } = await bay.call({ to: tenant.number });
  await bay.hangUp(sid);
  await bay.until("the call is kept", async () => (await bay.api("GET", `/api/calls?tenantId=${tenant.id}`)).data.length === 1);
  const page = await open(`/tenants/${tenant.id}/what-if?view=replay`);
  await page.getByText("Those of an older version").click();
  await page.getByRole("combobox", { name: "Version" }).selectOption(String(version));
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("1 of 1 call would go elsewhere").waitFor();
});

promise("on a phone, in the dark, nothing is lost", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Orchard Salon", availability: STAFFED });
  const page = await open(`/tenants/${tenant.id}/what-if`, { phone: true, theme: "dark" });
  await decision(page).getByText("The AI does not answer").waitFor();
  await axe(page);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "it scrolls sideways");
});
