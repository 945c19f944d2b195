// Why Twilio's calls were refused for their signature, and what to do; and the two URLs beside each other.
import type { Check, RefusedRequest } from "../../api/schema";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { useFilters } from "../../ui/filters";
import { Panel } from "../../ui/page";
import { counted } from "../../ui/phone";
import { Empty } from "../../ui/states";
import { type Column, Table } from "../../ui/table";
import { Time } from "../../ui/time";
import { CompareUrls } from "./compare-urls";
import { Ticked } from "./ticked";

export function Signatures({ of }: { of: Check["signatures"] }) {
  const filters = useFilters("url");
  const recent = of.recent ?? [];
  const columns: Column<RefusedRequest>[] = [
    { head: "When", cell: (one) => <Time at={one.at} as="seconds" /> },
    { head: "Cause", cell: (one) => <code>{one.cause}</code>, wideOnly: true },
    { head: "What was called", cell: (one) => <code className="called-url">{one.url}</code> },
    {
      head: "Deeds",
      cell: (one) => (
        <Button look="quiet" onPress={() => filters.set("url", one.url)} aria-label={`Compare ${one.url}`}>
          Compare
        </Button>
      ),
    },
  ];
  return (
    <>
      <Panel
        title="Signatures"
        lead="Twilio signs every call with the URL it was given. What does not fit is refused, and counted since the start."
      >
        {of.failures.length === 0 ? (
          <Empty title="No signature was refused since the start">
            Where Twilio&apos;s log speaks of error 11200 and 403, compare the URLs below.
          </Empty>
        ) : (
          <ul className="causes list-plain">
            {of.failures.map((one) => (
              <li key={one.cause}>
                <p>
                  <Badge tone="warn">{counted(one.count, "time")}</Badge> <code className="strong">{one.cause}</code>
                </p>
                <p>
                  <Ticked text={one.meaning} />
                </p>
                <p className="soft">
                  <span className="strong">Next: </span>
                  <Ticked text={one.next} />
                </p>
              </li>
            ))}
          </ul>
        )}
        {recent.length > 0 && (
          <>
            <h3>The latest</h3>
            <Table
              label="Refused requests"
              columns={columns}
              rows={recent}
              idOf={(one) => `${one.at} ${one.url} ${one.cause}`}
            />
          </>
        )}
      </Panel>
      <CompareUrls bases={of.publicUrls} asked={filters.given.url ?? ""} onAsk={(url) => filters.set("url", url)} />
    </>
  );
}
