// What a tenant is: its name, clock, target, voice, and the way its calls reach Vapi; and the form that changes it.
import { Link, useLocation, useSearch } from "wouter";
import { api } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Button } from "../../ui/button";
import { Copy } from "../../ui/copy";
import { Facts, Panel } from "../../ui/page";
import { timeText } from "../../ui/time";
import { EditTenant } from "./edit";

export const VIA: Record<Tenant["connect"]["via"], string> = {
  sip: "SIP",
  bypass: "Vapi’s answer (bypass)",
  redirect: "Redirect to Vapi",
};

export function About({ tenant }: { tenant: Tenant }) {
  const { mayChange, onlyTenant } = useSession();
  const [path, go] = useLocation();
  const isEditing = new URLSearchParams(useSearch()).has("edit") && mayChange;
  const { connect, target } = tenant;
  return (
    <Panel title="About" actions={mayChange && <Button onPress={() => go(`${path}?edit=1`)}>Edit</Button>}>
      <div className="about">
        <Facts
          of={[
            ["Time zone", tenant.timezone],
            ["Country", tenant.country],
            [
              "Who answers",
              target === null ? (
                "The shared assistant of this installation"
              ) : (
                <span key="target">
                  {target.kind === "squad" ? "Squad" : "Assistant"} <code>{target.id}</code>
                </span>
              ),
            ],
            ["Reaches Vapi by", VIA[connect.via]],
            ...(connect.sipUri === undefined
              ? []
              : ([["SIP address", <code key="uri">{connect.sipUri}</code>]] as [string, React.ReactNode][])),
            ["AI may ring", `${connect.timeoutSeconds ?? 12} s`],
            ["Language", tenant.language ?? "as Twilio has it"],
            ["Voice", tenant.voice ?? "as Twilio has it"],
            ...(onlyTenant === null
              ? ([["Organization", <Organization key="org" id={tenant.orgId} />]] as [string, React.ReactNode][])
              : []),
            ["Made", timeText(tenant.createdAt, tenant.timezone)],
            [
              "Id",
              <span key="id" className="about-id">
                <code>{tenant.id}</code> <Copy text={tenant.id} what="the id" />
              </span>,
            ],
          ]}
        />
      </div>
      {isEditing && <EditTenant tenant={tenant} onClose={() => go(path)} />}
    </Panel>
  );
}

function Organization({ id }: { id: string }) {
  const name = api.useQuery("get", "/api/orgs/{id}", { params: { path: { id } } }).data?.name;
  return <Link href={`/organizations/${id}`}>{name ?? id}</Link>;
}
