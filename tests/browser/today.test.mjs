// The first page: calls that come and go by themselves, and what needs a hand.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

promise("a call appears while it lasts, says where it went and why, and goes by itself", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Smile Dental" });
  const page = await open("/");
  await page.getByRole("heading", { name: "Nobody is on the phone" }).waitFor();
  const { sid } = await bay.call({ to: tenant.number, from: "+14165550142" });
  const row = page.getByRole("row").filter({ has: page.locator(`a[href="/calls/${sid}"]`) });
  await row.waitFor();
  await row.getByRole("link", { name: "+1 416 555 0142" }).waitFor();
  await row.getByRole("link", { name: "Smile Dental" }).waitFor();
  const told = await row.innerText();
  assert.match(told, /AI/);
  assert.match(told, /The AI always answers/);
  await axe(page);
  await bay.hangUp(sid, { to: tenant.number, from: "+14165550142" });
  await row.waitFor({ state: "detached" });
});

promise("calls that began before the page was opened are told as well", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Harbour Vet", availability: { mode: "disabled", fallback: { type: "voicemail" } } });
  const { sid } = await bay.call({ to: tenant.number, from: "+14165550143" });
  await bay.until("the call is kept", async () => (await bay.api("GET", `/api/calls?tenantId=${tenant.id}`)).data.length > 0);
  const page = await open("/", { phone: true });
  const row = page.getByRole("row").filter({ has: page.locator(`a[href="/calls/${sid}"]`) });
  await row.getByRole("link", { name: "+1 416 555 0143" }).waitFor();
  assert.match(await row.innerText(), /Voicemail/);
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(sideways <= 0, `the page scrolls sideways by ${sideways}`);
  await bay.hangUp(sid, { to: tenant.number, from: "+14165550143" });
});

promise("a warning names the next step, and leads to it", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Corner Garage" });
  const { data } = await bay.api("GET", "/api/orgs");
  await bay.api("PUT", `/api/orgs/${data[0].id}/billing`, { status: "verified" });
  const page = await open("/");
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
  // No number is for sale in this area: what is left is a person's.
  await bay.api("POST", "/api/numbers", { projectId: tenant.id, agentId: "front-desk", areaCode: "533" });
  const warnings = page.getByRole("region", { name: "Needs you" });
  const warning = warnings.getByRole("listitem").filter({ hasText: /job/i }).first();
  await warning.getByText("Next:").waitFor();
  await axe(page);
  await warning.getByRole("link", { name: "Go there" }).click();
  await page.waitForURL("**/jobs?state=manual");
});
