// Calls appear by themselves, tell why they went where they went, and are replayed without a trace.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

const AFTER_HOURS = {
  mode: "after-hours-only",
  afterHours: { enabled: true, businessHours: { schedule: {} } },
  fallback: { type: "voicemail" },
};

const rows = (page) => page.getByRole("region", { name: "Calls", exact: true }).locator("tbody tr");

const kept = (bay, sid) =>
  bay.until("the call is kept", () => bay.api("GET", `/api/calls/${sid}`).catch(() => undefined));

promise("a call just made appears by itself, live, and its story tells why", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Smile Dental", availability: AFTER_HOURS });
  const page = await open("/calls");
  await page.getByRole("heading", { name: "Calls", exact: true }).waitFor();
  const { sid } = await bay.call({ to: tenant.number, from: "+14165550132" });
  const row = rows(page).filter({ hasText: "+1 416 555 0132" });
  await row.getByText("Live").last().waitFor();
  await row.getByText("Outside business hours").waitFor();
  await axe(page);
  await row.getByRole("link").first().click();

  await page.getByRole("heading", { name: "Call from +1 416 555 0132" }).waitFor();
  const story = page.getByRole("region", { name: "What happened" });
  await story.getByText("POST /api/twilio/voice").waitFor();
  await story.getByText("closed").waitFor();
  await story.getByText("This settled it").waitFor();
  await story.getByText("The AI answers: outside business hours").waitFor();
  await story.getByText("The call is under way").waitFor();
  await axe(page);

  await bay.hangUp(sid, { to: tenant.number, from: "+14165550132", seconds: 42 });
  await story.getByText("The call is over").waitFor();
  await story.getByText("42 s by Twilio’s count").waitFor();
});

promise("the story tells every step of a call that nobody took", async ({ bay, open }) => {
  const tenant = await bay.tenant({
    name: "Harbour Vet",
    availability: { mode: "always", fallback: { type: "forward", forwardNumber: "+12055550170" } },
  });
  await bay.walk(tenant.number, "--from", "+14165550133", "--ai", "busy", "--staff", "no-answer");
  const page = await open(`/tenants/${tenant.id}/calls`);
  await rows(page).first().getByRole("link").first().click();
  const story = page.getByRole("region", { name: "What happened" });
  await story.getByText("The AI was busy").waitFor();
  await story.getByText("Staff did not answer").waitFor();
  await story.getByText("A message was left").waitFor();
  await story.getByText("The call is over").waitFor();
  const all = await story.innerText();
  const order = ["The AI was busy", "Staff did not answer", "The call is over"].map((text) => all.indexOf(text));
  assert.deepEqual(order, order.toSorted((one, other) => one - other));
  await story.getByRole("link", { name: "Listen" }).click();
  await page.getByRole("listitem", { name: "Voicemail of +1 416 555 0133" }).waitFor();
});

promise("filters stand in the address, and a list of one tenant is that tenant's", async ({ bay, open }) => {
  const one = await bay.tenant({ name: "Corner Garage", availability: { mode: "always" } });
  const other = await bay.tenant({ name: "Acme Pizza", availability: { mode: "disabled", fallback: { type: "voicemail" } } });
  for (const [tenant, from] of [[one, "+14165550141"], [other, "+14165550142"], [other, "+14165550143"]]) {
    const { sid } = await bay.call({ to: tenant.number, from });
    await kept(bay, sid);
  }
  const page = await open("/calls?state=live");
  await rows(page).filter({ hasText: "0143" }).waitFor();
  await page.getByLabel("Answered by").selectOption("The AI");
  await rows(page).filter({ hasText: "0143" }).waitFor({ state: "detached" });
  await rows(page).filter({ hasText: "0141" }).waitFor();
  assert.match(page.url(), /who=ai/);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByRole("searchbox", { name: "Search", exact: true }).fill("0142");
  await rows(page).filter({ hasText: "0143" }).waitFor({ state: "detached" });
  assert.equal(await rows(page).count(), 1);
  await page.reload();
  await rows(page).filter({ hasText: "0142" }).waitFor();
  assert.equal(await rows(page).count(), 1);
  await page.getByRole("searchbox", { name: "Search", exact: true }).fill("no such caller");
  await page.getByText("No call is like this").waitFor();

  const own = await open("/calls", { token: await bay.token(`tenant:${one.id}`, "read") });
  await rows(own).filter({ hasText: "0141" }).waitFor();
  assert.equal(await rows(own).filter({ hasText: /014[23]/ }).count(), 0);
});

promise("who reads further down is not moved when a call comes in", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Orchard Salon", availability: { mode: "always" } });
  for (let last = 10; last < 40; last += 1) {
    const { sid } = await bay.call({ to: tenant.number, from: `+141655501${last}` });
    if (last === 39) await kept(bay, sid);
  }
  const page = await open(`/tenants/${tenant.id}/calls`);
  const read = rows(page).filter({ hasText: "0115" });
  await read.scrollIntoViewIfNeeded();
  const before = (await read.boundingBox()).y;
  await bay.call({ to: tenant.number, from: "+14165550199" });
  await rows(page).first().getByText("0199").last().waitFor({ state: "attached" });
  const after = (await read.boundingBox()).y;
  assert.ok(Math.abs(after - before) < 4, `it moved from ${before} to ${after}`);
});

promise("a call is replayed by the present settings, and nothing changes by it", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Bella Napoli", availability: { mode: "always" } });
  const { sid } = await bay.call({ to: tenant.number, from: "+14165550151" });
  await bay.hangUp(sid);
  await bay.until("the call is over", async () => (await kept(bay, sid)).endedAt);
  await bay.api("PUT", `/api/tenants/${tenant.id}/availability`, { mode: "disabled", fallback: { type: "voicemail" } });
  const everything = async () => ({
    call: await bay.api("GET", `/api/calls/${sid}`),
    calls: await bay.api("GET", `/api/calls?tenantId=${tenant.id}`),
    availability: await bay.api("GET", `/api/tenants/${tenant.id}/availability`),
    version: (await bay.api("GET", `/api/tenants/${tenant.id}`)).version,
    audit: (await bay.api("GET", "/api/audit?limit=1")).data,
  });
  const before = await everything();
  const page = await open(`/calls/${sid}`);
  await page.getByRole("button", { name: "Replay this call" }).click();
  await page.getByText("It would go elsewhere.").waitFor();
  await page.getByText("The AI is switched off").first().waitFor();
  await page.getByText("The bytes of a call are not kept").waitFor();
  await page.getByRole("list", { name: "The steps the call would walk now" }).getByText("Voicemail", { exact: true }).waitFor();
  await axe(page);
  assert.deepEqual(await everything(), before);
});

promise("a call that is not there says so, on a phone too", async ({ open, axe }) => {
  const page = await open("/calls/CA00000000000000000000000000000009", { phone: true, theme: "dark" });
  await page.getByText("Not here").waitFor();
  await axe(page);
});
