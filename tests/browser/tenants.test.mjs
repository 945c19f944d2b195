// The list of tenants: one is made, and found.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

promise("a tenant is made from the list, and found in it by a part of its name", async ({ bay, open, axe }) => {
  const page = await open("/tenants");
  await page.getByRole("button", { name: "New tenant" }).click();
  const dialog = page.getByRole("dialog", { name: "New tenant" });
  await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("Bob’s Garage");
  await dialog.getByLabel("Id of the assistant").fill("front-desk");
  const zone = dialog.getByRole("combobox", { name: "Time zone" });
  await zone.fill("toron");
  await page.getByRole("option", { name: "America/Toronto" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await axe(page);
  await dialog.getByRole("button", { name: "Make the tenant" }).click();
  await page.getByRole("heading", { name: "Bob’s Garage", level: 1 }).waitFor();
  const { data } = await bay.api("GET", "/api/tenants?slug=bobs-garage");
  assert.equal(data.length, 1);
  assert.equal(data[0].timezone, "America/Toronto");
  assert.deepEqual(data[0].target, { kind: "assistant", id: "front-desk" });

  await bay.tenant({ name: "Acme Pizza" });
  await page.goto(`${bay.url}/tenants`);
  await page.getByRole("link", { name: "Acme Pizza" }).waitFor();
  await page.getByLabel("Search by name or slug").fill("garage");
  await page.getByRole("link", { name: "Acme Pizza" }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Bob’s Garage" }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("q"), "garage");
  await page.reload();
  await page.getByRole("link", { name: "Bob’s Garage" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Acme Pizza" }).count(), 0);
  await axe(page);
});

promise("what is wrong with a new tenant stands at its field, and nothing typed is lost", async ({ bay, open }) => {
  await bay.tenant({ name: "Harbour Vet" });
  const page = await open("/tenants?new=1");
  const dialog = page.getByRole("dialog", { name: "New tenant" });
  const name = dialog.getByRole("textbox", { name: "Name", exact: true });
  await name.fill("Harbour Vet East");
  await dialog.getByLabel("Id of the assistant").fill("front-desk");
  const slug = dialog.getByLabel("Slug");
  assert.equal(await slug.inputValue(), "harbour-vet-east");
  await slug.fill("harbour-vet");
  await page.keyboard.press("Enter");
  await dialog.locator(".field", { has: page.getByLabel("Slug") }).getByText("another tenant has the slug").waitFor();
  assert.equal(await name.inputValue(), "Harbour Vet East");
  await slug.fill("harbour-vet-2");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Harbour Vet East", level: 1 }).waitFor();
});

promise("a list longer than a page goes on where it ended", async ({ bay, open }) => {
  const made = Array.from({ length: 55 }, (_, at) => ({ name: `Many ${String(at).padStart(2, "0")}` }));
  for (const one of made) await bay.api("POST", "/api/tenants", one);
  const page = await open("/tenants?q=many");
  await page.getByRole("link", { name: "Many 49" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Many 54" }).count(), 0);
  await page.getByRole("button", { name: "Show more" }).click();
  await page.getByRole("link", { name: "Many 54" }).waitFor();
});

promise("who may only look makes no tenant", async ({ bay, open }) => {
  const page = await open("/tenants?new=1", { token: await bay.token("operator", "read") });
  await page.getByRole("heading", { name: "Tenants", level: 1 }).waitFor();
  assert.equal(await page.getByRole("button", { name: "New tenant" }).count(), 0);
  assert.equal(await page.getByRole("dialog").count(), 0);
});
