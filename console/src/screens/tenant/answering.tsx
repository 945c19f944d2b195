// Whether the AI answers this tenant's calls now, why, and until when: asked of the same engine that answers calls.
import { useEffect } from "react";
import { api } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { Badge } from "../../ui/badge";
import { reasonText } from "../../ui/reasons";
import { Time, useAt } from "../../ui/time";

/** Longest the answer is believed where nothing else tells that it changed: the load changes without a word. */
const ASK_AGAIN_MS = 15_000;

export function useAnswering(tenant: Tenant) {
  const now = api.useQuery(
    "post",
    "/api/tenants/{id}/simulate",
    { params: { path: { id: tenant.id } }, body: {} },
    { refetchInterval: ASK_AGAIN_MS },
  );
  const { refetch } = now;
  // biome-ignore lint/correctness/useExhaustiveDependencies: other settings, another answer
  useEffect(() => void refetch(), [tenant.version]);
  useAt(now.data?.nextChange, () => void refetch());
  return now;
}

export function Answering({ tenant }: { tenant: Tenant }) {
  const now = useAnswering(tenant).data;
  if (now === undefined) return null;
  return (
    <p className="answering">
      <Badge tone={now.decision.available ? "ai" : "people"}>
        {now.decision.available ? "The AI answers" : "The AI does not answer"}
      </Badge>
      <span>
        {reasonText(now.decision.reason)}
        {now.nextChange !== null && (
          <span className="soft">
            {" "}
            · until <Time at={now.nextChange} zone={tenant.timezone} />
          </span>
        )}
      </span>
    </p>
  );
}
