// What callers left is heard, marked, and called back.
import assert from "node:assert/strict";
import { ACCOUNT } from "./bay.mjs";
import { promise } from "./support.mjs";

const VOICEMAIL = { mode: "disabled", fallback: { type: "voicemail", transcribe: true } };

/** A caller who speaks after the tone; the simulated Twilio keeps the recording if `kept`. */
async function leave(bay, tenant, from, { seconds = 3, kept = true } = {}) {
  await bay.walk(tenant.number, "--from", from, "--caller", `speak:${seconds}`);
  const voicemail = await bay.until("the voicemail is there", async () => {
    const { data } = await bay.api("GET", `/api/voicemails?tenantId=${tenant.id}`);
    return data.find((one) => one.from === from && one.state === "ready");
  });
  if (kept) {
    const recordings = [{ sid: voicemail.recordingSid, duration: seconds }];
    const call = { sid: voicemail.callSid, accountSid: ACCOUNT, status: "completed", recordings };
    const answer = await fetch(`${bay.behind}/_sim/calls`, { method: "POST", body: JSON.stringify(call) });
    assert.ok(answer.ok, await answer.text());
  }
  return voicemail;
}

const item = (page, who) => page.getByRole("listitem", { name: `Voicemail of ${who}` });

promise("a voicemail is heard to its end, is marked by that, and is called back", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Smile Dental", availability: VOICEMAIL });
  const page = await open("/voicemails");
  await page.getByText("Everything is heard").waitFor();
  const { id, callSid } = await leave(bay, tenant, "+14165550161");
  const left = item(page, "+1 416 555 0161");
  await left.getByText("Unheard").waitFor();
  await left.getByText("This is the simulated caller. Please call me back.").waitFor();
  await axe(page);

  const player = left.locator("audio");
  await player.focus();
  await page.keyboard.press("Space");
  await left.getByRole("button", { name: "Mark unheard" }).waitFor();
  assert.equal((await bay.api("GET", `/api/voicemails/${id}`)).heard, true);
  // It stays in sight for whoever listened, and is gone for whoever comes anew.
  await left.waitFor();
  assert.equal(await left.getByRole("link", { name: "Call back" }).getAttribute("href"), "tel:+14165550161");
  await left.getByRole("link", { name: "See the call" }).click();
  await page.waitForURL(`**/calls/${callSid}`);
  await page.goBack();
  await page.getByText("Everything is heard").waitFor();
});

promise("a mark is set and taken back by hand", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Harbour Vet", availability: VOICEMAIL });
  const { id } = await leave(bay, tenant, "+14165550162");
  const page = await open(`/tenants/${tenant.id}/voicemails`);
  const heard = async () => (await bay.api("GET", `/api/voicemails/${id}`)).heard;
  await item(page, "+1 416 555 0162").getByRole("button", { name: "Mark heard" }).click();
  await bay.until("it is marked", heard);
  await page.getByRole("link", { name: "All", exact: true }).click();
  await item(page, "+1 416 555 0162").getByRole("button", { name: "Mark unheard" }).click();
  await bay.until("the mark is gone", async () => !(await heard()));
  await page.getByRole("link", { name: "Unheard", exact: true }).click();
  await item(page, "+1 416 555 0162").getByText("Unheard").waitFor();
});

promise("a recording that is gone says so, and what to do", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Corner Garage", availability: VOICEMAIL });
  await leave(bay, tenant, "+14165550163", { kept: false });
  const page = await open(`/tenants/${tenant.id}/voicemails`);
  const left = item(page, "+1 416 555 0163");
  await left.locator("audio").focus();
  await page.keyboard.press("Space");
  await left.getByText("The recording is gone").waitFor();
  await left.getByRole("link", { name: "Call back" }).waitFor();
  await axe(page);
});

promise("who may only look listens, and marks nothing", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Acme Pizza", availability: VOICEMAIL });
  const other = await bay.tenant({ name: "Bella Napoli", availability: VOICEMAIL });
  await leave(bay, tenant, "+14165550164");
  await leave(bay, other, "+14165550165");
  const page = await open("/voicemails", { token: await bay.token(`tenant:${tenant.id}`, "read") });
  await item(page, "+1 416 555 0164").locator("audio").waitFor();
  assert.equal(await page.getByRole("button", { name: /^Mark/ }).count(), 0);
  assert.equal(await item(page, "+1 416 555 0165").count(), 0);
});

promise("what was said is found by its words, on a phone in the dark", async ({ bay, open, axe }) => {
  const tenant = await bay.tenant({ name: "Orchard Salon", availability: VOICEMAIL });
  await leave(bay, tenant, "+14165550166");
  const page = await open(`/tenants/${tenant.id}/voicemails`, { phone: true, theme: "dark" });
  await page.getByRole("searchbox", { name: "Search", exact: true }).fill("call me back");
  await page.waitForURL(/q=call/);
  await item(page, "+1 416 555 0166").waitFor();
  await axe(page);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "it scrolls sideways");
  await page.getByRole("searchbox", { name: "Search", exact: true }).fill("something never said");
  await page.getByText("No voicemail is like this").waitFor();
});
