// How far the connecting is, in one line: said, set up, called.
import { api } from "../../api/client";
import type { GuideMethod, PhoneIntegration, Tenant } from "../../api/schema";
import { Icon } from "../../ui/icon";
import { Time } from "../../ui/time";

export function Progress({
  tenant,
  method,
  known,
}: {
  tenant: Tenant;
  method: GuideMethod | undefined;
  known: PhoneIntegration | null;
}) {
  const last = api.useQuery("get", "/api/calls", { params: { query: { tenantId: tenant.id, limit: 1 } } }).data
    ?.data[0];
  const isUp = known?.setupCompletedAt !== undefined;
  const steps = [
    { text: "Said how", done: known !== null, at: undefined },
    {
      text: method !== "ported" ? "Set up" : isUp ? "The number has come" : "The number comes",
      done: isUp,
      at: known?.setupCompletedAt,
    },
    {
      text: last === undefined ? "No call has come yet" : "A call has come",
      done: last !== undefined,
      at: last?.at,
    },
  ];
  return (
    <ol className="progress list-plain" aria-label="How far it is">
      {steps.map(({ text, done, at }, place) => (
        <li key={place} className={done ? "done" : undefined}>
          <span className="progress-mark">{done ? <Icon name="check" /> : place + 1}</span>
          <span>
            {text}
            <span className="hidden-to-eyes">{done ? ", done" : ", not yet"}</span>
            {at !== undefined && (
              <span className="small soft">
                {" "}
                <Time at={at} zone={tenant.timezone} />
              </span>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}
