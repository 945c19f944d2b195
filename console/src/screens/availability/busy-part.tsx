// From how many waiting callers on the AI answers, on the ground of what the last weeks were like.
import { Input, Label, NumberField } from "react-aria-components";
import { Note } from "../../ui/badge";
import { count, counted } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { Loading } from "../../ui/states";
import { useConcurrency } from "./asked";
import { BusyPicture } from "./busy-picture";
import { FaultLine, Spot, useEditor, useSetting } from "./editor";
import { InUse } from "./in-use";
import { THRESHOLD_DEFAULT } from "./meaning";
import { THRESHOLD } from "./places";
import { pointer } from "./settings";

/** As far back as concurrency is asked. */
const DAYS = 30;

/** Where the slider ends unless there was, or is wanted, more. */
const SLIDER_MAX = 10;

export function BusyPart() {
  const { tenant, edit, mayEdit } = useEditor();
  const given = useSetting(THRESHOLD);
  const threshold = typeof given === "number" ? given : THRESHOLD_DEFAULT;
  const concurrency = useConcurrency(tenant.id, DAYS);
  const { data } = concurrency;
  const busiest = Math.max(0, ...(data?.distribution.map((one) => one.others) ?? []));
  const max = Math.max(SLIDER_MAX, busiest + 1, Math.min(threshold, 100));
  const change = (to: number) => edit(THRESHOLD, to, "threshold");
  const taken =
    data?.distribution.filter((one) => one.others >= threshold).reduce((sum, one) => sum + one.calls, 0) ?? 0;

  return (
    <div className="stack">
      <InUse part="busy">Busy staff count: from the threshold on the AI answers</InUse>
      <Spot pointer={pointer(THRESHOLD)} className="threshold">
        <NumberField
          className="field"
          value={threshold}
          minValue={0}
          step={1}
          isDisabled={!mayEdit}
          onChange={(to) => Number.isFinite(to) && change(Math.round(to))}
        >
          <Label>Other callers from which the AI answers</Label>
          <Input className="input" />
        </NumberField>
        <label className="field slider">
          <span className="hidden-to-eyes">Threshold, as a slider</span>
          <input
            type="range"
            min={0}
            max={max}
            value={Math.min(threshold, max)}
            disabled={!mayEdit}
            onChange={(event) => change(Number(event.currentTarget.value))}
          />
        </label>
      </Spot>
      <FaultLine pointer={pointer(THRESHOLD)} />
      <p className="hint">
        A caller counts as waiting while they are with staff or in voicemail, not while they talk to the AI. At 0 the AI
        answers every call.
      </p>
      {data === undefined ? (
        concurrency.error === null ? (
          <Loading what="Counting calls" />
        ) : (
          <Note>How busy the last weeks were cannot be told right now.</Note>
        )
      ) : data.calls === 0 ? (
        <Note>There were no calls in the last {DAYS} days, so there is nothing to go by yet.</Note>
      ) : (
        <>
          <div className="row apart">
            <p className="meaning" role="status">
              At {threshold}, {count(taken)} of {counted(data.calls, "call")} in {data.days} days would have gone to the
              AI.
            </p>
            <SameBy request={{ method: "GET", path: `/api/tenants/${tenant.id}/concurrency?days=${DAYS}` }} />
          </div>
          <BusyPicture distribution={data.distribution} threshold={threshold} max={max} />
        </>
      )}
    </div>
  );
}
