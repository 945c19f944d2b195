// What stands around every screen: the first visit, the search, the keyboard, a server that restarts under an open page.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

/** What a first visit may cost, compressed. */
const FIRST_VISIT_BYTES_MAX = 250_000;

promise("a first visit takes 250 KB at most, and asks nobody else", async ({ bay, open }) => {
  const page = await open("/sign-in", { signedIn: false });
  const wire = await page.context().newCDPSession(page);
  await wire.send("Network.enable");
  await wire.send("Network.setCacheDisabled", { cacheDisabled: true });
  let bytes = 0;
  const asked = [];
  wire.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  wire.on("Network.requestWillBeSent", ({ request }) => asked.push(request.url));
  await page.context().request.post(`${bay.url}/api/session`, { data: { token: bay.operator } });
  await page.goto(bay.url);
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
  await page.waitForLoadState("load");
  console.log(`a first visit: ${asked.length} requests, ${bytes} bytes`);
  assert.ok(bytes > 50_000, "it was counted");
  assert.ok(bytes <= FIRST_VISIT_BYTES_MAX, `${bytes} bytes`);
  assert.deepEqual(asked.filter((url) => !url.startsWith(bay.url)), []);
});

promise("the search finds a tenant by its name and a call by its caller, by keyboard alone", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Harbour Vet" });
  const { sid } = await bay.call({ to: tenant.number, from: "+13125550142" });
  await bay.until("the call is kept", async () => (await bay.api("GET", `/api/calls?tenantId=${tenant.id}`)).data.length === 1);
  const page = await open("/");
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("harbour");
  await page.getByRole("option", { name: /Harbour Vet/ }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Harbour Vet", level: 1 }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type(sid);
  await page.getByRole("option", { name: /Call/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/calls/${sid}`);
  await bay.hangUp(sid, { to: tenant.number });
});

promise("a server that restarts under an open page is told of, and the page goes on by itself", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Corner Garage" });
  const page = await open("/calls");
  await page.getByRole("heading", { name: "Calls", level: 1 }).waitFor();
  const away = page.getByText("patchbay does not answer");
  await bay.restart({ after: () => away.waitFor() });
  await away.waitFor({ state: "detached" });
  const { sid } = await bay.call({ to: tenant.number, from: "+13125550143" });
  await page.locator(`a[href="/calls/${sid}"]`).first().waitFor();
  await bay.hangUp(sid, { to: tenant.number });
});

promise("who may only see one tenant sees only that one, wherever they go", async ({ bay, open }) => {
  const own = await bay.tenant({ name: "Bella Napoli" });
  const other = await bay.tenant({ name: "Acme Pizza" });
  const { sid } = await bay.call({ to: other.number, from: "+13125550144" });
  await bay.until("the call is kept", async () => (await bay.api("GET", `/api/calls?tenantId=${other.id}`)).data.length === 1);
  await bay.hangUp(sid, { to: other.number });
  const token = await bay.token(`tenant:${own.id}`);
  const page = await open("/", { token });
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
  for (const link of ["Numbers", "Calls", "Voicemails", "Jobs", "Tokens", "Audit", "Webhooks"]) {
    await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: link }).click();
    await page.getByRole("heading", { name: link, level: 1 }).waitFor();
    await page.waitForLoadState("networkidle").catch(() => {});
    const seen = await page.locator("main").innerText();
    assert.ok(!seen.includes("Acme Pizza") && !seen.includes(other.id) && !seen.includes(sid), `${link} shows another's`);
  }
  assert.equal(await page.getByRole("link", { name: "Organizations" }).count(), 0);
  for (const path of [`/tenants/${other.id}`, `/tenants/${other.id}/availability`, `/calls/${sid}`]) {
    await page.goto(bay.url + path);
    await page.getByRole("heading", { name: "Not here" }).waitFor();
  }
});

promise("a page is reached, read and left by keyboard alone", async ({ open }) => {
  const page = await open("/");
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), "Skip to the page");
  await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: "Jobs" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Jobs", level: 1 }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
});

promise("the menu of a phone opens, leads on, and closes", async ({ open, axe }) => {
  const page = await open("/", { phone: true });
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Open the menu" }).click();
  await axe(page);
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("heading", { name: "Audit", level: 1 }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Audit" }).isVisible(), false);
});
