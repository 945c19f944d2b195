// A new token: for whom, what it may, until when. Its secret is shown once, or turned into a link that signs in.
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { faultAt, http, onceKey, words } from "../../api/client";
import type { Access, NewToken, SessionLink, TokenMade } from "../../api/schema";
import { useSession } from "../../app/session";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Code } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { Choice, Select, TextField } from "../../ui/field";
import { OrgPick, TenantPick } from "../../ui/pick";
import { SameBy } from "../../ui/same-by";
import { Secret } from "../../ui/secret";
import { quoted } from "../../ui/shell";
import { Time } from "../../ui/time";
import { endOf, LASTS, type Lasts } from "./words";

type Role = "operator" | "org" | "tenant";

export function Create({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<TokenMade>();
  return (
    <Dialog title={made === undefined ? "New token" : `${made.name} is made`} isOpen onClose={onClose}>
      {made === undefined ? <Form onClose={onClose} onMade={setMade} /> : <Made token={made} onClose={onClose} />}
    </Dialog>
  );
}

function Form({ onClose, onMade }: { onClose: () => void; onMade: (token: TokenMade) => void }) {
  const { isOperator, orgId, onlyTenant } = useSession();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("tenant");
  const [org, setOrg] = useState(orgId ?? "");
  const [tenant, setTenant] = useState(onlyTenant ?? "");
  const [access, setAccess] = useState<Access>("write");
  const [lasts, setLasts] = useState<Lasts>("90");
  const [day, setDay] = useState("");
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });

  const subject =
    role === "operator" ? "operator" : role === "org" ? org && `org:${org}` : tenant && `tenant:${tenant}`;
  const bodyAt = (now: number): NewToken => ({
    name: name.trim(),
    role: subject ?? "",
    access,
    expiresAt: endOf(lasts, day, now),
  });
  const isReady = name.trim() !== "" && Boolean(subject) && (lasts !== "until" || day !== "");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    setState({ busy: true });
    try {
      const header = { "Idempotency-Key": onceKey() };
      const answer = await http.POST("/api/tokens", { body: bodyAt(Date.now()), params: { header } });
      await queries.invalidateQueries({ queryKey: ["get", "/api/tokens"] });
      if (answer.data !== undefined) onMade(answer.data);
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  const at = (pointer: string) => faultAt(state.error, pointer);
  const isPlaced = at("/name") !== undefined || at("/expiresAt") !== undefined;
  const roles: { value: Role; label: string; hint: string }[] = [
    { value: "tenant", label: "One tenant", hint: "Its own calls, numbers and hours" },
    { value: "org", label: "An organization", hint: "All its tenants" },
    { value: "operator", label: "Operator", hint: "Everything in this installation" },
  ];
  const offered = isOperator ? roles : roles.filter(({ value }) => value !== "operator");
  const shown = bodyAt(Date.now());
  return (
    <form className="stack" onSubmit={submit}>
      <TextField
        label="Name"
        value={name}
        onChange={setName}
        error={at("/name")}
        autoFocus
        autoComplete="off"
        hint="Who or what it is for: the audit names it."
      />
      {onlyTenant === null && <Choice label="For" value={role} onChange={setRole} options={offered} />}
      {role === "tenant" && onlyTenant === null && (
        <TenantPick label="Which tenant" value={tenant} onChange={setTenant} />
      )}
      {role === "org" && isOperator && <OrgPick label="Which organization" value={org} onChange={setOrg} />}
      <Choice
        label="It may"
        value={access}
        onChange={setAccess}
        options={[
          { value: "write", label: "Look and change" },
          { value: "read", label: "Only look" },
        ]}
      />
      <div className="row">
        <Select label="Good for" value={lasts} onChange={setLasts} options={LASTS} />
        {lasts === "until" && (
          <TextField label="Last day" type="date" value={day} onChange={setDay} error={at("/expiresAt")} />
        )}
      </div>
      {state.error !== undefined && !isPlaced && <Note tone="bad">{words(state.error)}</Note>}
      <div className="row end">
        <SameBy
          cli={
            `patchbay token create --name ${quoted(shown.name || "…")} --role ${subject ?? "…"} --access ${access}` +
            (lasts === "never" ? "" : ` --expires ${lasts === "until" ? (shown.expiresAt ?? "…") : `${lasts}d`}`)
          }
          request={{ method: "POST", path: "/api/tokens", body: shown }}
        />
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" type="submit" pending={state.busy} isDisabled={!isReady}>
          Create
        </Button>
      </div>
    </form>
  );
}

function Made({ token, onClose }: { token: TokenMade; onClose: () => void }) {
  const [link, setLink] = useState<SessionLink>();
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  const make = async () => {
    setState({ busy: true });
    try {
      // The link signs in whoever asked for it: here that is the new token, not the one of this session.
      const headers = { Authorization: `Bearer ${token.secret}` };
      const answer = await http.POST("/api/session/links", { headers, credentials: "omit" });
      setLink(answer.data);
      setState({ busy: false });
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  if (link !== undefined) {
    return (
      <div className="stack">
        <p>
          Whoever opens this link is signed in with <span className="strong">{token.name}</span>, with no token to type.
          It is good once, until <Time at={link.expiresAt} as="clock" />.
        </p>
        <Code what="the sign-in link" text={link.url} wrap />
        <div className="row end">
          <Button look="primary" onPress={onClose}>
            Done
          </Button>
        </div>
      </div>
    );
  }
  return (
    <div className="stack">
      <Secret what="the token" text={token.secret}>
        <p>Copy it to where it is needed. Only a hash of it is kept here.</p>
      </Secret>
      <p className="soft">
        For a person it may be easier to send a link that signs them in once, with no token to keep. It is good for ten
        minutes.
      </p>
      {state.error !== undefined && <Note tone="bad">{words(state.error)}</Note>}
      <div className="row end">
        <Button pending={state.busy} onPress={() => void make()}>
          Make a sign-in link instead
        </Button>
        <Button look="primary" onPress={onClose}>
          Done
        </Button>
      </div>
    </div>
  );
}
