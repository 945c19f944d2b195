// How many of Vapi's free numbers are used, and what happens when none is left.
import { api, Refused } from "../../api/client";
import type { FreeNumbers } from "../../api/schema";
import { plain } from "../../ui/job-words";
import { Panel } from "../../ui/page";
import { counted } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { Known } from "../../ui/states";
import { useCosts } from "./costs";
import "./numbers.css";

/** From here on it is time to think of other numbers: as the API warns. */
const NEAR_PERCENT = 70;
const NEAR_LEFT = 3;

export function FreeMeter() {
  const query = api.useQuery("get", "/api/vapi/free-numbers", {}, { retry: false, staleTime: 30_000 });
  const noKey = query.error instanceof Refused && query.error.code === "vapi_missing";
  return (
    <Panel
      title="Free numbers"
      actions={<SameBy cli="patchbay numbers free" request={{ method: "GET", path: "/api/vapi/free-numbers" }} />}
    >
      {noKey ? (
        <p className="soft">
          There are none to be had: the installation has no key of Vapi's. Give it <code>VAPI_API_KEY</code> and start
          it again.
        </p>
      ) : (
        <Known query={query}>{(free) => <Gauge free={free} />}</Known>
      )}
    </Panel>
  );
}

function Gauge({ free }: { free: FreeNumbers }) {
  const price = useCosts().data?.installation?.number.price.text;
  const tone = free.remaining === 0 ? "full" : isNear(free) ? "near" : "";
  const blocks = free.limit > 0 && free.limit <= 20 ? free.limit : 0;
  return (
    <div className="free-meter">
      <div
        className={`gauge ${tone}`}
        role="meter"
        aria-label="Free numbers used"
        aria-valuemin={0}
        aria-valuemax={free.limit}
        aria-valuenow={Math.min(free.total, free.limit)}
        aria-valuetext={`${free.total} of ${free.limit} used`}
      >
        {blocks > 0 ? (
          Array.from({ length: blocks }, (_, place) => (
            <span key={place} className={place < free.total ? "used" : ""} />
          ))
        ) : (
          <span className="bar">
            <span className="used" style={{ width: `${Math.min(100, free.percentUsed)}%` }} />
          </span>
        )}
      </div>
      <p>
        <span className="strong">
          {free.total} of {free.limit} used
        </span>
        <span className="soft"> · {free.remaining === 0 ? "none left" : `${free.remaining} left`}</span>
      </p>
      <p>{outlook(free, price)}</p>
      <details>
        <summary className="small soft">As it is told in jobs and logs</summary>
        <pre className="small soft meter-said">{free.message.split("\n").map(plain).join("\n")}</pre>
      </details>
    </div>
  );
}

function isNear(free: FreeNumbers): boolean {
  return free.percentUsed >= NEAR_PERCENT || free.remaining <= NEAR_LEFT;
}

function outlook(free: FreeNumbers, price: string | undefined): string {
  const cost = price === undefined ? "" : `, about ${price} a month each`;
  if (free.remaining === 0) {
    return `The next business gets a number from Twilio${cost}: one nobody uses comes first, then one is bought. To get free ones again, delete those nobody uses at dashboard.vapi.ai/phone-numbers.`;
  }
  if (isNear(free)) {
    return `${counted(free.remaining, "more business", "more businesses")} in the United States can get one. After that numbers come from Twilio${cost}: set its account up before then.`;
  }
  return "A business in the United States gets one of these first. When none is left, numbers come from Twilio by themselves.";
}
