// One recorded call, decided once more by the present settings. Nothing is stored and nobody is called.
import { api } from "../../api/client";
import type { CallReplay } from "../../api/schema";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Panel } from "../../ui/page";
import { PlanSteps } from "../../ui/plan";
import { SameBy } from "../../ui/same-by";
import { Failed } from "../../ui/states";
import { TraceList, Verdict } from "../../ui/trace";

export function CallReplayed({ sid }: { sid: string }) {
  const replay = api.useMutation("post", "/api/calls/{sid}/replay");
  const run = () => replay.mutate({ params: { path: { sid } }, body: {} });
  return (
    <Panel
      title="How it would go now"
      lead="The call is decided once more by the present settings, at the time it came in and with as many others on the line. Nothing is stored and nobody is called."
      actions={<SameBy request={{ method: "POST", path: `/api/calls/${sid}/replay`, body: {} }} />}
    >
      <div>
        <Button pending={replay.isPending} onPress={run}>
          {replay.data === undefined ? "Replay this call" : "Replay again"}
        </Button>
      </div>
      {replay.isError && <Failed error={replay.error} retry={run} />}
      {replay.data !== undefined && <Replayed replay={replay.data} />}
    </Panel>
  );
}

function Replayed({ replay }: { replay: CallReplay }) {
  const { then, now } = replay;
  const isSame = then.available === now.available;
  const said = isSame
    ? then.reason === now.reason
      ? "It would go the same way."
      : "It would go the same way, for another reason."
    : "It would go elsewhere.";
  return (
    <div className="stack wide">
      <p className="strong" role="status">
        {said}
      </p>
      <div className="then-now">
        <div className="side-of">
          <h3>Then</h3>
          <Verdict decision={then} />
        </div>
        <div className="side-of">
          <h3>Now</h3>
          <Verdict decision={now} />
        </div>
      </div>
      <div className="stack">
        <h3>Why, by the present settings</h3>
        <TraceList of={replay.trace} />
      </div>
      <div className="stack">
        <h3>What would happen, if nobody takes it</h3>
        <Note>The bytes of a call are not kept: this TwiML is as it would be answered now.</Note>
        <PlanSteps of={replay.plan} label="The steps the call would walk now" />
      </div>
    </div>
  );
}
