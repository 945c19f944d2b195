// Numbers, from the first click to the next call: bought at a price that is said before, given back only when it is typed.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

async function pays(bay, tenant) {
  const { orgId } = await bay.api("GET", `/api/tenants/${tenant.id}`);
  await bay.api("PUT", `/api/orgs/${orgId}/billing`, { status: "verified" });
}

/** A tenant without a number, on the organization all of this file share. */
async function business(bay, name) {
  return bay.api("POST", "/api/tenants", {
    name,
    timezone: "America/Chicago",
    country: "US",
    target: { kind: "assistant", id: "front-desk" },
  });
}

/** Up to the question whether it shall be bought; answers which number that is. */
async function choose(page, tenant, areaCode) {
  await page.getByRole("button", { name: "Buy a number" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Buy a number" });
  await dialog.getByLabel("Area code").fill(areaCode);
  await dialog.getByRole("button", { name: "Search" }).click();
  const offer = dialog.getByRole("option", { name: new RegExp(`\\+1 ${areaCode}`) }).first();
  await offer.click();
  await dialog.getByRole("combobox", { name: "For which tenant" }).fill(tenant.name.slice(0, 6));
  await page.getByRole("option", { name: new RegExp(tenant.name) }).click();
  await dialog.getByRole("button", { name: /^Go on with/ }).click();
  const asked = await dialog.getByRole("heading", { name: /^Buy \+1/ }).textContent();
  return { dialog, number: asked.replaceAll(/[^\d+]/g, "") };
}

promise("nothing is bought before somebody says that the organization pays, and the page says how", async ({ bay, open }) => {
  const tenant = await business(bay, "Maple Physio");
  const page = await open("/numbers");
  const { dialog } = await choose(page, tenant, "415");
  await dialog.getByRole("button", { name: /^Buy \+1/ }).click();
  await dialog.getByText("Nobody pays for this organization's numbers yet").first().waitFor();
  await dialog.getByRole("link", { name: "Say that it pays" }).first().waitFor();
  assert.deepEqual((await bay.api("GET", `/api/numbers/owned?tenantId=${tenant.id}`)).data, []);
});

promise("a number is bought by search, price and confirmation, and its next call is answered", async ({ bay, open, axe }) => {
  const tenant = await business(bay, "Cedar Clinic");
  await pays(bay, tenant);
  const page = await open("/numbers");
  const { dialog, number } = await choose(page, tenant, "415");
  await dialog.getByText("a month, until it is given back").waitFor();
  assert.match(await dialog.locator(".sum").textContent(), /^\$\d/);
  await dialog.getByText("The installation's own Twilio account").waitFor();
  await axe(page);
  await dialog.getByRole("button", { name: /^Buy \+1 .* a month$/ }).click();
  await dialog.getByText("is Cedar Clinic's").waitFor();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("button", { name: new RegExp(number.slice(-4)) }).waitFor();
  const { twiml } = await bay.call({ to: number });
  assert.match(twiml, /<Sip[^>]*>sip:/, "the AI is dialled");
});

promise("a number is not given back until it is typed", async ({ bay, open, axe }) => {
  const tenant = await business(bay, "Harbour Vet");
  await pays(bay, tenant);
  const bought = await bay.api("POST", "/api/numbers", { projectId: tenant.id, areaCode: "312" });
  const { id, e164 } = bought.phoneNumber;
  const page = await open(`/numbers?open=${id}`);
  const back = page.getByRole("button", { name: "Give it back for good" });
  await back.waitFor();
  assert.ok(await back.isDisabled(), "it leads to a tenant");
  await page.getByRole("button", { name: "Take it from its tenant" }).click();
  await page.getByRole("button", { name: "Take it away" }).click();
  await page.getByText("Resting").first().waitFor();
  assert.doesNotMatch((await bay.call({ to: e164 })).twiml, /<Dial/, "nobody is there any more");

  await back.click();
  const dialog = page.getByRole("dialog");
  const sure = dialog.getByRole("button", { name: "Give it back for good" });
  await dialog.getByLabel(`Type ${e164} to confirm`).fill(e164.slice(0, -1));
  assert.ok(await sure.isDisabled(), "all but the last digit is not enough");
  await axe(page);
  await dialog.getByLabel(`Type ${e164} to confirm`).fill(e164);
  await sure.click();
  await page.getByText("is given back").waitFor();
  await bay.until("it is gone", async () => {
    const { data } = await bay.api("GET", `/api/numbers/ledger?q=${id}`);
    return data[0].state === "released";
  });
});

promise("who may only look sees every number, and no deed", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Corner Garage" });
  const token = await bay.token(`tenant:${tenant.id}`, "read");
  const page = await open(`/tenants/${tenant.id}/numbers?open=${tenant.numberId}`, { token, phone: true });
  await page.getByText("Your token may look at this number").waitFor();
  assert.equal(await page.getByRole("button", { name: "Buy a number" }).count(), 0);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0);
  await axe(page);
});

promise("a link shows the same question to somebody else", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Acme Pizza" });
  await bay.tenant({ name: "Bella Napoli" });
  const page = await open(`/numbers?tenant=${tenant.id}&state=active`);
  await page.getByRole("button", { name: new RegExp(tenant.number.slice(-4)) }).waitFor();
  assert.equal(await page.locator(".number-open").count(), 1);
  await page.getByRole("button", { name: "Show all" }).click();
  await page.getByRole("link", { name: "Bella Napoli" }).waitFor();
  assert.equal(new URL(page.url()).search, "");
});
