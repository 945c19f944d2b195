// The names a phone system signs in with: the older beside the newer while it changes over.
import { useState } from "react";
import { api, http } from "../../api/client";
import type { PhoneIntegration, SipName, Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge, Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { JobFollow } from "../../ui/job-follow";
import { Facts, Panel } from "../../ui/page";
import { SameBy } from "../../ui/same-by";
import { Known } from "../../ui/states";
import { Time } from "../../ui/time";
import { useStale } from "../numbers/stale";
import type { Secret } from "./once";
import { changeOf, commandOf, saidOf } from "./say-words";

export function Names({
  tenant,
  known,
  onSecret,
}: {
  tenant: Tenant;
  known: PhoneIntegration;
  onSecret: (secret: Secret) => void;
}) {
  const { mayChange } = useSession();
  const query = api.useQuery("get", "/api/tenants/{id}/sip-names", { params: { path: { id: tenant.id } } });
  const [asked, setAsked] = useState<"renew" | "end">();
  const [job, setJob] = useState<string>();
  const [renewed, setRenewed] = useState(false);
  const stale = useStale("/api/tenants", "/api/jobs");
  const renewal = { ...changeOf("sip", saidOf(known), known), renewSipPassword: true };
  const names = query.data?.data ?? [];
  const older = names.length > 1 ? names[0] : undefined;
  const at = { path: { id: tenant.id } };
  return (
    <Panel
      title="Names its phone system signs in with"
      actions={
        <SameBy
          cli={`patchbay tenants sip-names ${tenant.slug}`}
          request={{ method: "GET", path: `/api/tenants/${tenant.id}/sip-names` }}
        />
      }
    >
      <Known query={query}>
        {({ data }) =>
          data.length === 0 ? (
            <p className="soft">None: it is let in by its address.</p>
          ) : (
            <div className="sip-names">
              {data.map((name, place) => (
                <Name
                  key={name.username}
                  name={name}
                  zone={tenant.timezone}
                  rank={data.length === 1 ? undefined : place === 0 ? "Older" : "Newer"}
                />
              ))}
            </div>
          )
        }
      </Known>
      {renewed && names.some(({ goodSince }) => goodSince === null) && (
        <Note tone="warn" title="The newer one is not let in yet">
          <p>Deploy once more, then enter it in the phone system. The older one stays good meanwhile.</p>
        </Note>
      )}
      {job !== undefined && <JobFollow id={job} onEnd={() => void stale()} />}
      {mayChange && names.length > 0 && (
        <div className="row">
          <Button onPress={() => setAsked("renew")} isDisabled={older !== undefined}>
            Make a new password
          </Button>
          <SameBy
            cli={commandOf(tenant.slug, renewal)}
            request={{ method: "PUT", path: `/api/tenants/${tenant.id}/phone-integration`, body: renewal }}
          />
          {older !== undefined && (
            <>
              <Button look="danger" onPress={() => setAsked("end")}>
                End the older one now
              </Button>
              <SameBy
                cli={`patchbay tenants sip-names ${tenant.slug} --remove ${older.username}`}
                request={{ method: "DELETE", path: `/api/tenants/${tenant.id}/sip-names/${older.username}` }}
              />
              <span className="small soft">Two are the most: end the older one before you make another.</span>
            </>
          )}
        </div>
      )}
      <Confirm
        title="Make a new password"
        isOpen={asked === "renew"}
        onClose={() => setAsked(undefined)}
        verb="Make it"
        deed={async () => {
          const { data } = await http.PUT("/api/tenants/{id}/phone-integration", { params: at, body: renewal });
          if (data?.sipPassword !== undefined) {
            onSecret({ username: data.sipUsername ?? "", password: data.sipPassword });
          }
          setRenewed(true);
          await stale();
        }}
      >
        <p>
          A new name and a new password, told once. Those before stay good beside them until the phone system has called
          with the new ones for some days, so no call is lost.
        </p>
        <p>Afterwards deploy once more: that lets the new ones in.</p>
      </Confirm>
      {older !== undefined && (
        <Confirm
          title="End the older name now"
          isOpen={asked === "end"}
          onClose={() => setAsked(undefined)}
          verb="End it"
          danger
          typed={older.username}
          deed={async () => {
            const { data } = await http.DELETE("/api/tenants/{id}/sip-names/{name}", {
              params: { path: { id: tenant.id, name: older.username } },
            });
            setJob(data?.jobId);
            await stale();
          }}
        >
          <p>
            Calls that sign in with it are refused from now on. If the phone system still uses it, its calls no longer
            arrive: {older.lastCallAt === null ? "no call is known to have used it." : "calls have used it."}
          </p>
        </Confirm>
      )}
    </Panel>
  );
}

function Name({ name, zone, rank }: { name: SipName; zone: string; rank: string | undefined }) {
  const when = (at: string | null, none: string) => (at === null ? none : <Time at={at} zone={zone} as="full" />);
  return (
    <div className="sip-name">
      <div className="row">
        <code className="strong">{name.username}</code>
        {rank !== undefined && <Badge>{rank}</Badge>}
        {name.goodSince === null && <Badge tone="warn">Not let in yet</Badge>}
      </div>
      <Facts
        of={[
          ["Let in since", when(name.goodSince, "Not before it is deployed")],
          ["First call", when(name.firstCallAt, "None yet")],
          ["Last call", when(name.lastCallAt, rank === undefined ? "Not looked at while there is one" : "None known")],
          ["Ends", when(name.endsAt, "Not by itself")],
        ]}
      />
    </div>
  );
}
