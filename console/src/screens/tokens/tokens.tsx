// Tokens: who may come in, for whom they speak, and when they last did.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, http } from "../../api/client";
import type { Token } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge, Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { FilterBar, FilterText, useFilters } from "../../ui/filters";
import { Named } from "../../ui/named";
import { Page } from "../../ui/page";
import { byCursor } from "../../ui/pages";
import { TenantPick } from "../../ui/pick";
import { SameBy } from "../../ui/same-by";
import { quoted } from "../../ui/shell";
import { Empty } from "../../ui/states";
import { type Column, PagedTable } from "../../ui/table";
import { ownZone, Time, ZoneNote } from "../../ui/time";
import { say } from "../../ui/toast";
import { Create } from "./create";
import { isOwn, STANDINGS, standing, subjectOf } from "./words";

export default function Tokens() {
  const session = useSession();
  const filters = useFilters("q", "tenant");
  const { q, tenant } = filters.given;
  const [makes, setMakes] = useState(false);
  const [revokes, setRevokes] = useState<Token>();
  const query = {
    limit: 50,
    ...(q === undefined ? {} : { q }),
    ...(tenant === undefined ? {} : { tenantId: tenant }),
  };
  const tokens = api.useInfiniteQuery("get", "/api/tokens", { params: { query } }, byCursor);
  const asked = new URLSearchParams({
    ...(q === undefined ? {} : { q }),
    ...(tenant === undefined ? {} : { tenantId: tenant }),
  });
  return (
    <Page
      title="Tokens"
      lead={
        <>
          Who may come in, by this console, the API or the command line · <ZoneNote zone={ownZone} />
        </>
      }
      actions={
        <>
          {session.mayChange && (
            <Button look="primary" onPress={() => setMakes(true)}>
              New token
            </Button>
          )}
          <SameBy
            cli={`patchbay token list${q === undefined ? "" : ` --search ${quoted(q)}`}`}
            request={{ method: "GET", path: `/api/tokens${asked.size === 0 ? "" : `?${asked}`}` }}
          />
        </>
      }
    >
      <FilterBar of={filters}>
        <FilterText label="Name or id" name="q" />
        {session.onlyTenant === null && (
          <TenantPick value={tenant ?? ""} onChange={(id) => filters.set("tenant", id)} />
        )}
      </FilterBar>
      <PagedTable
        label="Tokens"
        columns={columns(session, setRevokes)}
        query={tokens}
        idOf={(token) => token.id}
        empty={
          filters.any ? (
            <Empty title="No such token">Nothing fits what you asked for above.</Empty>
          ) : (
            <Empty title="No tokens yet">
              Only the token of the settings opens anything so far. Make one for each person and each program: then the
              audit says who did what, and one can be revoked without the others.
            </Empty>
          )
        }
      />
      {makes && <Create onClose={() => setMakes(false)} />}
      <Revoke token={revokes} onClose={() => setRevokes(undefined)} />
    </Page>
  );
}

function columns(session: ReturnType<typeof useSession>, revoke: (token: Token) => void): Column<Token>[] {
  const now = Date.now();
  const never = <span className="soft">never</span>;
  const all: (Column<Token> | false)[] = [
    {
      head: "Name",
      cell: (token) => (
        <>
          <span className="strong">{token.name}</span>{" "}
          {isOwn(token, session) && <Badge tone="ai">You are signed in with it</Badge>}
          <div className="small narrow-only">
            <Role of={token} />
          </div>
        </>
      ),
    },
    { head: "For", cell: (token) => <Role of={token} />, wideOnly: true },
    {
      head: "May",
      cell: (token) => (token.access === "write" ? "change" : "only look"),
      wideOnly: true,
    },
    {
      head: "State",
      cell: (token) => {
        const { text, tone } = STANDINGS[standing(token, now)];
        return <Badge tone={tone}>{text}</Badge>;
      },
    },
    {
      head: "Good until",
      cell: (token) => {
        if (token.revokedAt !== null) return <Time at={token.revokedAt} />;
        return token.expiresAt === null ? (
          <span className="soft">for ever</span>
        ) : (
          <Time at={token.expiresAt} as="full" />
        );
      },
      wideOnly: true,
    },
    {
      head: "Last used",
      cell: (token) => (token.lastUsedAt === null ? never : <Time at={token.lastUsedAt} />),
      wideOnly: true,
    },
    session.mayChange && {
      head: "Deeds",
      cell: (token) =>
        standing(token, now) !== "good" ? null : (
          <Button look="quiet" onPress={() => revoke(token)} aria-label={`Revoke ${token.name}`}>
            Revoke
          </Button>
        ),
    },
  ];
  return all.filter((column) => column !== false);
}

function Role({ of: token }: { of: Token }) {
  const subject = subjectOf(token.role);
  if (subject === null) return <>Operator, everything</>;
  return (
    <>
      {token.role.startsWith("org:") ? "Organization" : "Tenant"} <Named id={subject} />
    </>
  );
}

function Revoke({ token, onClose }: { token: Token | undefined; onClose: () => void }) {
  const session = useSession();
  const queries = useQueryClient();
  return (
    <Confirm
      title={`Revoke ${token?.name ?? ""}?`}
      isOpen={token !== undefined}
      onClose={onClose}
      verb="Revoke"
      danger
      deed={async () => {
        if (token === undefined) return;
        await http.DELETE("/api/tokens/{id}", { params: { path: { id: token.id } } });
        say(`${token.name} opens nothing any more`);
        await queries.invalidateQueries({ queryKey: ["get", "/api/tokens"] });
      }}
    >
      <p>It opens nothing from the next request on, and whoever is signed in with it is out. It stays in the list.</p>
      {token !== undefined && isOwn(token, session) && (
        <Note tone="warn" title="You are signed in with it">
          <p>You are out as well. Be sure to have another one.</p>
        </Note>
      )}
      {token !== undefined && (
        <div className="row">
          <SameBy
            cli={`patchbay token revoke ${token.id}`}
            request={{ method: "DELETE", path: `/api/tokens/${token.id}` }}
          />
          <span className="small soft">{token.id}</span>
        </div>
      )}
    </Confirm>
  );
}
