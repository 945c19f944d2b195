// Outgoing webhooks: made on the page, told of a test, and what was given up sent again once the receiver is well.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { promise } from "./support.mjs";

/** A receiver on this machine that keeps what it is told, and answers as it is told to. */
async function receiver() {
  const got = [];
  const behaviour = { status: 200 };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      got.push({ headers: request.headers, body });
      response.writeHead(behaviour.status).end();
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  server.unref();
  return { got, behaviour, url: `http://127.0.0.1:${server.address().port}/hook`, close: () => server.close() };
}

async function allowed(bay) {
  if (bay.more !== undefined) return;
  bay.more = { PATCHBAY_WEBHOOKS__ALLOW_NETWORKS: "127.0.0.0/8" };
  await bay.restart();
}

const signed = ({ headers, body }, secret) => {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const digest = createHmac("sha256", key).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  return headers["webhook-signature"].split(" ").includes(`v1,${digest.digest("base64")}`);
};

promise("an endpoint made here is told of a test, signed with the secret that was shown once", async ({ bay, open }) => {
  await allowed(bay);
  const there = await receiver();
  const page = await open("/webhooks");
  await page.getByRole("button", { name: "New webhook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address").fill(there.url);
  await dialog.getByText("A caller left a voicemail").click();
  await dialog.getByRole("button", { name: "Create" }).click();
  const secret = (await page.getByRole("group", { name: "the secret" }).innerText()).trim();
  await page.getByRole("button", { name: "Go to the webhook" }).click();

  await page.getByRole("button", { name: "Send a test" }).click();
  const delivery = page.getByRole("list", { name: "Deliveries" }).getByRole("listitem").first();
  await delivery.getByText("Delivered").waitFor();
  await delivery.getByText("the receiver answered 200").waitFor();
  assert.equal(there.got.length, 1);
  assert.ok(signed(there.got[0], secret), "it is signed with the secret");

  await page.getByRole("button", { name: "Rotate the secret" }).click();
  await dialog.getByRole("button", { name: "Rotate" }).click();
  const next = (await page.getByRole("group", { name: "the new secret" }).innerText()).trim();
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Send a test" }).click();
  await bay.until("the second test", async () => there.got.length === 2);
  assert.ok(signed(there.got[1], secret) && signed(there.got[1], next), "both are good meanwhile");
  there.close();
});

promise("what an endpoint did not take is told with what to do, and sent again under the same id", async ({ bay, open }) => {
  await allowed(bay);
  const there = await receiver();
  there.behaviour.status = 503;
  const { id } = await bay.api("POST", "/api/webhooks", { url: there.url, events: ["call.ended"] });
  const page = await open(`/webhooks/${id}`);
  await page.getByRole("button", { name: "Send a test" }).click();
  const delivery = page.getByRole("list", { name: "Deliveries" }).getByRole("listitem").first();
  await delivery.getByText("the receiver answered 503").waitFor();
  await delivery.getByText("mend it there, then send again").waitFor();

  // What was still to be sent is given up where an endpoint is switched off.
  for (const deed of ["Switch off", "Switch on"]) {
    await page.getByRole("button", { name: deed }).click();
    await page.getByRole("dialog").getByRole("button", { name: deed }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  await delivery.getByText("Given up").waitFor();
  there.behaviour.status = 200;
  await page.getByRole("button", { name: "Send all given up again" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send again" }).click();
  await delivery.getByText("Delivered").waitFor();
  assert.equal(new Set(there.got.map(({ headers }) => headers["webhook-id"])).size, 1);
  there.close();
});

promise("an address that may not be reached is refused where it is typed, and nothing typed is lost", async ({ open }) => {
  const page = await open("/webhooks");
  await page.getByRole("button", { name: "New webhook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address").fill("https://10.1.2.3/hook");
  await dialog.getByLabel("Description, optional").fill("The CRM of Acme");
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.getByText("private").first().waitFor();
  assert.equal(await dialog.getByLabel("Description, optional").inputValue(), "The CRM of Acme");
});

promise("a webhook that is deleted is told nothing more", async ({ bay, open }) => {
  const { id } = await bay.api("POST", "/api/webhooks", { url: "https://hooks.example.com/patchbay", events: ["call.ended"] });
  const page = await open(`/webhooks/${id}`);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.waitForURL("**/webhooks");
  await assert.rejects(bay.api("GET", `/api/webhooks/${id}`), /404/);
});
