// Organizations: made, given a Twilio account that is never shown again, allowed to buy, deleted.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

promise("an organization is made, renamed and deleted, each seen by the API", async ({ bay, open }) => {
  const page = await open("/organizations");
  await page.getByRole("button", { name: "New organization" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Acme Reception");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Acme Reception", level: 1 }).waitFor();
  const id = new URL(page.url()).pathname.split("/").at(-1);

  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Acme Reception Services");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Acme Reception Services", level: 1 }).waitFor();
  assert.equal((await bay.api("GET", `/api/orgs/${id}`)).name, "Acme Reception Services");

  await page.getByRole("button", { name: "Delete the organization" }).click();
  const dialog = page.getByRole("dialog");
  assert.ok(await dialog.getByRole("button", { name: "Delete" }).isDisabled(), "its name must be typed");
  await dialog.getByLabel(/Type .* to confirm/).fill("Acme Reception Services");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.waitForURL("**/organizations");
  await assert.rejects(bay.api("GET", `/api/orgs/${id}`), /404/);
});

promise("credentials at Twilio are written and never shown again, a next token too", async ({ bay, open }) => {
  const org = await bay.api("POST", "/api/orgs", { name: "Lakeside Group" });
  const page = await open(`/organizations/${org.id}`);
  await page.getByRole("button", { name: "Give it an account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Account SID").fill("AC00000000000000000000000000000077");
  await dialog.getByLabel("Auth token", { exact: true }).fill("an-invented-token");
  await dialog.getByLabel("Next auth token, optional").fill("an-invented-next-token");
  await dialog.getByRole("button", { name: "Keep" }).click();
  await page.getByText("AC00000000000000000000000000000077").waitFor();
  await page.getByText("Kept too: both are accepted").waitFor();
  const { twilio } = await bay.api("GET", `/api/orgs/${org.id}`);
  assert.deepEqual([twilio.accountSid, twilio.hasNextToken], ["AC00000000000000000000000000000077", true]);

  await page.getByRole("button", { name: "Change or rotate" }).click();
  const fields = await dialog.locator("input[type=password]").evaluateAll((all) => all.map((one) => one.value));
  assert.deepEqual(fields, ["", ""]);
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Take it away" }).click();
  await dialog.getByLabel(/Type .* to confirm/).fill("AC00000000000000000000000000000077");
  await dialog.getByRole("button", { name: "Take it away" }).click();
  await page.getByRole("button", { name: "Give it an account" }).waitFor();
  assert.equal((await bay.api("GET", `/api/orgs/${org.id}`)).twilio, null);
});

promise("an operator says who may be charged, and whoever is of the organization only reads it", async ({ bay, open }) => {
  const org = await bay.api("POST", "/api/orgs", { name: "Northern Clinics" });
  const page = await open(`/organizations/${org.id}`);
  await page.getByRole("button", { name: "Mark as verified" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Mark as verified" }).click();
  await page.getByText("Its billing is verified.").waitFor();
  assert.equal((await bay.api("GET", `/api/orgs/${org.id}`)).mayBuy, true);

  const theirs = await open(`/organizations/${org.id}`, { token: await bay.token(`org:${org.id}`) });
  await theirs.getByText("Only an operator changes this.").waitFor();
  assert.equal(await theirs.getByRole("button", { name: "Delete the organization" }).count(), 0);
});

promise("two who change the same: nothing is lost, and it is asked whose shall stand", async ({ bay, open }) => {
  const org = await bay.api("POST", "/api/orgs", { name: "First Name" });
  const page = await open(`/organizations/${org.id}`);
  await page.getByRole("button", { name: "Rename" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("My Name");
  await bay.api("PATCH", `/api/orgs/${org.id}`, { name: "Their Name" });
  // The page may have heard of it already, and then holds its change against the newer one.
  await page.route(`**/api/orgs/${org.id}`, (route, request) => {
    if (request.method() !== "PATCH") return route.continue();
    return route.continue({ headers: { ...request.headers(), "if-match": `"${org.version}"` } });
  }, { times: 1 });
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody else changed this meanwhile").waitFor();
  assert.equal(await dialog.getByLabel("Name").inputValue(), "My Name");
  await page.unrouteAll();
  await dialog.getByRole("button", { name: "Keep mine" }).click();
  await page.getByRole("heading", { name: "My Name", level: 1 }).waitFor();
});

promise("an organization with tenants stays, and says why; a tenant's own token sees none", async ({ bay, open }) => {
  const org = await bay.api("POST", "/api/orgs", { name: "Maple Group" });
  const tenant = await bay.api("POST", "/api/tenants", { name: "Maple Physio", orgId: org.id });
  const page = await open(`/organizations/${org.id}`);
  await page.getByText("It has tenants still").waitFor();
  assert.ok(await page.getByRole("button", { name: "Delete the organization" }).isDisabled());
  assert.equal(await page.getByRole("link", { name: "All its tenants" }).getAttribute("href"), `/tenants?org=${org.id}`);
  const theirs = await open("/organizations", { token: await bay.token(`tenant:${tenant.id}`) });
  await theirs.getByRole("heading", { name: "Not for this token" }).waitFor();
});
