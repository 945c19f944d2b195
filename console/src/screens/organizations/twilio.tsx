// The Twilio account of an organization. Its tokens are written and never read again.
import { type FormEvent, useState } from "react";
import { faultAt, http } from "../../api/client";
import type { Organization, TwilioCredentials } from "../../api/schema";
import { useSession } from "../../app/session";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Confirm, Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { GuardedNote, useGuarded } from "../../ui/guarded";
import { Facts, Panel } from "../../ui/page";
import { phone } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { say } from "../../ui/toast";
import { useChanged, useReread } from "./changed";
import { TWILIO_CONSOLE } from "./words";

export function Twilio({ org }: { org: Organization }) {
  const { mayChange } = useSession();
  const [open, setOpen] = useState<"put" | "clear">();
  const changed = useChanged();
  const account = org.twilio;
  return (
    <Panel title="Twilio account">
      {account === null ? (
        <p className="soft">
          It has none of its own: the account of this installation carries its tenants' calls, and numbers for them are
          bought there.
        </p>
      ) : (
        <Facts
          of={[
            ["Account SID", <code key="sid">{account.accountSid}</code>],
            ["Auth token", "Kept sealed; it is never shown again"],
            ["Next token", account.hasNextToken ? "Kept too: both are accepted" : "None"],
            ["Caller ID", account.phoneNumber === null ? "None of its own" : phone(account.phoneNumber)],
          ]}
        />
      )}
      {mayChange && (
        <div className="row">
          <Button onPress={() => setOpen("put")}>{account === null ? "Give it an account" : "Change or rotate"}</Button>
          {account !== null && (
            <>
              <Button look="danger" onPress={() => setOpen("clear")}>
                Take it away
              </Button>
              <SameBy
                cli={`patchbay orgs clear-twilio ${org.id}`}
                request={{ method: "DELETE", path: `/api/orgs/${org.id}/twilio` }}
              />
            </>
          )}
        </div>
      )}
      {open === "put" && <Put org={org} onClose={() => setOpen(undefined)} />}
      <Confirm
        title="Take the Twilio account away?"
        isOpen={open === "clear"}
        onClose={() => setOpen(undefined)}
        verb="Take it away"
        danger
        typed={account?.accountSid ?? ""}
        deed={async () => {
          const params = { path: { id: org.id }, header: { "If-Match": `"${org.version}"` } };
          await http.DELETE("/api/orgs/{id}/twilio", { params }).finally(changed);
          say("Its Twilio account is forgotten here");
        }}
      >
        <p>
          Calls that come in on this account are refused from then on: its numbers must be on the account of the
          installation. The credentials are forgotten; at Twilio nothing changes.
        </p>
      </Confirm>
    </Panel>
  );
}

const EMPTY = { accountSid: "", authToken: "", authTokenNext: "", phoneNumber: "" };

function formOf({ twilio }: Organization) {
  return { ...EMPTY, accountSid: twilio?.accountSid ?? "", phoneNumber: twilio?.phoneNumber ?? "" };
}

function Put({ org, onClose }: { org: Organization; onClose: () => void }) {
  // What somebody is writing is held against what they saw, however the page goes on behind it.
  const [seen, setSeen] = useState(org);
  const had = seen.twilio;
  const [form, setForm] = useState(() => formOf(org));
  const put = (change: Partial<typeof EMPTY>) => setForm((before) => ({ ...before, ...change }));
  const changed = useChanged();
  const body: TwilioCredentials = {
    accountSid: form.accountSid.trim(),
    authToken: form.authToken.trim(),
    phoneNumber: form.phoneNumber.replace(/[\s().-]/g, "") || null,
    ...(form.authTokenNext.trim() === "" ? {} : { authTokenNext: form.authTokenNext.trim() }),
  };
  const send = async (what: TwilioCredentials, ifMatch: string) => {
    const params = { path: { id: org.id }, header: { "If-Match": ifMatch } };
    await http.PUT("/api/orgs/{id}/twilio", { params, body: what });
    await changed();
    say("The credentials are kept");
  };
  const guarded = useGuarded(seen.version, send, useReread(org));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await guarded.run(body)) onClose();
  };
  const at = (pointer: string) => faultAt(guarded.error, pointer);
  const isElsewhere = had !== null && body.accountSid !== "" && body.accountSid !== had.accountSid;
  const isPlaced = ["/accountSid", "/authToken", "/authTokenNext", "/phoneNumber"].some((one) => at(one) !== undefined);
  // What is shown in a terminal's history is no place for tokens: the command reads them from the environment.
  const cli =
    `patchbay orgs set-twilio ${org.id} --account-sid ${body.accountSid || "AC…"} --auth-token-env TWILIO_AUTH_TOKEN` +
    (body.authTokenNext === undefined ? "" : " --next-token-env TWILIO_AUTH_TOKEN_NEXT") +
    (body.phoneNumber === null ? "" : ` --phone-number ${body.phoneNumber}`);
  const shown = { ...body, authToken: "…", ...(body.authTokenNext === undefined ? {} : { authTokenNext: "…" }) };
  return (
    <Dialog title="Twilio account" isOpen onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <p className="soft">
          Both stand in the <a href={TWILIO_CONSOLE}>console of Twilio</a>. They are sealed here and never shown again.
        </p>
        <TextField
          label="Account SID"
          mono
          value={form.accountSid}
          onChange={(accountSid) => put({ accountSid })}
          error={at("/accountSid")}
          placeholder="AC…"
          autoComplete="off"
          autoFocus
        />
        <TextField
          label="Auth token"
          type="password"
          value={form.authToken}
          onChange={(authToken) => put({ authToken })}
          error={at("/authToken")}
          autoComplete="off"
          hint="The one that signs now."
        />
        <TextField
          label="Next auth token, optional"
          type="password"
          value={form.authTokenNext}
          onChange={(authTokenNext) => put({ authTokenNext })}
          error={at("/authTokenNext")}
          autoComplete="off"
          hint="For a rotation: make the secondary token at Twilio, put it in here, promote it there, and then put it in above. Both are accepted meanwhile, so no call is refused."
        />
        <TextField
          label="Caller ID, optional"
          type="tel"
          value={form.phoneNumber}
          onChange={(phoneNumber) => put({ phoneNumber })}
          error={at("/phoneNumber")}
          hint="A number of the account, shown where the caller's own cannot be."
        />
        {isElsewhere && (
          <Note tone="warn" title="This is another account than before">
            <p>From the next call on its tenants' calls must be signed by it; calls of the one before are refused.</p>
          </Note>
        )}
        <GuardedNote
          of={guarded}
          isPlaced={isPlaced}
          onMine={onClose}
          onTheirs={() => {
            setSeen(org);
            setForm(formOf(org));
          }}
        />
        <div className="row end">
          <SameBy cli={cli} request={{ method: "PUT", path: `/api/orgs/${org.id}/twilio`, body: shown }} />
          <Button onPress={onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            pending={guarded.busy}
            isDisabled={body.accountSid === "" || body.authToken === "" || guarded.conflict !== undefined}
          >
            Keep
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
