// What can be done with a number: lead it somewhere, take it away, mend where it leads, give it back for good.
import { type ReactNode, useState } from "react";
import { http, onceKey, words } from "../../api/client";
import type { Number as Num, NumberChange } from "../../api/schema";
import { useSession } from "../../app/session";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { Select, Switch } from "../../ui/field";
import { JobFollow } from "../../ui/job-follow";
import { phone } from "../../ui/phone";
import { TenantPick } from "../../ui/pick";
import { type Request, SameBy } from "../../ui/same-by";
import { say } from "../../ui/toast";
import { useLeaving } from "./leaving";
import { isFree } from "./number-words";
import { useStale } from "./stale";

type Asked = "assign" | "unassign" | "rewire" | "unvapi" | "release";

export function NumberDeeds({ number }: { number: Num }) {
  const { mayChange } = useSession();
  const [asked, setAsked] = useState<Asked>();
  const [job, setJob] = useState<string>();
  const [to, setTo] = useState("");
  const [once, setOnce] = useState(onceKey);
  const stale = useStale("/api/jobs");
  const leaving = useLeaving();
  if (!mayChange) return <p className="small soft">Your token may look at this number, and change nothing.</p>;

  const at = { path: { id: number.id } };
  const ask = (deed: Asked) => {
    setTo("");
    setOnce(onceKey());
    setAsked(deed);
  };
  const close = () => setAsked(undefined);
  const name = phone(number.e164);
  const header = { "Idempotency-Key": once };
  const change = async (body: NumberChange) => {
    await http.PATCH("/api/numbers/{id}", { params: at, body });
    await stale();
  };
  const begins = async (begun: Promise<{ data?: { jobId: string } }>) => {
    const { data } = await begun;
    setJob(data?.jobId);
    await stale();
  };
  const leaves = async () => {
    const { data } = await http.POST("/api/numbers/{id}/release", {
      params: { ...at, header },
      body: { confirm: number.e164 },
    });
    // Its row goes, perhaps before the job has ended: the job is followed above the list.
    if (data !== undefined) leaving({ name, jobId: data.jobId });
  };
  const path = `/api/numbers/${number.id}`;

  return (
    <section className="stack" aria-label={`What can be done with ${name}`}>
      <h3>What can be done</h3>
      <div className="deeds">
        <NumberSettings number={number} change={change} />
        {number.tenantId === null ? (
          <Deed
            button={<Button onPress={() => ask("assign")}>Lead it to a tenant</Button>}
            cli={`patchbay numbers assign ${number.id} TENANT`}
            request={{ method: "PATCH", path, body: { tenantId: "TENANT_ID" } }}
          >
            From then on its calls are that tenant's.
          </Deed>
        ) : (
          <Deed
            button={<Button onPress={() => ask("unassign")}>Take it from its tenant</Button>}
            cli={`patchbay numbers unassign ${number.id}`}
            request={{ method: "DELETE", path }}
          >
            It rests: callers hear that nobody is there. It stays ours, and is paid for.
          </Deed>
        )}
        <Deed
          button={<Button onPress={() => ask("rewire")}>Make it lead here</Button>}
          cli={`patchbay numbers rewire ${number.id}`}
          request={{ method: "POST", path: `${path}/rewire` }}
        >
          Writes our addresses at its provider once more, and reads them back.
        </Deed>
        {number.vapiNumberId !== null && !isFree(number) && (
          <Deed
            button={<Button onPress={() => ask("unvapi")}>Take it out of Vapi</Button>}
            cli={`patchbay numbers remove-from-vapi ${number.id}`}
            request={{ method: "POST", path: `${path}/remove-from-vapi` }}
          >
            It goes on leading here; calls reach the AI by the tenant's SIP address.
          </Deed>
        )}
        <Deed
          button={
            <Button look="danger" isDisabled={number.tenantId !== null} onPress={() => ask("release")}>
              Give it back for good
            </Button>
          }
          cli={`patchbay numbers release ${number.id}`}
          request={{ method: "POST", path: `${path}/release`, body: { confirm: number.e164 } }}
        >
          {number.tenantId === null
            ? "To its provider. Nobody can get it back, and somebody else may get it."
            : "Take it from its tenant first: a number that leads somewhere is not given back."}
        </Deed>
      </div>
      {job !== undefined && <JobFollow id={job} onEnd={() => void stale()} />}

      <Confirm
        title={`Lead ${name} to a tenant`}
        isOpen={asked === "assign"}
        onClose={close}
        verb="Lead it there"
        deed={async () => {
          if (to === "") throw new Error("Choose a tenant first.");
          await change({ tenantId: to });
          say(`${name} leads there now`);
        }}
      >
        <p>Whoever calls it from now on reaches that tenant. Where a provider knows it, a job makes it lead here.</p>
        <TenantPick value={to} onChange={setTo} />
      </Confirm>
      <Confirm
        title={`Take ${name} from its tenant`}
        isOpen={asked === "unassign"}
        onClose={close}
        verb="Take it away"
        deed={async () => {
          await http.DELETE("/api/numbers/{id}", { params: at });
          await stale();
          say(`${name} rests now`);
        }}
      >
        <p>Callers hear that nobody is there, from the next call on. The number stays ours and is paid for.</p>
        <p>
          {number.porting === "no"
            ? "After its rest it goes back to the pool, where the next tenant that needs a number gets it."
            : "It came from another carrier, so nobody gets it by itself."}
        </p>
      </Confirm>
      <Confirm
        title={`Make ${name} lead here`}
        isOpen={asked === "rewire"}
        onClose={close}
        verb="Make it lead here"
        deed={() => begins(http.POST("/api/numbers/{id}/rewire", { params: { ...at, header } }))}
      >
        <p>
          Whatever its provider sends calls to now is replaced by this installation's addresses. Where Vapi does not
          know the number, it is made known there first.
        </p>
      </Confirm>
      <Confirm
        title={`Take ${name} out of Vapi`}
        isOpen={asked === "unvapi"}
        onClose={close}
        verb="Take it out"
        deed={() => begins(http.POST("/api/numbers/{id}/remove-from-vapi", { params: { ...at, header } }))}
      >
        <p>Calls go on as before: they come here, and reach the AI by the tenant's SIP address.</p>
      </Confirm>
      <Confirm
        title={`Give ${name} back for good`}
        isOpen={asked === "release"}
        onClose={close}
        verb="Give it back for good"
        danger
        typed={number.e164}
        deed={leaves}
      >
        <p>
          The number goes back to {isFree(number) ? "Vapi" : "Twilio"}. Whoever still calls it hears that it is out of
          service, or reaches whoever gets it next. This cannot be undone.
        </p>
      </Confirm>
    </section>
  );
}

