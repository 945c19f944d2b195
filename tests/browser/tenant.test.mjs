// One tenant: the hand on the switch, its settings, its history, and who may see it.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

const DIALS_THE_AI = /<Dial[^>]*>\s*<Sip/;

promise("one click closes the AI until a time, the next call obeys, and one click ends it", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Smile Dental" });
  assert.match(await heard(bay, tenant), DIALS_THE_AI);
  const page = await open(`/tenants/${tenant.id}`);
  const now = page.getByRole("region", { name: "Now" });
  await now.getByText("The AI answers").waitFor();
  await page.getByRole("button", { name: /^AI off until end of today/ }).click();
  await now.getByText("The AI does not answer").waitFor();
  const twiml = await heard(bay, tenant);
  assert.doesNotMatch(twiml, DIALS_THE_AI);
  assert.match(twiml, /<Record/);
  const forced = await bay.api("GET", `/api/tenants/${tenant.id}/override`);
  assert.equal(forced.state, "force-fallback");
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "America/Toronto", timeStyle: "medium" });
  assert.match(clock.format(new Date(forced.until)), /^(00|24):00:00$/, "it ends with the tenant's day, not the browser's");
  await page.getByText("The AI is off by hand until").waitFor();
  await axe(page);
  await page.getByRole("button", { name: "End it now" }).click();
  await now.getByText("The AI answers").waitFor();
  assert.match(await heard(bay, tenant), DIALS_THE_AI);
});

promise("a decision by hand ends by itself at its time, and the page says so", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Bella Napoli" });
  const until = new Date(Date.now() + 4000).toISOString();
  await bay.api("PUT", `/api/tenants/${tenant.id}/override`, { state: "force-fallback", until, note: "Staff party" });
  const page = await open(`/tenants/${tenant.id}`);
  await page.getByText("Staff party").waitFor();
  await page.getByText("Staff party").waitFor({ state: "detached" });
  await page.getByRole("region", { name: "Now" }).getByText("The AI answers").waitFor();
  assert.match(await heard(bay, tenant), DIALS_THE_AI);
});

promise("an end of one's own is told on the clock of the business", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Harbour Vet", availability: { mode: "disabled", fallback: { type: "voicemail" } } });
  const page = await open(`/tenants/${tenant.id}`, { phone: true });
  await page.getByRole("button", { name: "AI on until another time" }).click();
  const dialog = page.getByRole("dialog", { name: "Decide by hand" });
  await dialog.getByLabel(/^Until/).fill("2099-07-01T14:00");
  await dialog.getByLabel(/^Why/).fill("Open day");
  await axe(page);
  await dialog.getByRole("button", { name: "Switch the AI on" }).click();
  await page.getByText("“Open day”").waitFor();
  const forced = await bay.api("GET", `/api/tenants/${tenant.id}/override`);
  assert.deepEqual(forced, { state: "force-ai", until: "2099-07-01T18:00:00Z", note: "Open day" });
  assert.match(await heard(bay, tenant), DIALS_THE_AI);
});

promise("two who edit one tenant lose nothing of either", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Corner Garage" });
  const page = await open(`/tenants/${tenant.id}?edit=1`);
  const dialog = page.getByRole("dialog", { name: "Edit Corner Garage" });
  await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("Corner Garage East");
  await bay.api("PATCH", `/api/tenants/${tenant.id}`, { language: "fr-CA" });
  await dialog.getByRole("button", { name: "Save" }).click();
  const note = dialog.locator(".note", { hasText: "Somebody else changed this meanwhile" });
  await note.getByText("fr-CA").waitFor();
  assert.equal(await dialog.getByRole("textbox", { name: "Name", exact: true }).inputValue(), "Corner Garage East");
  await note.getByRole("button", { name: "Keep mine" }).click();
  await page.getByRole("heading", { name: "Corner Garage East", level: 1 }).waitFor();
  const { name, language } = await bay.api("GET", `/api/tenants/${tenant.id}`);
  assert.deepEqual({ name, language }, { name: "Corner Garage East", language: "fr-CA" });
});

promise("going back to a version restores what the next call hears", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Maple Physio" });
  const path = `/api/tenants/${tenant.id}/availability`;
  const before = await bay.api("GET", path);
  const { version } = await bay.api("GET", `/api/tenants/${tenant.id}`);
  await bay.api("PUT", path, { ...before, mode: "disabled" });
  assert.doesNotMatch(await heard(bay, tenant), DIALS_THE_AI);
  const page = await open(`/tenants/${tenant.id}/history`);
  const newest = page.getByRole("list", { name: "Versions, newest first" }).getByRole("listitem").first();
  await newest.getByText("The AI never answers").waitFor();
  await axe(page);
  await page.getByRole("button", { name: `Go back to version ${version}`, exact: true }).click();
  const dialog = page.getByRole("dialog", { name: `Go back to version ${version}` });
  await dialog.getByText("The AI always answers").waitFor();
  await axe(page);
  await dialog.getByRole("button", { name: "Go back", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  assert.match(await heard(bay, tenant), DIALS_THE_AI);
  await newest.getByText("Now").waitFor();
});

promise("a tenant is deleted only by typing its slug, and its number leads nowhere then", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Orchard Salon" });
  const page = await open(`/tenants/${tenant.id}`);
  await page.getByRole("button", { name: "Delete this tenant…" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete Orchard Salon" });
  const verb = dialog.getByRole("button", { name: "Delete", exact: true });
  await dialog.getByText("1 number will lead nowhere").waitFor();
  assert.equal(await verb.isDisabled(), true);
  await dialog.getByLabel("Type orchard-salon to confirm").fill("orchard-salon");
  await verb.click();
  await page.waitForURL("**/tenants");
  assert.doesNotMatch(await heard(bay, tenant), DIALS_THE_AI);
});

promise("a tenant's own people see only their own, and those who may only look have no deeds", async ({ bay, open }) => {
  const own = await bay.tenant({ name: "Cedar Physio" });
  const other = await bay.tenant({ name: "Acme Pizza" });
  const page = await open("/", { token: await bay.token(`tenant:${own.id}`) });
  await page.getByRole("link", { name: "My business" }).click();
  await page.getByRole("heading", { name: "Cedar Physio", level: 1 }).waitFor();
  await page.getByRole("button", { name: /^AI off until end of today/ }).waitFor();
  assert.equal(await page.getByText("Organization").count(), 0);
  assert.equal(await page.getByRole("button", { name: "Delete this tenant…" }).count(), 0);
  for (const path of [`/tenants/${other.id}`, `/tenants/${other.id}/history`]) {
    await page.goto(bay.url + path);
    await page.getByRole("heading", { name: "Not here" }).waitFor();
  }
  const looker = await open(`/tenants/${own.id}`, { token: await bay.token(`tenant:${own.id}`, "read") });
  await looker.getByRole("region", { name: "Now" }).getByText("The AI answers").waitFor();
  await looker.getByRole("heading", { name: "About" }).waitFor();
  for (const name of [/^AI o/, "Edit", "Change"]) assert.equal(await looker.getByRole("button", { name }).count(), 0);
});

/** What the next caller hears. */
async function heard(bay, { number }) {
  const { sid, twiml } = await bay.call({ to: number });
  await bay.hangUp(sid, { to: number });
  return twiml;
}
