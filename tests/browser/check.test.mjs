// The settings check: what is amiss first, why signatures were refused, and two URLs letter by letter.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

promise("the check says what deserves a look and where it is set, before what is well", async ({ open }) => {
  const page = await open("/check");
  await page.getByRole("heading", { name: "Settings check", level: 1 }).waitFor();
  await page.getByText("PATCHBAY_EDGE__PUBLIC_URL").first().waitFor();
  const text = await page.locator("main").innerText();
  assert.ok(text.indexOf("Warning") < text.indexOf("What is well"));
  await page.getByRole("button", { name: "Check again" }).click();
  await page.getByText("PATCHBAY_EDGE__PUBLIC_URL").first().waitFor();
});

promise("a call that is signed wrongly is counted, with what it means and what to do", async ({ bay, open }) => {
  const url = `http://${bay.edge}/api/twilio/voice`;
  const body = new URLSearchParams({ AccountSid: "AC00000000000000000000000000000001", CallSid: "CA1", To: "+12055550101" });
  const answer = await fetch(url, { method: "POST", headers: { "X-Twilio-Signature": "bm90IGEgc2lnbmF0dXJlIGF0IGFsbA==" }, body });
  assert.equal(answer.status, 403);
  const page = await open("/check");
  await page.getByRole("region", { name: "Signatures" }).getByText("Next:").first().waitFor();
  await page.getByRole("button", { name: /^Compare/ }).first().waitFor();
});

promise("the URL Twilio calls is compared with the public one letter by letter, and a link shows the same", async ({ bay, open }) => {
  bay.more = { PATCHBAY_EDGE__PUBLIC_URL: `https://calls.example.com,http://${bay.edge}` };
  await bay.restart();
  const page = await open("/check");
  const tool = page.getByRole("region", { name: "Compare the URLs" });
  await tool.getByLabel("The URL Twilio calls").fill("https://calls.example.com/api/twilio/voice/");
  await tool.getByText("There is a slash at the end.").waitFor();
  assert.deepEqual(await tool.locator("mark").allInnerTexts(), ["/"]);
  const link = new URL(page.url());
  const again = await open(link.pathname + link.search);
  await again.getByText("There is a slash at the end.").waitFor();
  await again.getByLabel("The URL Twilio calls").fill("https://calls.example.com/api/twilio/voice");
  await again.getByText("They fit").waitFor();
});

promise("who is no operator is told who may look", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Smile Dental" });
  const page = await open("/check", { token: await bay.token(`tenant:${tenant.id}`) });
  await page.getByRole("heading", { name: "Not for this token" }).waitFor();
  await page.getByText("The settings are for operators").waitFor();
  assert.equal(await page.getByRole("link", { name: "Settings check" }).count(), 0);
});
