// Tokens: one that is made opens its part and no more, one that is revoked opens nothing, a link signs in once.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

/** Makes a token for one tenant on the page, up to where its secret is shown. */
async function make(page, { name, tenant, access }) {
  await page.getByRole("heading", { name: "Tokens", level: 1 }).waitFor();
  await page.getByRole("button", { name: "New token" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByRole("combobox", { name: "Which tenant" }).fill(tenant.slice(0, 5));
  await page.getByRole("listbox").getByRole("option", { name: tenant }).click();
  if (access === "read") await dialog.getByText("Only look").click();
  await dialog.getByRole("button", { name: "Create" }).click();
  await page.getByText("never again").waitFor();
  return page.getByRole("group", { name: "the token" }).innerText();
}

promise("a token made here opens its part and no more, and once revoked it opens nothing", async ({ bay, open }) => {
  const own = await bay.tenant({ name: "Smile Dental" });
  const other = await bay.tenant({ name: "Acme Pizza" });
  const page = await open("/tokens");
  const secret = (await make(page, { name: "front desk", tenant: "Smile Dental", access: "read" })).trim();
  await page.getByRole("button", { name: "Done" }).click();

  const ask = (path, method = "GET") =>
    fetch(`${bay.url}${path}`, { method, headers: { Authorization: `Bearer ${secret}` } }).then(({ status }) => status);
  assert.equal(await ask(`/api/tenants/${own.id}`), 200);
  assert.equal(await ask(`/api/tenants/${other.id}`), 404);
  assert.equal(await ask("/api/tokens", "POST"), 403, "it may only look");

  const row = page.getByRole("row", { name: /front desk/ });
  await row.getByRole("link", { name: "Smile Dental" }).waitFor();
  await row.getByText("only look").waitFor();
  await row.getByRole("button", { name: "Revoke front desk" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
  await row.getByText("Revoked").waitFor();
  assert.equal(await ask(`/api/tenants/${own.id}`), 401);
});

promise("a sign-in link is made with the new token, and opens once", async ({ bay, open }) => {
  const own = await bay.tenant({ name: "Harbour Vet" });
  const page = await open("/tokens");
  await make(page, { name: "the vet", tenant: "Harbour Vet" });
  await page.getByRole("button", { name: "Make a sign-in link instead" }).click();
  const url = (await page.getByRole("group", { name: "the sign-in link" }).innerText()).trim();
  const path = new URL(url).pathname + new URL(url).hash;

  const theirs = await open(path, { signedIn: false });
  await theirs.getByRole("link", { name: "My business" }).click();
  await theirs.waitForURL(`**/tenants/${own.id}`);
  assert.equal(await theirs.getByRole("link", { name: "Organizations" }).count(), 0, "they are the tenant, not the operator");
  const late = await open(path, { signedIn: false });
  await late.getByRole("alert").waitFor();

  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("row", { name: /the vet/ }).waitFor();
});

promise("who is signed in finds their own token marked, and may not make any where they may only look", async ({ bay, open }) => {
  const { secret } = await bay.api("POST", "/api/tokens", { name: "a guest", role: "operator", access: "read" });
  const page = await open("/tokens?q=guest", { token: secret });
  await page.getByRole("row", { name: /a guest/ }).getByText("You are signed in with it").waitFor();
  assert.equal(await page.getByRole("button", { name: "New token" }).count(), 0);
  assert.equal(await page.getByRole("button", { name: /^Revoke/ }).count(), 0);
});
