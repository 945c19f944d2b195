// What is written in the form of a tenant, and what of it is to be saved.
import { asSent } from "../../api/client";
import type { ConnectChange, Tenant, TenantChange } from "../../api/schema";
import { quoted } from "../../ui/shell";

export interface TenantDraft {
  name: string;
  slug: string;
  timezone: string;
  country: string;
  language: string;
  voice: string;
  targetKind: "shared" | "assistant" | "squad";
  targetId: string;
  via: Tenant["connect"]["via"];
  sipUri: string;
  username: string;
  password: string;
  timeoutSeconds: string;
}

export function draftOf({ target, connect, ...tenant }: Tenant): TenantDraft {
  return {
    name: tenant.name,
    slug: tenant.slug,
    timezone: tenant.timezone,
    country: tenant.country,
    language: tenant.language ?? "",
    voice: tenant.voice ?? "",
    targetKind: target?.kind ?? "shared",
    targetId: target?.id ?? "",
    via: connect.via,
    sipUri: connect.sipUri ?? "",
    username: connect.username ?? "",
    password: "",
    timeoutSeconds: connect.timeoutSeconds === undefined ? "" : String(connect.timeoutSeconds),
  };
}

/** Only what differs from what was seen; what was emptied is taken away. */
export function changeOf(seen: Tenant, draft: TenantDraft): TenantChange {
  const was = draftOf(seen);
  const differs = (key: keyof TenantDraft) => draft[key].trim() !== was[key];
  const orNull = (text: string) => (text.trim() === "" ? null : text.trim());
  const change: TenantChange = {};
  if (differs("name")) change.name = draft.name.trim();
  if (differs("slug")) change.slug = draft.slug.trim();
  if (differs("timezone")) change.timezone = draft.timezone;
  if (differs("country")) change.country = draft.country.trim().toUpperCase();
  if (differs("language")) change.language = orNull(draft.language);
  if (differs("voice")) change.voice = orNull(draft.voice);
  if (differs("targetKind") || (draft.targetKind !== "shared" && differs("targetId"))) {
    change.target = draft.targetKind === "shared" ? null : { kind: draft.targetKind, id: draft.targetId.trim() };
  }
  const connect: ConnectChange = {};
  if (differs("via")) connect.via = draft.via;
  if (differs("sipUri")) connect.sipUri = orNull(draft.sipUri);
  if (differs("username")) connect.username = orNull(draft.username);
  if (draft.password !== "") connect.password = draft.password;
  if (differs("timeoutSeconds")) {
    const seconds = orNull(draft.timeoutSeconds);
    // What is no number is sent as it is: the server says what is wrong with it, at its place.
    connect.timeoutSeconds = seconds === null ? null : /^\d+$/.test(seconds) ? Number(seconds) : asSent(seconds);
  }
  if (Object.keys(connect).length > 0) change.connect = connect;
  return change;
}

/** The same by `patchbay tenants change`. */
export function commandOf(tenant: Tenant, change: TenantChange): string {
  const words = ["patchbay tenants change", tenant.slug];
  const set = (flag: string, value: unknown) => {
    if (typeof value === "string" || typeof value === "number") words.push(`--${flag} ${quoted(String(value))}`);
    else if (value === null) words.push(`--clear ${flag}`);
  };
  set("name", change.name);
  set("slug", change.slug);
  set("timezone", change.timezone);
  set("country", change.country);
  set("language", change.language);
  set("voice", change.voice);
  set("target", change.target == null ? change.target : `${change.target.kind}:${change.target.id}`);
  const { connect } = change;
  if (connect !== undefined) {
    set("via", connect.via);
    set("sip-uri", connect.sipUri);
    if (connect.username === null) words.push("--clear credentials");
    else set("username", connect.username);
    if (connect.password != null) words.push("--password-env VAPI_SIP_PASSWORD");
    set("timeout-seconds", connect.timeoutSeconds);
  }
  return words.join(" ");
}
