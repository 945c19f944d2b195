// A new business: its name and clock, who answers for it, and whether a number is got at once.
import { useState } from "react";
import { useLocation } from "wouter";
import { faultAt, http, onceKey, words } from "../../api/client";
import type { NewTenant as Body } from "../../api/schema";
import { useSession } from "../../app/session";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Checkbox, Select, TextField } from "../../ui/field";
import { OrgPick } from "../../ui/pick";
import { SameBy } from "../../ui/same-by";
import { quoted } from "../../ui/shell";
import { ownZone } from "../../ui/time";
import { say } from "../../ui/toast";
import { ZoneField } from "../../ui/zone-field";
import { useRefresh } from "../tenant/stale";
import { slugOf } from "./slug";

type Kind = "shared" | "assistant" | "squad";

export function NewTenant({ onClose }: { onClose: () => void }) {
  const { isOperator } = useSession();
  const [, go] = useLocation();
  const refresh = useRefresh();
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string>();
  const [timezone, setTimezone] = useState(ownZone);
  const [country, setCountry] = useState("US");
  const [kind, setKind] = useState<Kind>("assistant");
  const [targetId, setTargetId] = useState("");
  const [orgId, setOrgId] = useState("");
  const [assignPhone, setAssignPhone] = useState(false);
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  // The same press sent twice makes one tenant; another body is another press.
  const [key, setKey] = useState({ of: "", key: "" });

  const body: Body = {
    name: name.trim(),
    timezone,
    country: country.trim().toUpperCase(),
    ...(slug === undefined || slug.trim() === "" ? {} : { slug: slug.trim() }),
    ...(kind === "shared" ? {} : { target: { kind, id: targetId.trim() } }),
    ...(orgId === "" ? {} : { orgId }),
    ...(assignPhone ? { assignPhone } : {}),
  };
  const fault = (pointer: string) => faultAt(state.error, pointer);

  const make = async () => {
    const of = JSON.stringify(body);
    const once = key.of === of ? key : { of, key: onceKey() };
    setKey(once);
    setState({ busy: true });
    try {
      const { data } = await http.POST("/api/tenants", { params: { header: { "Idempotency-Key": once.key } }, body });
      void refresh();
      if (data === undefined) return;
      say(data.jobId === undefined ? `${data.name} is made` : `${data.name} is made, and a number is being got for it`);
      go(data.jobId === undefined ? `/tenants/${data.id}` : `/jobs/${data.jobId}`);
    } catch (error) {
      setState({ busy: false, error });
    }
  };

  return (
    <Dialog title="New tenant" isOpen onClose={onClose} wide>
      <form
        className="stack wide"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <p className="soft">
          It begins with the AI always answering, and voicemail where it cannot. All of it can change.
        </p>
        <div className="grid">
          <TextField
            label="Name"
            hint="Callers hear it"
            value={name}
            onChange={setName}
            error={fault("/name")}
            autoFocus
          />
          <TextField
            label="Slug"
            hint="Its name in SIP addresses"
            value={slug ?? slugOf(name)}
            onChange={setSlug}
            error={fault("/slug")}
            mono
          />
          <ZoneField value={timezone} onChange={setTimezone} error={fault("/timezone")} />
          <TextField
            label="Country"
            hint="Two letters; free numbers are for US businesses"
            value={country}
            onChange={setCountry}
            error={fault("/country")}
          />
          <Select
            label="Who answers at Vapi"
            value={kind}
            onChange={setKind}
            options={[
              { value: "assistant", label: "An assistant" },
              { value: "squad", label: "A squad" },
              { value: "shared", label: "The shared assistant of this installation" },
            ]}
          />
          {kind !== "shared" && (
            <TextField
              label={kind === "squad" ? "Id of the squad" : "Id of the assistant"}
              hint="From the Vapi dashboard"
              value={targetId}
              onChange={setTargetId}
              error={fault("/target/id") ?? fault("/target")}
              mono
            />
          )}
          {isOperator && (
            <OrgPick
              placeholder="Any"
              label="Organization"
              hint="Empty: the platform’s own"
              value={orgId}
              onChange={setOrgId}
              error={fault("/orgId")}
            />
          )}
        </div>
        <Checkbox isSelected={assignPhone} onChange={setAssignPhone}>
          Get it a number at once{" "}
          <span className="soft">– from the pool, free at Vapi, or bought; a job says how far it is</span>
        </Checkbox>
        {state.error !== undefined && <Note tone="bad">{words(state.error)}</Note>}
        <div className="row end">
          <SameBy cli={commandOf(body)} request={{ method: "POST", path: "/api/tenants", body }} />
          <Button onPress={onClose}>Cancel</Button>
          <Button look="primary" type="submit" pending={state.busy} isDisabled={body.name === ""}>
            Make the tenant
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The command gets no number: `patchbay numbers` does. */
function commandOf({ name, slug, timezone, country, target, orgId, assignPhone }: Body): string | undefined {
  if (assignPhone === true) return undefined;
  const said: [flag: string, value: string | null | undefined][] = [
    ["name", name],
    ["slug", slug],
    ["timezone", timezone],
    ["country", country],
    ["org", orgId],
    ["target", target == null ? undefined : `${target.kind}:${target.id}`],
  ];
  const flags = said.flatMap(([flag, value]) => (value == null ? [] : [`--${flag} ${quoted(value)}`]));
  return ["patchbay tenants create", ...flags].join(" ");
}
