// The way in and out: by token, by a link that is good once; and what a page does when its session ends.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

promise("a token signs in, and the page that was asked for opens", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Smile Dental" });
  const page = await open(`/tenants/${tenant.id}/history`, { signedIn: false });
  await page.getByLabel("Token").fill("pb_nobody-has-this-one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("this token is not good here").waitFor();
  await page.getByLabel("Token").fill(bay.operator);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Smile Dental", level: 1 }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/tenants/${tenant.id}/history`);
  const kept = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage, document.cookie]));
  assert.ok(!kept.includes(bay.operator) && !kept.includes("patchbay_session"), "no script of a page can read what opens the door");
});

promise("a link signs in once, and leaves no trace in the address", async ({ bay, open }) => {
  const { url } = await bay.api("POST", "/api/session/links");
  const path = url.slice(bay.url.length);
  const page = await open(path, { signedIn: false });
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
  assert.ok(!page.url().includes("#"));
  const late = await open(path, { signedIn: false });
  await late.getByRole("alert").waitFor();
  assert.equal(await late.getByRole("button", { name: "Sign in" }).count(), 1);
});

promise("who signs out is out, in every tab", async ({ bay, open }) => {
  const page = await open("/");
  const other = await page.context().newPage();
  await other.goto(`${bay.url}/jobs`);
  await other.getByRole("heading", { name: "Jobs", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  await other.getByRole("link", { name: "Calls" }).click();
  await other.getByLabel("Token").waitFor();
});

promise("a session ends with its token, and says so on the page", async ({ bay, open }) => {
  const { secret, id } = await bay.api("POST", "/api/tokens", { name: "front desk", role: "operator", access: "read" });
  const page = await open("/jobs", { token: secret });
  await page.getByRole("heading", { name: "Jobs", level: 1 }).waitFor();
  await bay.api("DELETE", `/api/tokens/${id}`);
  await page.getByRole("link", { name: "Calls" }).click();
  await page.getByText("Your session is over").waitFor();
  assert.equal(new URL(page.url()).pathname, "/calls");
});

promise("the way in is open to everybody: axe finds nothing there", async ({ open, axe }) => {
  for (const theme of ["light", "dark"]) {
    const page = await open("/", { signedIn: false, theme, phone: true });
    await page.getByLabel("Token").waitFor();
    await axe(page);
  }
});
