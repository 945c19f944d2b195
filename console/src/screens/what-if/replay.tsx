// The calls that were, decided once more: by the present settings, by older ones, or by some that were never saved.
import { useState } from "react";
import { api, asSent } from "../../api/client";
import type { Availability, Tenant } from "../../api/schema";
import { Button } from "../../ui/button";
import { Select, TextField } from "../../ui/field";
import { useInUrl } from "../../ui/in-url";
import { Panel } from "../../ui/page";
import { SameBy } from "../../ui/same-by";
import { Failed, Loading } from "../../ui/states";
import { type PeriodKind, periodIn, rangeOf } from "./period";
import { Replayed } from "./replayed";
import { SettingsPart, useReplaySettings } from "./settings";

const PERIODS: { value: PeriodKind; label: string }[] = [
  { value: "week", label: "The last 7 days" },
  { value: "yesterday", label: "Yesterday" },
  { value: "own", label: "Other days" },
];

export function Replay({ tenant }: { tenant: Tenant }) {
  const [params, change] = useInUrl();
  const period = periodIn(params);
  const range = rangeOf(period, tenant.timezone);
  const settings = useReplaySettings(tenant);
  const [asked, setAsked] = useState<Asked>();
  const replay = api.useMutation("post", "/api/tenants/{id}/replay");
  const fault = "fault" in range ? range.fault : undefined;
  const availability = settings.availability;
  const wish = (of: { from: string; to: string }) => ({ ...of, ...(availability && { availability }) });
  const isReady = fault === undefined && settings.isReady;

  const run = () => {
    // “Until now” is the moment somebody asks, not that at which the page was drawn.
    const stretch = rangeOf(period, tenant.timezone);
    if (!isReady || "fault" in stretch) return;
    const body = wish(stretch);
    setAsked({ by: settings.words, availability });
    replay.mutate({ params: { path: { id: tenant.id } }, body: asSent(body) });
  };
  const isOther = asked !== undefined && (asked.by !== settings.words || asked.availability !== availability);
  return (
    <>
      <Panel
        title="Which calls, by which settings"
        lead="Each recorded call is decided once more, at the time it came in and with as many others on the line. Nothing is stored and nobody is called."
        actions={
          "from" in range && (
            <SameBy request={{ method: "POST", path: `/api/tenants/${tenant.id}/replay`, body: wish(range) }} />
          )
        }
      >
        <div className="period">
          <Select
            label="Calls of"
            value={period.kind}
            onChange={(kind) => change({ period: kind === "week" ? undefined : kind })}
            options={PERIODS}
          />
          {period.kind === "own" && (
            <>
              <TextField label="First day" type="date" value={period.first} onChange={(first) => change({ first })} />
              <TextField
                label="Last day"
                type="date"
                value={period.last}
                onChange={(last) => change({ last })}
                error={fault}
              />
            </>
          )}
        </div>
        <SettingsPart tenant={tenant} settings={settings} refused={replay.error} />
        <div className="row">
          <Button look="primary" pending={replay.isPending} isDisabled={!isReady} onPress={run}>
            Replay
          </Button>
          {isOther && replay.data !== undefined && (
            <span className="soft">The settings are others now: what stands below was by {asked.by}.</span>
          )}
        </div>
      </Panel>
      {replay.isPending && <Loading what="Replaying" />}
      {replay.isError && !settings.tells(replay.error) && <Failed error={replay.error} retry={run} />}
      {replay.data !== undefined && asked !== undefined && (
        <Replayed replay={replay.data} tenant={tenant} by={asked.by} />
      )}
    </>
  );
}

interface Asked {
  by: string;
  availability: Availability | undefined;
}
