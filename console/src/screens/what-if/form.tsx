// The question: who calls which number, when, and how many others wait.
import { now } from "@internationalized/date";
import { useEffect, useState } from "react";
import { api } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { Button } from "../../ui/button";
import { Select, TextField } from "../../ui/field";
import { type Asked, useTyped } from "../../ui/in-url";
import { phone } from "../../ui/phone";
import { useNow } from "../../ui/time";
import { instant, meant, spelled, type Wall, wallOf } from "../../ui/zoned";
import { moments, type Question } from "./question";

interface Faults {
  at: string | undefined;
  load: string | undefined;
  from: string | undefined;
  to: string | undefined;
}

interface Props {
  tenant: Tenant;
  question: Question;
  change: (asked: Asked) => void;
  faults: Faults;
}

export function Form({ tenant, question, change, faults }: Props) {
  const [from, setFrom] = useTyped("from");
  return (
    <form className="stack" onSubmit={(event) => event.preventDefault()}>
      <TextField
        label="Who calls"
        type="tel"
        value={from}
        onChange={setFrom}
        placeholder="Anybody"
        autoComplete="off"
        hint="As Twilio writes it, like +14165550111"
        error={faults.from}
      />
      <Called tenant={tenant} question={question} change={change} />
      {faults.to !== undefined && <p className="field-error">{faults.to}</p>}
      <When tenant={tenant} question={question} change={change} fault={faults.at} />
      <Load tenant={tenant} question={question} fault={faults.load} />
    </form>
  );
}

function Called({ tenant, question, change }: Omit<Props, "faults">) {
  const numbers = api.useQuery("get", "/api/numbers/owned", { params: { query: { tenantId: tenant.id, limit: 200 } } });
  const active = (numbers.data?.data ?? []).filter((number) => number.state === "active");
  const known = active.flatMap(({ e164, purpose }) => {
    const line = purpose === "voicemail" ? " · only for voicemail" : "";
    return e164 === null ? [] : [{ value: e164, label: `${phone(e164)}${line}` }];
  });
  const asked = question.to;
  const isOther = asked !== "" && !known.some(({ value }) => value === asked);
  return (
    <Select
      label="Which number is called"
      value={asked}
      onChange={(to) => change({ to })}
      options={[
        { value: "", label: known.length === 0 ? "Its SIP address: it has no number" : "Its first number" },
        ...known,
        ...(isOther ? [{ value: asked, label: phone(asked) }] : []),
      ]}
    />
  );
}

function When({ tenant, question, change, fault }: Omit<Props, "faults"> & { fault: string | undefined }) {
  const zone = tenant.timezone;
  const clock = useNow(ASK_CLOCK_MS);
  const availability = api.useQuery("get", "/api/tenants/{id}/availability", { params: { path: { id: tenant.id } } });
  const asked = question.at === "" ? undefined : instant(question.at, zone);
  const inUrl = wallOf(asked ?? now(zone));
  const [draft, setDraft] = useState<Wall>(inUrl);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a link, a pick, or the clock moves the fields
  useEffect(() => setDraft(inUrl), [inUrl.date, inUrl.time, question.at, clock]);

  const put = (wall: Wall) => {
    setDraft(wall);
    const found = meant(wall, zone);
    if (found !== undefined) change({ at: spelled(found.at) });
  };
  const shown = meant(draft, zone)?.shown;
  return (
    <fieldset className="when">
      <legend>When, in {zone}</legend>
      <div className="row picks">
        <Pick label="Now" isOn={question.at === ""} onPress={() => change({ at: undefined })} />
        {moments(now(zone), availability.data).map(({ label, at }) => (
          <Pick key={label} label={label} isOn={question.at === at} onPress={() => change({ at })} />
        ))}
      </div>
      <div className="when-fields">
        <TextField label="Date" type="date" value={draft.date} onChange={(date) => put({ ...draft, date })} />
        <TextField
          label="Time"
          type="time"
          value={draft.time}
          onChange={(time) => put({ ...draft, time })}
          error={shown === undefined ? (fault ?? "Give a date and a time") : fault}
        />
      </div>
      {question.at !== "" && shown === "twice" && (
        <p className="hint">The clock shows this time twice, as it is put back. Asked is {offsetOf(question.at)}.</p>
      )}
      {shown === "never" && (
        <p className="hint">The clock skips this time, as it is put forward. The time after it is meant.</p>
      )}
    </fieldset>
  );
}

const ASK_CLOCK_MS = 15_000;

function offsetOf(at: string): string {
  const offset = /([+-]\d\d:\d\d)$/.exec(at)?.[1];
  return offset === undefined ? "the time in UTC" : `the one at UTC${offset}`;
}

function Pick({ label, isOn, onPress }: { label: string; isOn: boolean; onPress: () => void }) {
  return (
    <span className={isOn ? "pick on" : "pick"}>
      <Button onPress={onPress} aria-pressed={isOn}>
        {label}
      </Button>
    </span>
  );
}

function Load({ tenant, question, fault }: { tenant: Tenant; question: Question; fault: string | undefined }) {
  const [load, setLoad] = useTyped("load");
  const availability = api.useQuery("get", "/api/tenants/{id}/availability", { params: { path: { id: tenant.id } } });
  const threshold = availability.data?.highVolume?.threshold ?? undefined;
  const isNow = question.at === "";
  return (
    <div className="stack tight">
      <TextField
        label="Others on the line, not with the AI"
        type="number"
        inputMode="numeric"
        min={0}
        value={load}
        onChange={setLoad}
        placeholder={isNow ? "As it is now" : "Nobody"}
        error={fault}
      />
      <div className="row picks">
        <Pick label={isNow ? "As it is now" : "Nobody"} isOn={load === ""} onPress={() => setLoad("")} />
        {threshold !== undefined && (
          <>
            {threshold > 0 && (
              <Pick
                label={`Just below the threshold: ${threshold - 1}`}
                isOn={load === String(threshold - 1)}
                onPress={() => setLoad(String(threshold - 1))}
              />
            )}
            <Pick
              label={`At the threshold: ${threshold}`}
              isOn={load === String(threshold)}
              onPress={() => setLoad(String(threshold))}
            />
          </>
        )}
      </div>
    </div>
  );
}
