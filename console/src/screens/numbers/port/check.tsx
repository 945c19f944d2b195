// Whether a number can come here at all, and what its carrier wants for it: asked of Twilio when somebody wants to know.
import { useState } from "react";
import { api, Refused } from "../../../api/client";
import type { Tenant } from "../../../api/schema";
import { Note } from "../../../ui/badge";
import { Button } from "../../../ui/button";
import { SameBy } from "../../../ui/same-by";
import { Failed } from "../../../ui/states";

export function CanItCome({ tenant }: { tenant: Tenant }) {
  const [asked, setAsked] = useState(false);
  const query = api.useQuery(
    "get",
    "/api/tenants/{id}/port/portability",
    { params: { path: { id: tenant.id } } },
    { enabled: asked, retry: false },
  );
  const ask = () => (asked ? void query.refetch() : setAsked(true));
  const missing = query.error instanceof Refused && query.error.code === "twilio_missing";
  return (
    <div className="stack">
      <div className="row">
        <Button pending={query.isFetching} onPress={ask}>
          Ask Twilio
        </Button>
        <SameBy
          cli={`patchbay tenants port check ${tenant.slug}`}
          request={{ method: "GET", path: `/api/tenants/${tenant.id}/port/portability` }}
        />
        <span className="soft">Costs nothing, and nobody else hears of it.</span>
      </div>
      {missing && (
        <Note tone="warn" title="There is no Twilio account to ask">
          <p>Give the organization its own account, or the installation one. Then ask again.</p>
        </Note>
      )}
      {query.error !== null && !missing && <Failed error={query.error} />}
      {query.data !== undefined && (
        <Note
          tone={query.data.portable ? "good" : "bad"}
          title={query.data.portable ? "It can come" : "It cannot come"}
        >
          <p>{query.data.detail}</p>
          {query.data.needsPin && <p>Its carrier wants the account number and a PIN: ask it for both.</p>}
        </Note>
      )}
    </div>
  );
}
