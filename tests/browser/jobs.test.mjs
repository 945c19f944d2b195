// Jobs: followed live, retried where a person had to help, called off.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

const fault = (bay, what) =>
  fetch(`${bay.behind}/_sim/faults`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) });

/** Begins a job that wants a number for a new tenant. */
async function wish(bay, name) {
  const org = await bay.api("POST", "/api/orgs", { name: `${name} Group` });
  await bay.api("PUT", `/api/orgs/${org.id}/billing`, { status: "verified" });
  const tenant = await bay.api("POST", "/api/tenants", { name, orgId: org.id, country: "US", assignPhone: true, forceTwilio: true });
  const job = await bay.until("its job", async () => (await bay.api("GET", `/api/jobs?tenantId=${tenant.id}`)).data[0]);
  return { tenant, job };
}

promise("a job that needs a person says what to do, and goes on from the page once that is done", async ({ bay, open }) => {
  bay.more = { TWILIO_ACCOUNT_SID: undefined, TWILIO_AUTH_TOKEN: undefined };
  await bay.restart();
  const { job } = await wish(bay, "Smile Dental");
  const path = `/jobs/${job.id}`;
  const page = await open(path);
  await page.getByText("It has come as far as it can by itself").waitFor();
  await page.getByText("No number could be had by itself").waitFor();

  bay.more = {};
  await bay.restart();
  const again = await open(path);
  await again.getByRole("button", { name: "Retry" }).click();
  await again.getByRole("dialog").getByText("It may buy a number").waitFor();
  await again.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
  await again.getByRole("region", { name: "What it got" }).waitFor();
  const { state, result } = await bay.api("GET", `/api/jobs/${job.id}`);
  assert.equal(state, "succeeded");
  await again.getByRole("link", { name: new RegExp(result.e164.slice(-4)) }).first().waitFor();

  const { twiml } = await bay.call({ to: result.e164 });
  assert.match(twiml, /<Response>/, "the number it got leads here");
  assert.doesNotMatch(twiml, /not in service|no longer/i);
});

promise("a job that waits says what for, goes on as it is looked at, and is called off from the page", async ({ bay, open }) => {
  await fault(bay, { match: "POST .*/IncomingPhoneNumbers.json", kind: "error", times: 1000 });
  const { job } = await wish(bay, "Corner Garage");
  const page = await open(`/jobs/${job.id}`);
  await page.getByText("It waits, and goes on by itself").waitFor();
  await page.getByRole("button", { name: "Call off" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Call off" }).click();
  await page.getByText("It was called off").waitFor();
  await bay.until("it is called off", async () => (await bay.api("GET", `/api/jobs/${job.id}`)).state === "cancelled");
});

promise("the list is narrowed in the address, and a job that begins appears by itself", async ({ bay, open }) => {
  const page = await open("/jobs?state=cancelled");
  const rows = page.getByRole("region", { name: "Jobs" }).getByRole("row");
  await rows.getByRole("link", { name: "Corner Garage" }).first().waitFor();
  assert.equal(await page.getByText("Smile Dental").count(), 0);
  await page.getByRole("combobox", { name: "State" }).selectOption("");
  await page.waitForURL("**/jobs");
  await rows.getByRole("link", { name: "Smile Dental" }).first().waitFor();
  await wish(bay, "Bella Napoli");
  await rows.getByRole("link", { name: "Bella Napoli" }).first().waitFor();
});

promise("who may only look sees a job and no deeds", async ({ bay, open }) => {
  const [job] = (await bay.api("GET", "/api/jobs?state=cancelled")).data;
  const page = await open(`/jobs/${job.id}`, { token: await bay.token("operator", "read") });
  await page.getByRole("heading", { name: "Steps" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Retry" }).count(), 0);
});
