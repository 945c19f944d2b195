// What is said of how a business is reached: a form, and the change it makes.
import type { GuideMethod, PhoneIntegration, PhoneIntegrationChange } from "../../api/schema";
import { quoted } from "../../ui/shell";
import { dialled } from "../numbers/number-words";

export interface Said {
  number: string;
  carrier: string;
  temporary: boolean;
  pbx: string;
  signsIn: "password" | "address";
  addresses: string;
  wantsNumber: boolean;
  areaCode: string;
}

export const METHODS: Record<GuideMethod, { name: string; choose: string }> = {
  ported: { name: "Move the number here", choose: "Move it here" },
  forwarded: { name: "Forward its calls here", choose: "Forward calls" },
  sip: { name: "Send calls from its phone system", choose: "Use the phone system" },
};

export function saidOf(known: PhoneIntegration | null): Said {
  return {
    number: known?.phoneNumber ?? known?.clinicNumber ?? "",
    carrier: known?.currentCarrier ?? "",
    temporary: known?.wantsTemporaryNumber ?? false,
    pbx: known?.pbxType ?? "",
    signsIn: (known?.sourceIps ?? []).length > 0 ? "address" : "password",
    addresses: (known?.sourceIps ?? []).join("\n"),
    wantsNumber:
      known?.needsPhoneNumber ?? (known === null || known.method !== "sip" || known.twilioSipNumber !== undefined),
    areaCode: known?.areaCode ?? "",
  };
}

/** What is sent. What belongs to another method is left out; what is not said is the server's to settle. */
export function changeOf(method: GuideMethod, said: Said, known: PhoneIntegration | null): PhoneIntegrationChange {
  const number = dialled(said.number);
  const areaCode = said.areaCode.trim() === "" ? {} : { areaCode: said.areaCode.trim() };
  switch (method) {
    case "ported":
      return {
        method,
        phoneNumber: number,
        ...(said.carrier.trim() === "" ? {} : { currentCarrier: said.carrier.trim() }),
        wantsTemporaryNumber: said.temporary,
        ...areaCode,
      };
    case "forwarded":
      return { method, clinicNumber: number, ...areaCode };
    case "sip": {
      const sourceIps = said.signsIn === "password" ? [] : said.addresses.split(/[\s,]+/).filter((one) => one !== "");
      // Where it has a number of ours already, whether to get one is no question any more.
      const wants = known?.twilioSipNumber !== undefined ? {} : { needsPhoneNumber: said.wantsNumber };
      return {
        method,
        clinicNumber: number,
        ...(said.pbx.trim() === "" ? {} : { pbxType: said.pbx.trim() }),
        ...(sourceIps.length === 0 ? {} : { sourceIps }),
        ...wants,
        ...areaCode,
      };
    }
  }
}

/** The same as a command. */
export function commandOf(slug: string, change: PhoneIntegrationChange): string {
  const number = change.phoneNumber ?? change.clinicNumber ?? "";
  const parts = [`patchbay tenants phone ${slug} --method ${change.method} --clinic-number ${number || "NUMBER"}`];
  if (change.currentCarrier) parts.push(`--carrier ${quoted(change.currentCarrier)}`);
  if (change.wantsTemporaryNumber === true) parts.push("--temporary-number");
  if (change.pbxType) parts.push(`--pbx-type ${quoted(change.pbxType)}`);
  const addresses = change.sourceIps ?? [];
  if (addresses.length > 0) parts.push(`--source-ips ${addresses.join(",")}`);
  if (change.needsPhoneNumber === false) parts.push("--without-number");
  if (change.areaCode) parts.push(`--area-code ${quoted(change.areaCode)}`);
  if (change.renewSipPassword === true) parts.push("--renew-sip-password");
  return parts.join(" ");
}

/** `PUT /api/… {…}`, as guides write it, taken apart. */
export function requestOf(text: string): {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
} {
  const [, method, path, rest] = /^(\w+) (\S+)\s*(.*)$/s.exec(text) ?? [undefined, "GET", text, ""];
  const known = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
  const verb = known.find((one) => one === method) ?? "GET";
  try {
    return rest === "" || rest === undefined
      ? { method: verb, path: path ?? "" }
      : { method: verb, path: path ?? "", body: JSON.parse(rest) };
  } catch {
    return { method: verb, path: path ?? "" };
  }
}

export const PBXES = [
  { value: "generic", label: "Any other" },
  { value: "ringcentral", label: "RingCentral" },
  { value: "freepbx", label: "FreePBX" },
  { value: "asterisk", label: "Asterisk" },
] as const;

export type Pbx = (typeof PBXES)[number]["value"];

/** The guide that fits what a telephone system is called. */
export function pbxOf(name: string): Pbx {
  const bare = name.toLowerCase().replaceAll(/[^a-z]/g, "");
  if (bare.includes("ringcentral")) return "ringcentral";
  if (bare.includes("freepbx")) return "freepbx";
  if (bare.includes("asterisk")) return "asterisk";
  return "generic";
}
