// What is drawn, typed or chosen on the availability page decides the next call, and nothing typed is ever lost.
import assert from "node:assert/strict";
import { promise } from "./support.mjs";

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/** A zone in which it is about noon now, so that no day ends while a promise is kept. */
function noonZone() {
  const behind = new Date().getUTCHours() - 12;
  return behind === 0 ? "Etc/UTC" : `Etc/GMT${behind > 0 ? "+" : "-"}${Math.abs(behind)}`;
}

/** Today in a zone: its place in a week that begins on Monday, its name, its date. */
function todayIn(timeZone) {
  const weekday = new Intl.DateTimeFormat("en-US", { weekday: "long", timeZone }).format(new Date());
  const date = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone }).format(new Date());
  return { weekday, date, column: (WEEKDAYS.indexOf(weekday.toLowerCase()) + 6) % 7 };
}

const CLOSED_WEEK = {
  mode: "after-hours-only",
  afterHours: { enabled: true, businessHours: { schedule: {} } },
  fallback: { type: "voicemail" },
};

const byAi = /<Sip\b/;
const byVoicemail = /<Record\b/;

async function hears(bay, tenant, what) {
  const { sid, twiml } = await bay.call({ to: tenant.number });
  await bay.hangUp(sid, { to: tenant.number });
  assert.match(twiml, what);
}

async function saves(page) {
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("region", { name: "Unsaved changes" }).waitFor({ state: "detached" });
  await page.getByText("Saved. It holds from the next call on.").first().waitFor();
}

const hoursOf = (page, day) => page.getByRole("slider", { name: `${day} hours` });

/** Draws on the week: from an hour of a day's column to another hour, maybe in the next column. */
async function draw(page, [column, from], [endColumn, to]) {
  const days = page.locator(".week-days");
  await days.evaluate((element) => element.scrollIntoView({ block: "center" }));
  const { x, y, width, height } = await days.boundingBox();
  const spot = (day, hour) => [x + ((day + 0.5) * width) / 7, y + (hour * height) / 24];
  await page.mouse.move(...spot(column, from));
  await page.mouse.down();
  await page.mouse.move(...spot(column, (from + to) / 2));
  await page.mouse.move(...spot(endColumn, to), { steps: 4 });
  await page.mouse.up();
}

promise("hours drawn with the mouse decide the next call", async ({ bay, open, axe }) => {
  const timezone = noonZone();
  const { weekday, column } = todayIn(timezone);
  const tenant = await bay.tenant({ name: "Smile Dental", timezone, availability: CLOSED_WEEK });
  await hears(bay, tenant, byAi);
  const page = await open(`/tenants/${tenant.id}/availability`);
  await page.getByText("the week has no opening hours").waitFor();

  await draw(page, [column, 8], [column, 18]);
  await page.getByText(`outside ${weekday.slice(0, 3)} 8:00–18:00`).waitFor();
  await hears(bay, tenant, byAi);
  await axe(page);
  await saves(page);
  await hears(bay, tenant, byVoicemail);

  // Held in its middle it is moved: two hours of the early morning, when nobody calls now.
  await draw(page, [column, 17.95], [column, 10]);
  await page.getByText(`outside ${weekday.slice(0, 3)} 8:00–10:00`).waitFor();
  await saves(page);
  await hears(bay, tenant, byAi);
});

promise("hours set by keyboard alone decide the next call", async ({ bay, open }) => {
  const timezone = noonZone();
  const { weekday } = todayIn(timezone);
  const tenant = await bay.tenant({ name: "Harbour Vet", timezone, availability: CLOSED_WEEK });
  const page = await open(`/tenants/${tenant.id}/availability`);
  await page.getByRole("button", { name: `Add an interval on ${weekday}`, exact: true }).focus();
  await page.keyboard.press("Enter");
  const hours = hoursOf(page, weekday);
  const says = (text) => assert.doesNotReject(() => page.locator(`[aria-valuetext="${weekday} ${text}"]:focus`).waitFor());
  await says("09:00 to 17:00");
  await page.keyboard.press("ArrowUp");
  await says("08:45 to 16:45");
  await page.keyboard.press("Shift+ArrowDown");
  await says("08:45 to 17:00");
  await page.keyboard.press("Alt+ArrowDown");
  await says("09:00 to 17:00");
  await page.keyboard.press("Control+s");
  await page.getByText("Saved. It holds from the next call on.").waitFor();
  await hears(bay, tenant, byVoicemail);

  await hours.focus();
  await page.keyboard.press("Delete");
  await hours.waitFor({ state: "detached" });
  await page.keyboard.press("Control+s");
  await bay.until("it is saved", async () => {
    const { afterHours } = await bay.api("GET", `/api/tenants/${tenant.id}/availability`);
    return afterHours.businessHours.schedule[weekday.toLowerCase()] === null;
  });
  await hears(bay, tenant, byAi);
});

