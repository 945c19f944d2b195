// The audit: who changed what, readable, and narrowed in the address so that a link shows the same.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

promise("a change is told with who made it, how it was and how it is", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Smile Dental" });
  const token = await bay.token("operator");
  await bay.api("PATCH", `/api/tenants/${tenant.id}`, { timezone: "America/Halifax" }, token);
  const page = await open("/audit");
  const entry = page.getByRole("list", { name: "Changes" }).getByRole("listitem").first();
  await entry.getByText("Tenant changed").waitFor();
  await entry.getByText("for operator").waitFor();
  assert.match(await entry.locator("del").innerText(), /America\/Toronto/);
  assert.match(await entry.locator("ins").innerText(), /America\/Halifax/);
});

promise("a link to a narrowed list shows the same list", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Corner Garage" });
  await bay.tenant({ name: "Cedar Physio" });
  const page = await open("/audit");
  await page.getByRole("list", { name: "Changes" }).waitFor();
  await page.getByRole("combobox", { name: "What", exact: true }).selectOption("tenant.create");
  await page.getByRole("combobox", { name: "Tenant", exact: true }).fill("corner");
  await page.getByRole("listbox").getByRole("option", { name: "Corner Garage" }).click();
  await page.waitForURL(`**/audit?what=tenant.create&tenant=${tenant.id}`);
  const seen = async (where) => {
    const entries = where.getByRole("list", { name: "Changes" }).getByRole("listitem");
    await entries.getByText("Corner Garage").first().waitFor();
    await where.getByText("Cedar Physio").waitFor({ state: "detached" });
    return entries.count();
  };
  assert.equal(await seen(page), 1);
  const again = await open(new URL(page.url()).pathname + new URL(page.url()).search);
  assert.equal(await seen(again), 1);
  await again.getByRole("button", { name: "Show all" }).click();
  await again.getByText("Cedar Physio").first().waitFor();
});

promise("whoever did it is one press away from all they did", async ({ bay, open }) => {
  const token = (await bay.api("POST", "/api/tokens", { name: "night shift", role: "operator", access: "write" })).secret;
  await bay.api("POST", "/api/orgs", { name: "Made at night" }, token);
  await bay.api("POST", "/api/orgs", { name: "Made by day" });
  const page = await open("/audit");
  await page.getByRole("button", { name: "Only what night shift did" }).first().click();
  await page.getByRole("link", { name: "Made by day" }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Made at night" }).waitFor();
  assert.match(page.url(), /who=night/);
});
