// By which settings past calls are decided: those there are, those of a version, or a text that is edited here.
import { useMemo, useState } from "react";
import { api, faultsOf } from "../../api/client";
import type { Availability, Tenant, Version } from "../../api/schema";
import { Note } from "../../ui/badge";
import { Choice, Select, TextField } from "../../ui/field";
import { useInUrl } from "../../ui/in-url";
import { timeText } from "../../ui/time";
import { faultOfJson } from "./json";

type Kind = "present" | "version" | "edited";

export function useReplaySettings(tenant: Tenant) {
  const [params, change] = useInUrl();
  const by = params.get("by") ?? "";
  const kind: Kind = by === "edited" ? "edited" : by === "" ? "present" : "version";
  const path = { params: { path: { id: tenant.id } } };
  const present = api.useQuery("get", "/api/tenants/{id}/availability", path);
  const versions = api.useQuery(
    "get",
    "/api/tenants/{id}/versions",
    { params: { path: { id: tenant.id }, query: { limit: 200 } } },
    { enabled: kind === "version" },
  );
  const [text, setText] = useState<string>();
  const shown = text ?? (present.data === undefined ? "" : JSON.stringify(present.data, null, 2));
  const fault = useMemo(() => faultOfJson(shown), [shown]);
  const version = versions.data?.data.find((one) => String(one.version) === by);
  const edited = useMemo(() => (fault === undefined ? (JSON.parse(shown) as Availability) : undefined), [shown, fault]);
  const given = { present: undefined, version: version?.availability, edited };
  return {
    kind,
    by,
    change,
    versions,
    text: shown,
    setText,
    fault: kind === "edited" ? fault : undefined,
    /** None means those there are. */
    availability: given[kind],
    isReady: kind === "present" || given[kind] !== undefined,
    words: { present: "the present settings", version: `those of version ${by}`, edited: "the edited settings" }[kind],
    /** Whether what was refused is shown beside the settings. */
    tells: (error: unknown) => kind === "edited" && faultsIn(error).length > 0,
  };
}

function faultsIn(error: unknown) {
  const faults = faultsOf(error);
  return faults.filter(({ pointer }) => pointer.startsWith("/availability"));
}

export function SettingsPart({
  tenant,
  settings,
  refused,
}: {
  tenant: Tenant;
  settings: ReturnType<typeof useReplaySettings>;
  refused: unknown;
}) {
  const { kind, change, by } = settings;
  return (
    <>
      <Choice<Kind>
        label="Decided by"
        value={kind}
        onChange={(next) =>
          change({ by: { present: undefined, version: String(tenant.version), edited: "edited" }[next] })
        }
        options={[
          { value: "present", label: "The present settings", hint: "What would happen to these calls today" },
          { value: "version", label: "Those of an older version", hint: "As they were saved once" },
          { value: "edited", label: "Settings not saved", hint: "Edit them here, and try them out" },
        ]}
      />
      {kind === "version" && <VersionField tenant={tenant} by={by} settings={settings} />}
      {kind === "edited" && (
        <div className="stack">
          <TextField
            label="Settings, as JSON"
            value={settings.text}
            onChange={settings.setText}
            lines={16}
            mono
            error={settings.fault}
            hint="They begin as the present ones. Nothing written here is saved."
          />
          <Faults refused={refused} />
        </div>
      )}
    </>
  );
}

function VersionField({
  tenant,
  by,
  settings: { versions, change },
}: {
  tenant: Tenant;
  by: string;
  settings: ReturnType<typeof useReplaySettings>;
}) {
  const known = versions.data?.data ?? [];
  const isMissing = versions.data !== undefined && !known.some(({ version }) => String(version) === by);
  const told = (one: Version) => {
    const who = one.by === null ? "" : ` · ${one.by}`;
    return `${one.version} · ${timeText(one.at, tenant.timezone, "full")}${who}`;
  };
  return (
    <div className="stack tight">
      <Select
        label="Version"
        value={by}
        onChange={(next) => change({ by: next })}
        options={[
          ...(isMissing || versions.data === undefined ? [{ value: by, label: by }] : []),
          ...known.map((one) => ({ value: String(one.version), label: told(one) })),
        ]}
      />
      {versions.isError && <p className="field-error">The versions cannot be had now. Try again in a moment.</p>}
      {isMissing && <p className="field-error">Version {by} is not kept any more, or not among the last 200.</p>}
    </div>
  );
}

function Faults({ refused }: { refused: unknown }) {
  const faults = faultsIn(refused);
  if (faults.length === 0) return null;
  return (
    <Note tone="bad" title="These settings are not valid">
      <ul className="list-plain">
        {faults.map(({ pointer, detail }) => (
          <li key={`${pointer} ${detail}`}>
            <code>{pointer.replace("/availability", "") || "/"}</code>: {detail}
          </li>
        ))}
      </ul>
    </Note>
  );
}