promise("hours over midnight run into the next day, Sunday into Monday, drawn and typed", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Night Bakery", availability: CLOSED_WEEK });
  const page = await open(`/tenants/${tenant.id}/availability`);
  await draw(page, [2, 22], [3, 4]);
  await page.locator('[aria-valuetext="Wednesday 22:00 to 04:00 on Thursday"]').waitFor();

  await page.getByRole("button", { name: "Add an interval on Sunday, to type its times" }).click();
  await page.getByRole("textbox", { name: "Sunday from" }).fill("10 pm");
  await page.getByRole("textbox", { name: "Sunday until" }).fill("6");
  await page.keyboard.press("Tab");
  await page.locator('[aria-valuetext="Sunday 22:00 to 06:00 on Monday"]').waitFor();
  await page.locator(".week-block.tail", { hasText: "until 06:00" }).waitFor();
  await saves(page);

  const { afterHours } = await bay.api("GET", `/api/tenants/${tenant.id}/availability`);
  assert.deepEqual(afterHours.businessHours.schedule.sunday, { open: "22:00", close: "06:00" });
  for (const [at, reason] of [
    ["2026-12-07T05:59:00-05:00", "business-hours"],
    ["2026-12-07T06:00:00-05:00", "after-hours"],
    ["2026-12-10T03:59:00-05:00", "business-hours"],
  ]) {
    const { decision } = await bay.api("POST", `/api/tenants/${tenant.id}/simulate`, { at });
    assert.equal(decision.reason, reason, at);
  }
});

promise("a holiday chosen on the calendar closes the business, from the next call on", async ({ bay, open, axe }) => {
  const timezone = noonZone();
  const { weekday, date } = todayIn(timezone);
  const schedule = { [weekday.toLowerCase()]: { open: "00:00", close: "24:00" } };
  const availability = { ...CLOSED_WEEK, afterHours: { enabled: true, businessHours: { schedule } } };
  const tenant = await bay.tenant({ name: "Acme Pizza", timezone, availability });
  await hears(bay, tenant, byVoicemail);
  const page = await open(`/tenants/${tenant.id}/availability`);
  await page.getByRole("tab", { name: "Holidays and exceptions" }).click();
  await page.getByRole("grid").getByRole("button", { name: weekday, exact: false }).first().waitFor();
  await page.locator(".calendar-cell.today").click();
  await page.getByLabel("On this day").selectOption("closed");
  await page.locator(".calendar-cell.today.closed").waitFor();
  await axe(page);
  await saves(page);
  const saved = await bay.api("GET", `/api/tenants/${tenant.id}/availability`);
  assert.deepEqual(saved.afterHours.businessHours.holidays, [date]);
  await hears(bay, tenant, byAi);

  await page.getByLabel("Name").fill("Inventory");
  await page.getByLabel("On this day").selectOption("open");
  await saves(page);
  await hears(bay, tenant, byVoicemail);
});

