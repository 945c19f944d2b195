// The first page: who is on the phone now, how the last hour went, what needs a hand, what is being done.
import { api } from "../../api/client";
import { Page, Panel } from "../../ui/page";
import { Known } from "../../ui/states";
import { ownZone, Time, ZoneNote } from "../../ui/time";
import { AiPanel } from "./ai";
import { LivePanel } from "./live-panel";
import { Minutes } from "./minutes";
import { Warnings } from "./warnings";
import { Work } from "./work";
import "./today.css";

/** The clock moves on though nothing happens: minutes end, jobs go on, a health that nobody told of. */
const ASK_AGAIN_MS = 20_000;

export default function Today() {
  const today = api.useQuery("get", "/api/today", {}, { refetchInterval: ASK_AGAIN_MS });
  return (
    <Page title="Today" lead={<ZoneNote zone={ownZone} />}>
      <div className="today">
        <div className="stack">
          <Known query={today}>{({ warnings, storeUp }) => <Warnings warnings={warnings} storeUp={storeUp} />}</Known>
          <LivePanel count={today.data?.liveCount} />
        </div>
        <div className="stack">
          <Known query={today} loading={<span />}>
            {({ minutes, ai, jobs, voicemailsUnheard, at }) => (
              <>
                <Panel title="The last hour" lead={<AsOf at={at} />}>
                  <Minutes minutes={minutes} />
                </Panel>
                <AiPanel ai={ai} />
                <Work jobs={jobs} voicemailsUnheard={voicemailsUnheard} />
              </>
            )}
          </Known>
        </div>
      </div>
    </Page>
  );
}

function AsOf({ at }: { at: string }) {
  return (
    <>
      Calls a minute, up to <Time at={at} as="clock" />
    </>
  );
}
