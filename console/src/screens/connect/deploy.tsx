// Setting up what was said: begun with one press, followed step by step.
import { useState } from "react";
import { api, http, onceKey, Refused, words } from "../../api/client";
import type { MethodGuide, PhoneIntegration, Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge, Note } from "../../ui/badge";
import { Button, ButtonLink } from "../../ui/button";
import { JobFollow } from "../../ui/job-follow";
import { isOver } from "../../ui/job-words";
import { Panel } from "../../ui/page";
import { SameBy } from "../../ui/same-by";
import { Time } from "../../ui/time";
import { NotPaid } from "../numbers/payer";
import { useStale } from "../numbers/stale";
import { requestOf } from "./say-words";

export function Deploy({
  tenant,
  known,
  guide,
}: {
  tenant: Tenant;
  known: PhoneIntegration;
  guide: MethodGuide | undefined;
}) {
  const { mayChange } = useSession();
  const [state, setState] = useState<{ busy: boolean; job?: string; error?: unknown }>({ busy: false });
  const stale = useStale("/api/tenants", "/api/jobs");
  // Whoever comes back meanwhile, or was not the one who began it, sees how it goes on.
  const last = api.useQuery("get", "/api/jobs", {
    params: { query: { tenantId: tenant.id, kind: "deploy", limit: 1 } },
  }).data?.data[0];
  const unfinished = last !== undefined && last.createdAt > (known.configuredAt ?? "") && last.state !== "succeeded";
  const job = state.job ?? (last !== undefined && (!isOver(last.state) || unfinished) ? last.id : undefined);
  const done = known.setupCompletedAt !== undefined;
  const run = async () => {
    setState({ busy: true });
    try {
      const { data } = await http.POST("/api/tenants/{id}/deploy", {
        params: { path: { id: tenant.id }, header: { "Idempotency-Key": onceKey() } },
      });
      setState({ busy: false, ...(data === undefined ? {} : { job: data.jobId }) });
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  const buys = known.needsPhoneNumber === true || known.wantsTemporaryNumber === true;
  return (
    <Panel
      title="2. Set it up"
      actions={
        done ? (
          <Badge tone="good">
            Set up since <Time at={known.setupCompletedAt ?? ""} zone={tenant.timezone} />
          </Badge>
        ) : (
          <Badge tone="warn">Not set up yet</Badge>
        )
      }
    >
      {guide !== undefined && <First guide={guide} tenant={tenant} />}
      {!done && (
        <p className="soft">
          {buys
            ? "Gets it a number: one nobody uses comes first, then one is bought, and paid for from then on. "
            : "Buys nothing. "}
          Then everything is written at the providers, and read back.
        </p>
      )}
      {job !== undefined && <JobFollow id={job} onEnd={() => void stale()} />}
      {state.error instanceof Refused && state.error.code === "payment_required" ? (
        <NotPaid orgId={tenant.orgId} />
      ) : (
        state.error !== undefined && <Note tone="bad">{words(state.error)}</Note>
      )}
      {mayChange && (
        <div className="row">
          <Button look={done ? "plain" : "primary"} pending={state.busy} onPress={() => void run()}>
            {done ? "Set it up again" : "Deploy"}
          </Button>
          <SameBy
            cli={`patchbay tenants deploy ${tenant.slug}`}
            request={{ method: "POST", path: `/api/tenants/${tenant.id}/deploy` }}
          />
        </div>
      )}
    </Panel>
  );
}

/** What must be done before calls arrive, in this order. */
function First({ guide, tenant }: { guide: MethodGuide; tenant: Tenant }) {
  if (guide.isReady) return <p>Nothing is left to be done here. What is left is at the carrier or the phone system.</p>;
  return (
    <div className="stack tight">
      <h3>To be done first</h3>
      <ol className="happens first">
        {guide.first.map((todo) => (
          <li key={todo.text}>
            <span className="row apart">
              <span className="first-text">{todo.text}</span>
              <span className="row">
                {todo.command?.startsWith("patchbay tenants change") === true && (
                  <ButtonLink href={`/tenants/${tenant.id}`}>To the overview</ButtonLink>
                )}
                {todo.request !== null && <SameBy cli={todo.command ?? undefined} request={requestOf(todo.request)} />}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