promise("of two people who edit one tenant the second is told, and nothing is lost", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Corner Garage", availability: CLOSED_WEEK });
  const first = await open(`/tenants/${tenant.id}/availability?part=fallback`);
  const second = await open(`/tenants/${tenant.id}/availability`);
  await first.getByLabel("Greeting before the tone").fill("The garage is closed.");
  await draw(second, [0, 9], [0, 17]);
  await saves(first);
  await second.getByText("Somebody else changed this meanwhile").waitFor();
  assert.equal(await second.getByRole("button", { name: "Save", exact: true }).isDisabled(), true);
  await second.locator('[aria-valuetext="Monday 09:00 to 17:00"]').waitFor();
  await second.getByRole("button", { name: "Keep both" }).click();
  await saves(second);
  const saved = await bay.api("GET", `/api/tenants/${tenant.id}/availability`);
  assert.equal(saved.fallback.voicemailGreeting, "The garage is closed.");
  assert.deepEqual(saved.afterHours.businessHours.schedule.monday, { open: "09:00", close: "17:00" });

  // Both change the same: each way out is offered, and loading theirs can be undone.
  await first.getByLabel("Greeting before the tone").fill("Back at nine.");
  await second.getByRole("tab", { name: "Fallback" }).click();
  await second.getByLabel("Greeting before the tone").fill("Back at ten.");
  await saves(second);
  await first.getByText("You both changed the same").waitFor();
  await first.getByRole("button", { name: "Load theirs" }).click();
  assert.equal(await first.getByLabel("Greeting before the tone").inputValue(), "Back at ten.");
});

promise("a fault is shown at its field, and the words a caller hears are those that are spoken", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Bella Napoli", availability: { ...CLOSED_WEEK, mode: "disabled" } });
  const page = await open(`/tenants/${tenant.id}/availability`);
  await page.getByRole("radio", { name: /Are put through/ }).check({ force: true });
  const field = page.getByLabel("Number to ring");
  await field.fill("+1 (647)");
  await page.getByText("must be an E.164 number").first().waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  await page.getByRole("tab", { name: "Business hours" }).click();
  await page.getByRole("region", { name: "Unsaved changes" }).getByRole("button", { name: "Numbers to ring" }).click();
  await page.locator("input:focus").and(field).waitFor();
  await field.fill("+1 (205) 555-0198");
  await page.getByText("must be an E.164 number").first().waitFor({ state: "detached" });
  await page.getByText("Connecting you now.").waitFor();
  await page.getByLabel("Greeting before the tone").fill("Bella Napoli & friends are asleep.");
  await page.getByRole("region", { name: "What the caller hears" }).getByText("Bella Napoli & friends are asleep.").waitFor();
  await saves(page);
  await hears(bay, tenant, /<Say>Connecting you now\.<\/Say><Dial[^>]*><Number[^>]*>\+12055550198</);
});

promise("unsaved changes are asked about before they are left, and wait if one leaves", async ({ bay, open }) => {
  const tenant = await bay.tenant({ name: "Cedar Physio", availability: CLOSED_WEEK });
  const page = await open(`/tenants/${tenant.id}/availability`);
  await draw(page, [1, 9], [1, 12]);
  const elsewhere = page.getByRole("navigation", { name: "Cedar Physio" }).getByRole("link", { name: "History" });
  await elsewhere.click();
  await page.getByRole("button", { name: "Stay" }).click();
  await elsewhere.click();
  await page.getByRole("button", { name: "Leave, keep for later" }).click();
  await page.waitForURL("**/history");
  await page.goBack();
  await page.locator('[aria-valuetext="Tuesday 09:00 to 12:00"]').waitFor();
  await page.getByRole("button", { name: "Undo all" }).click();
  await page.getByText("the week has no opening hours").waitFor();
});

promise("who may only look sees the settings and no way to change them", async ({ bay, open, axe }) => {
  const schedule = { monday: { open: "09:00", close: "17:00" } };
  const availability = { ...CLOSED_WEEK, afterHours: { enabled: true, businessHours: { schedule } } };
  const tenant = await bay.tenant({ name: "Maple Books", availability });
  const token = await bay.token(`tenant:${tenant.id}`, "read");
  const page = await open(`/tenants/${tenant.id}/availability`, { token, phone: true });
  await page.getByText("your token can only read").waitFor();
  await page.locator('[aria-valuetext="Monday 09:00 to 17:00"]').waitFor();
  await hoursOf(page, "Monday").focus();
  await page.keyboard.press("Delete");
  await page.locator('[aria-valuetext="Monday 09:00 to 17:00"]').waitFor();
  assert.equal(await page.getByRole("button", { name: /Add an interval/ }).count(), 0);
  await axe(page);
});
