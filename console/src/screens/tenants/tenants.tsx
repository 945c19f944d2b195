// All tenants, by name: found by a part of it, narrowed to an organization or an assistant, a page at a time.
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { api } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Button, ButtonLink } from "../../ui/button";
import { TextField } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Page } from "../../ui/page";
import { quoted, SameBy } from "../../ui/same-by";
import { Empty } from "../../ui/states";
import { byCursor, type Column, PagedTable } from "../../ui/table";
import { Time } from "../../ui/time";
import { NewTenant } from "./new-tenant";
import { OrgField } from "./org-field";
import "./tenants.css";

/** Nothing is asked while somebody types on. */
const PAUSE_MS = 200;

const COLUMNS: Column<Tenant>[] = [
  {
    head: "Name",
    cell: ({ id, name, slug }) => (
      <span className="tenant-name">
        <Link href={`/tenants/${id}`} className="strong">
          {name}
        </Link>
        <code className="soft">{slug}</code>
      </span>
    ),
  },
  { head: "Time zone", wideOnly: true, cell: ({ timezone }) => timezone.replaceAll("_", " ") },
  { head: "Country", wideOnly: true, cell: ({ country }) => country },
  {
    head: "Who answers",
    cell: ({ target }) =>
      target === null ? (
        <span className="soft">Shared</span>
      ) : (
        <span className="line">
          {target.kind === "squad" ? "Squad" : "Assistant"}{" "}
          <code className="soft clipped" title={target.id}>
            {target.id}
          </code>
        </span>
      ),
  },
  { head: "Reaches Vapi by", wideOnly: true, cell: ({ connect }) => (connect.via === "sip" ? "SIP" : connect.via) },
  {
    head: "Made",
    wideOnly: true,
    cell: ({ createdAt }) => (
      <span className="line">
        <Time at={createdAt} />
      </span>
    ),
  },
];

export default function Tenants() {
  const { mayAdminister, isOperator } = useSession();
  const [search, setSearch] = useSearchParams();
  const q = search.get("q") ?? "";
  const orgId = search.get("orgId") ?? "";
  const targetId = search.get("targetId") ?? "";
  const narrow = (part: Record<string, string>) =>
    setSearch(
      (now) => {
        for (const [name, value] of Object.entries(part)) {
          if (value === "") now.delete(name);
          else now.set(name, value);
        }
        return now;
      },
      { replace: true },
    );
  const query = Object.fromEntries(Object.entries({ q, orgId, targetId }).filter(([, value]) => value !== ""));
  const list = api.useInfiniteQuery("get", "/api/tenants", { params: { query: { ...query, limit: 50 } } }, byCursor);
  const isNarrowed = Object.keys(query).length > 0;
  return (
    <Page
      title="Tenants"
      lead="The businesses whose calls are answered here"
      actions={
        <>
          <SameBy
            cli={commandOf(query)}
            request={{ method: "GET", path: `/api/tenants?${new URLSearchParams(query)}` }}
          />
          {mayAdminister && (
            <Button look="primary" onPress={() => narrow({ new: "1" })}>
              <Icon name="plus" /> New tenant
            </Button>
          )}
        </>
      }
    >
      <search className="narrow" aria-label="Narrow the list">
        <Typed label="Search by name or slug" value={q} onChange={(typed) => narrow({ q: typed })} />
        {isOperator && <OrgField label="Organization" value={orgId} onChange={(id) => narrow({ orgId: id })} />}
        <Typed
          label="Answered by this assistant or squad"
          value={targetId}
          onChange={(typed) => narrow({ targetId: typed })}
          mono
        />
        {isNarrowed && <Button onPress={() => narrow({ q: "", orgId: "", targetId: "" })}>Show all</Button>}
      </search>
      <PagedTable
        label="Tenants"
        columns={COLUMNS}
        query={list}
        idOf={({ id }) => id}
        empty={
          isNarrowed ? (
            <Empty title="No tenant fits" action={<ButtonLink href="/tenants">Show all</ButtonLink>}>
              Try a part of the name, or leave one of the fields empty.
            </Empty>
          ) : (
            <Empty
              title="There is no tenant yet"
              action={mayAdminister && <ButtonLink href="/tenants?new=1">Make the first one</ButtonLink>}
            >
              A tenant is one business: it has a name, a clock, numbers, and rules for when the AI answers.
            </Empty>
          )
        }
      />
      {search.has("new") && mayAdminister && <NewTenant onClose={() => narrow({ new: "" })} />}
    </Page>
  );
}

/** A field whose words go into the address a moment after somebody stopped typing. */
function Typed({
  label,
  value,
  onChange,
  mono,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  mono?: boolean;
}) {
  const [typed, setTyped] = useState(value);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address changed elsewhere, as by the way back
  useEffect(() => setTyped(typed.trim() === value ? typed : value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the pause anew
  useEffect(() => {
    if (typed.trim() === value) return;
    const timer = setTimeout(() => onChange(typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return <TextField label={label} type="search" value={typed} onChange={setTyped} mono={mono ?? false} />;
}

function commandOf({ q, orgId, targetId }: { q?: string; orgId?: string; targetId?: string }): string | undefined {
  // The command knows no such question.
  if (targetId !== undefined) return undefined;
  const words = ["patchbay tenants list"];
  if (orgId !== undefined) words.push(`--org ${orgId}`);
  if (q !== undefined) words.push(`--search ${quoted(q)}`);
  return words.join(" ");
}
