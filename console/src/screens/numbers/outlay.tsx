// What all numbers cost each month, and how many of them lead to nobody.

import { Facts, Panel } from "../../ui/page";
import { count } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { Known } from "../../ui/states";
import { useCosts } from "./costs";

export function Outlay() {
  const query = useCosts();
  return (
    <Panel
      title="What they cost"
      actions={<SameBy cli="patchbay costs" request={{ method: "GET", path: "/api/costs" }} />}
    >
      <Known query={query}>
        {({ installation, data }) =>
          installation === null ? (
            <Facts
              of={data
                .slice(0, 5)
                .map((one) => [one.name, `${one.monthly.text} a month, ${one.paidSoFar.text} so far`])}
            />
          ) : (
            <>
              <p className="pays">
                <span className="sum">{installation.monthly.text}</span>
                <span className="soft">
                  a month for {count(installation.paidNumbers + installation.spareNumbers)} paid numbers
                </span>
              </p>
              <Facts
                of={[
                  ["Lead to tenants", count(installation.paidNumbers)],
                  ["Lead to nobody", spare(installation.spareNumbers)],
                  [
                    "One in the US",
                    `${installation.number.price.text} a month${installation.number.authority === "twilio" ? "" : ", an estimate"}`,
                  ],
                ]}
              />
            </>
          )
        }
      </Known>
    </Panel>
  );
}

function spare(numbers: number): string {
  return numbers === 0 ? "None" : `${count(numbers)}, paid for all the same: resting, or in the pool`;
}
