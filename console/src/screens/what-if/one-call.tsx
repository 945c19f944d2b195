// A call that is imagined: the question on the left, and at once what the engine says to it.
import { keepPreviousData } from "@tanstack/react-query";
import { api, faultAt } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { Copy } from "../../ui/copy";
import { useInUrl } from "../../ui/in-url";
import { Panel } from "../../ui/page";
import { SameBy } from "../../ui/same-by";
import { Failed, Known } from "../../ui/states";
import { Answer } from "./answer";
import { Form } from "./form";
import { bodyOf, commandOf, faultsOf, questionIn } from "./question";

/** Where nothing is said of the time, it is always now. */
const ASK_AGAIN_MS = 15_000;

export function OneCall({ tenant }: { tenant: Tenant }) {
  const [params, change] = useInUrl();
  const question = questionIn(params);
  const faults = faultsOf(question, tenant.timezone);
  const isSound = Object.keys(faults).length === 0;
  const body = bodyOf(question);
  const outcome = api.useQuery(
    "post",
    "/api/tenants/{id}/simulate",
    { params: { path: { id: tenant.id } }, body },
    {
      enabled: isSound,
      placeholderData: keepPreviousData,
      ...(question.at === "" && { refetchInterval: ASK_AGAIN_MS }),
    },
  );
  const refused: unknown = outcome.error;
  const said = (pointer: string) => faultAt(refused, pointer);
  const isTold = [said("/from"), said("/to"), said("/at"), said("/activeCalls")].some((fault) => fault !== undefined);
  return (
    <div className="what-if">
      <Panel
        title="The call"
        actions={
          <>
            <Copy text={window.location.href} what="a link to this question" />
            <SameBy
              cli={commandOf(question, tenant.slug)}
              request={{ method: "POST", path: `/api/tenants/${tenant.id}/simulate`, body }}
            />
          </>
        }
      >
        <Form
          tenant={tenant}
          question={question}
          change={change}
          faults={{
            at: faults.at ?? said("/at"),
            load: faults.load ?? said("/activeCalls"),
            from: said("/from"),
            to: said("/to"),
          }}
        />
      </Panel>
      <div className="stack wide" aria-busy={outcome.isFetching}>
        {refused !== null && !isTold ? (
          <Failed error={refused} retry={() => void outcome.refetch()} />
        ) : isTold || !isSound ? (
          <p className="soft">Mend the question, and the answer comes by itself.</p>
        ) : (
          <Known query={outcome}>
            {(data) => <Answer outcome={data} tenant={tenant} question={question} ask={(at) => change({ at })} />}
          </Known>
        )}
      </div>
    </div>
  );
}
