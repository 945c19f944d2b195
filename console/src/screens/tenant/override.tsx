// The decision by hand: one click, with an end of its own. While one runs, it is said, and one click ends it.
import { useState } from "react";
import { api, http } from "../../api/client";
import type { Forced, Override, Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { GuardedNote, useGuarded } from "../../ui/guarded";
import { Panel } from "../../ui/page";
import { SameBy } from "../../ui/same-by";
import { quoted } from "../../ui/shell";
import { Time, timeText, useAt, useNow } from "../../ui/time";
import { say } from "../../ui/toast";
import { Away } from "./now";
import { OverrideDialog } from "./override-dialog";
import { type End, ends } from "./override-ends";
import { useRefresh, useReread } from "./stale";

export type Deed = Override | "clear";

/** Setting and ending it, each held against the version that is shown. */
export function useOverride(tenant: Tenant) {
  const refresh = useRefresh();
  const send = async (deed: Deed, ifMatch: string) => {
    const params = { path: { id: tenant.id }, header: { "If-Match": ifMatch } };
    if (deed === "clear") await http.DELETE("/api/tenants/{id}/override", { params });
    else await http.PUT("/api/tenants/{id}/override", { params, body: deed });
    await refresh();
    say(said(deed, tenant.timezone));
  };
  return useGuarded(tenant.version, send, useReread(tenant));
}

export function OverridePanel({ tenant }: { tenant: Tenant }) {
  const { mayChange } = useSession();
  const path = { path: { id: tenant.id } };
  const query = api.useQuery("get", "/api/tenants/{id}/override", { params: path });
  const availability = api.useQuery("get", "/api/tenants/{id}/availability", { params: path }).data;
  const deeds = useOverride(tenant);
  const [own, setOwn] = useState<Forced>();
  const now = useNow(30_000);
  const offered = ends(now, tenant.timezone, availability);
  const inForce = query.data ?? undefined;
  useAt(inForce?.until, () => void query.refetch());
  if (!mayChange && inForce === undefined) return null;
  return (
    <Panel title="Decide by hand" lead="Holds from the next call on, comes before every setting, and ends by itself.">
      {inForce !== undefined && <Running tenant={tenant} running={inForce} deeds={deeds} />}
      {mayChange && (
        <div className="by-hand">
          {(["force-fallback", "force-ai"] as const).map((state) => (
            <Row
              key={state}
              tenant={tenant}
              state={state}
              offered={offered}
              busy={deeds.busy}
              onPick={(end) => void deeds.run({ state, until: end.until })}
              onOwn={() => setOwn(state)}
            />
          ))}
        </div>
      )}
      <GuardedNote of={deeds} />
      {own !== undefined && <OverrideDialog tenant={tenant} state={own} onClose={() => setOwn(undefined)} />}
    </Panel>
  );
}

function Running({
  tenant,
  running,
  deeds,
}: {
  tenant: Tenant;
  running: Override;
  deeds: ReturnType<typeof useOverride>;
}) {
  const { mayChange } = useSession();
  const on = running.state === "force-ai";
  return (
    <div className={on ? "by-hand-now ai" : "by-hand-now people"} role="status">
      <div className="stack tight">
        <p className="strong">
          {on ? "The AI is on by hand" : "The AI is off by hand"}
          {running.until == null ? (
            ", until somebody ends it"
          ) : (
            <>
              {" until "}
              <Time at={running.until} zone={tenant.timezone} />
            </>
          )}
        </p>
        <p className="soft small">
          {running.until != null && (
            <>
              Ends by itself <Away at={running.until} />, on the clock of {tenant.timezone}
            </>
          )}
        </p>
        {running.note != null && running.note !== "" && <p>“{running.note}”</p>}
      </div>
      {mayChange && (
        <div className="row">
          <Button look="primary" pending={deeds.busy} onPress={() => void deeds.run("clear")}>
            End it now
          </Button>
          <SameBy
            cli={`patchbay tenants override clear ${tenant.slug}`}
            request={{ method: "DELETE", path: `/api/tenants/${tenant.id}/override` }}
          />
        </div>
      )}
    </div>
  );
}

function Row({
  tenant,
  state,
  offered,
  busy,
  onPick,
  onOwn,
}: {
  tenant: Tenant;
  state: Forced;
  offered: End[];
  busy: boolean;
  onPick: (end: End) => void;
  onOwn: () => void;
}) {
  const on = state === "force-ai";
  const words = on ? "AI on" : "AI off";
  const first = offered[0];
  return (
    <div className="by-hand-row" role="group" aria-label={`${words} until`}>
      <span className="by-hand-word">
        <Badge tone={on ? "ai" : "people"}>{words}</Badge> until
      </span>
      <span className="by-hand-ends">
        {offered.map((end) => (
          <Button
            key={end.key}
            isDisabled={busy}
            aria-label={`${words} until ${end.label}`}
            onPress={() => onPick(end)}
          >
            {end.label}
          </Button>
        ))}
        <Button look="quiet" aria-label={`${words} until another time`} onPress={onOwn}>
          Another time…
        </Button>
      </span>
      <SameBy
        cli={commandOf(tenant, { state, until: first?.until ?? null })}
        request={{
          method: "PUT",
          path: `/api/tenants/${tenant.id}/override`,
          body: { state, until: first?.until ?? null },
        }}
      />
    </div>
  );
}

export function commandOf(tenant: Tenant, { state, until, note }: Override): string {
  const end = until == null ? "" : ` --until ${until}`;
  const why = note == null || note === "" ? "" : ` --note ${quoted(note)}`;
  return `patchbay tenants override set ${tenant.slug} ${state}${end}${why}`;
}

function said(deed: Deed, zone: string): string {
  if (deed === "clear") return "The settings decide again, from the next call on";
  const end = deed.until == null ? "until somebody ends it" : `until ${timeText(deed.until, zone)}`;
  return `${deed.state === "force-ai" ? "The AI is on" : "The AI is off"} ${end}`;
}
