// A business is connected: a way is chosen, said, set up, and tried with a call whose webhook is seen as it arrives.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

async function business(bay, name) {
  return bay.api("POST", "/api/tenants", {
    name,
    timezone: "America/Chicago",
    country: "US",
    target: { kind: "assistant", id: "front-desk" },
  });
}

promise("a business is connected over SIP: its password is shown once, it is set up, and its call is seen arriving", async ({
  bay,
  open,
  axe,
}) => {
  const tenant = await business(bay, "Smile Dental");
  const page = await open(`/tenants/${tenant.id}/connect`);
  await page.getByRole("button", { name: "Use the phone system" }).click();
  await page.getByLabel("The number its callers know").fill("(312) 555-0188");
  await page.getByRole("textbox", { name: "Its phone system" }).fill("FreePBX");
  await page.getByText("Get a number of ours too").click();
  await page.getByRole("button", { name: /^Keep/ }).click();

  const once = page.getByRole("alert", { name: "Name and password for the phone system" });
  await once.waitFor();
  const [username, password] = await once.locator("code").allTextContents();
  assert.match(username, /^sip_[0-9a-f]{8}$/);
  assert.ok(password.length >= 20);
  await once.getByRole("button", { name: "Copy the password" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), password);
  await page.getByText("pjsip.conf", { exact: true }).first().click();
  await page.getByText(`password=${password}`).waitFor();
  await axe(page);

  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await page.getByText("Set up since").waitFor();
  await page.getByText("Let the SIP user name in").waitFor();

  await page.getByRole("button", { name: "Wait for my call" }).click();
  await page.getByText("Waiting: call now").waitFor();
  await bay.walk(`sip:${username}@calls.sip.twilio.com`, "--sip-username", username);
  await page.getByText("It has arrived").waitFor();
  await page.locator(".arrived").getByText("over SIP").waitFor();
  await page.getByText("The AI always answers").last().waitFor();
  await axe(page);

  await page.reload();
  await page.getByText("Set up since").waitFor();
  assert.doesNotMatch(await page.content(), new RegExp(password), "it is shown once");
});

promise("what somebody else said meanwhile is not lost, nor is what was typed", async ({ bay, open }) => {
  const tenant = await business(bay, "Harbour Vet");
  const path = `/api/tenants/${tenant.id}/phone-integration`;
  await bay.api("PUT", path, { method: "forwarded", clinicNumber: "+13125550150" });
  const page = await open(`/tenants/${tenant.id}/connect`);
  await page.getByRole("button", { name: "Change it" }).click();
  await page.getByLabel("The number its callers know").fill("+13125550151");
  await bay.api("PUT", path, { method: "forwarded", clinicNumber: "+13125550152" });
  await page.getByRole("button", { name: /^Keep:/ }).click();
  await page.getByText("Somebody else changed this meanwhile").waitFor();
  assert.equal((await bay.api("GET", path)).clinicNumber, "+13125550152", "theirs stands");
  await page.getByRole("button", { name: "Keep mine" }).click();
  await bay.until("mine is kept", async () => (await bay.api("GET", path)).clinicNumber === "+13125550151");
});

promise("a number that moves is checked, told of, and handed in; its way is told in words", async ({ bay, open, axe }) => {
  const tenant = await business(bay, "Birch Vet");
  const { orgId } = await bay.api("GET", `/api/tenants/${tenant.id}`);
  await bay.api("PUT", `/api/orgs/${orgId}/billing`, { status: "verified" });
  const page = await open(`/tenants/${tenant.id}/connect?method=ported`);
  await page.getByLabel("The number that moves").fill("+17735550110");
  await page.getByLabel("The carrier it is with").fill("Acme Telecom");
  await page.getByRole("button", { name: /^Keep:/ }).click();
  await page.getByRole("button", { name: "Ask Twilio", exact: true }).click();
  await page.getByText("It can come", { exact: true }).waitFor();
  const papers = {
    Street: "12 Example Street",
    City: "Springfield",
    State: "IL",
    "ZIP code": "62701",
    "Account number at the carrier": "0012",
    "Who may sign": "Robin Example",
    "Their e-mail, where the letter goes": "robin@example.com",
  };
  for (const [label, text] of Object.entries(papers)) await page.getByLabel(label, { exact: true }).fill(text);
  await page.getByRole("button", { name: "Keep it" }).click();
  await page.getByText("Told, not shown again").first().waitFor();
  const ask = page.getByRole("button", { name: "Ask for the number", exact: true });
  assert.ok(await ask.isDisabled(), "the bill is missing");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose the bill" }).click(),
  ]);
  await chooser.setFiles({ name: "bill.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\n%%EOF") });
  await page.getByText("Twilio has one since").waitFor();
  await axe(page);
  await ask.click();
  await page.getByRole("heading", { name: "What happened" }).waitFor();
  await page.getByText("Handed in").first().waitFor();
});

promise("the three ways stand side by side on a phone without scrolling sideways", async ({ bay, open, axe }) => {
  const tenant = await business(bay, "Acme Pizza");
  const page = await open(`/tenants/${tenant.id}/connect`, { phone: true, theme: "dark" });
  for (const name of ["Forward its calls here", "Send calls from its phone system", "Move the number here"]) {
    await page.getByRole("article", { name }).getByText("Best for:").waitFor();
  }
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0);
  await axe(page);
});
