// Whether an organization may be charged for numbers. Only operators say so.
import { useState } from "react";
import { http } from "../../api/client";
import type { BillingStatus, Organization } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { Facts, Panel } from "../../ui/page";
import { SameBy } from "../../ui/same-by";
import { say } from "../../ui/toast";
import { useChanged } from "./changed";

export function Billing({ org }: { org: Organization }) {
  const { isOperator, mayChange } = useSession();
  const [asks, setAsks] = useState(false);
  const changed = useChanged();
  const isVerified = org.billing === "verified";
  const next: BillingStatus = isVerified ? "unverified" : "verified";
  const why = isVerified
    ? "Its billing is verified."
    : org.mayBuy
      ? "Its billing is not verified, but this installation asks for no payment (policy.require_payment)."
      : "Its billing is not verified: whatever would buy a number is refused.";
  return (
    <Panel title="Billing">
      <Facts
        of={[
          [
            "Billing",
            <Badge key="b" tone={isVerified ? "good" : "plain"}>
              {isVerified ? "Verified" : "Unverified"}
            </Badge>,
          ],
          ["May buy numbers", `${org.mayBuy ? "Yes" : "No"}. ${why}`],
        ]}
      />
      {isOperator && mayChange ? (
        <div className="row">
          <Button onPress={() => setAsks(true)}>{isVerified ? "Take it back" : "Mark as verified"}</Button>
          <SameBy
            cli={`patchbay orgs billing ${org.id} ${next}`}
            request={{ method: "PUT", path: `/api/orgs/${org.id}/billing`, body: { status: next } }}
          />
        </div>
      ) : (
        <p className="small soft">Only an operator changes this.</p>
      )}
      <Confirm
        title={isVerified ? `Take ${org.name}'s verification back?` : `May ${org.name} be charged?`}
        isOpen={asks}
        onClose={() => setAsks(false)}
        verb={isVerified ? "Take it back" : "Mark as verified"}
        deed={async () => {
          const params = { path: { id: org.id }, header: { "If-Match": `"${org.version}"` } };
          await http.PUT("/api/orgs/{id}/billing", { params, body: { status: next } }).finally(changed);
          say(isVerified ? "Its billing is unverified" : "Its billing is verified");
        }}
      >
        {isVerified ? (
          <p>Nothing more is bought for its tenants. What it has stays, and calls are answered all the same.</p>
        ) : (
          <p>
            From now on its tenants may buy numbers, about $1 a month each, on its own Twilio account or on that of the
            installation.
          </p>
        )}
      </Confirm>
    </Panel>
  );
}
