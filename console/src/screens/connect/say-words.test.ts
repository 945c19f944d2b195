// What the form says is what is sent, and what the command says too.
import { expect, test } from "vitest";
import { changeOf, commandOf, pbxOf, requestOf, saidOf } from "./say-words";

const said = { ...saidOf(null), number: "(312) 555-0188", pbx: "Free PBX", areaCode: " 312 " };

test("each method sends what belongs to it and nothing of the others", () => {
  expect(changeOf("forwarded", said, null)).toEqual({
    method: "forwarded",
    clinicNumber: "+13125550188",
    areaCode: "312",
  });
  expect(changeOf("ported", { ...said, carrier: "Acme Telecom", areaCode: "" }, null)).toEqual({
    method: "ported",
    phoneNumber: "+13125550188",
    currentCarrier: "Acme Telecom",
    wantsTemporaryNumber: false,
  });
  expect(changeOf("sip", { ...said, wantsNumber: false, areaCode: "" }, null)).toEqual({
    method: "sip",
    clinicNumber: "+13125550188",
    pbxType: "Free PBX",
    needsPhoneNumber: false,
  });
});

test("addresses are sent only where the phone system is known by them", () => {
  const addresses = "203.0.113.7\n203.0.113.64/28, 198.51.100.1";
  expect(changeOf("sip", { ...said, signsIn: "address", addresses }, null).sourceIps).toEqual([
    "203.0.113.7",
    "203.0.113.64/28",
    "198.51.100.1",
  ]);
  expect(changeOf("sip", { ...said, addresses }, null).sourceIps).toBeUndefined();
});

test("the command is what the request is", () => {
  expect(commandOf("bella-napoli", changeOf("sip", { ...said, wantsNumber: false }, null))).toBe(
    "patchbay tenants phone bella-napoli --method sip --clinic-number +13125550188 --pbx-type 'Free PBX' --without-number --area-code 312",
  );
});

test("a request of a guide is taken apart", () => {
  expect(requestOf('PUT /api/tenants/t/phone-integration {"method":"sip"}')).toEqual({
    method: "PUT",
    path: "/api/tenants/t/phone-integration",
    body: { method: "sip" },
  });
  expect(requestOf("POST /api/tenants/t/deploy")).toEqual({ method: "POST", path: "/api/tenants/t/deploy" });
});

test("a phone system's name finds its guide", () => {
  expect([pbxOf("Free-PBX 17"), pbxOf("Asterisk 22"), pbxOf("RingCentral"), pbxOf("3CX")]).toEqual([
    "freepbx",
    "asterisk",
    "ringcentral",
    "generic",
  ]);
});