function Deed({
  button,
  cli,
  request,
  children,
}: {
  button: ReactNode;
  cli?: string;
  request: Request;
  children: ReactNode;
}) {
  return (
    <div className="deed">
      <span className="deed-button">{button}</span>
      <span className="soft deed-says">{children}</span>
      <SameBy cli={cli} request={request} />
    </div>
  );
}

/** What is changed at a touch: what it is for, and whether staff was asked before. */
function NumberSettings({ number, change }: { number: Num; change: (body: NumberChange) => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const run = async (body: NumberChange) => {
    setBusy(true);
    try {
      await change(body);
      say("Saved");
    } catch (error) {
      say(words(error), "bad");
    } finally {
      setBusy(false);
    }
  };
  const path = `/api/numbers/${number.id}`;
  return (
    <>
      <Deed
        button={
          <Select
            label="What it is for"
            hideLabel
            value={number.purpose}
            isDisabled={busy}
            onChange={(purpose) => void run({ purpose })}
            options={[
              { value: "calls", label: "For calls" },
              { value: "voicemail", label: "For voicemail only" },
            ]}
          />
        }
        request={{ method: "PATCH", path, body: { purpose: number.purpose } }}
      >
        Whether its calls are decided like any, or go straight to voicemail.
      </Deed>
      <Deed
        button={
          <Switch
            isSelected={number.alreadyOverflowed}
            isDisabled={busy}
            onChange={(alreadyOverflowed) => void run({ alreadyOverflowed })}
          >
            Staff was rung before
          </Switch>
        }
        request={{ method: "PATCH", path, body: { alreadyOverflowed: number.alreadyOverflowed } }}
      >
        On where the carrier or phone system sends only what nobody took: the overflow rule counts as met.
      </Deed>
    </>
  );
}
