// All tenants, by name: found by a part of it, narrowed to an organization or an assistant, a page at a time.
import { Link } from "wouter";
import { api } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Button, ButtonLink } from "../../ui/button";
import { FilterText, useFilters } from "../../ui/filters";
import { Icon } from "../../ui/icon";
import { useInUrl } from "../../ui/in-url";
import { Page } from "../../ui/page";
import { byCursor } from "../../ui/pages";
import { OrgPick } from "../../ui/pick";
import { SameBy } from "../../ui/same-by";
import { quoted } from "../../ui/shell";
import { Empty } from "../../ui/states";
import { type Column, PagedTable } from "../../ui/table";
import { Time } from "../../ui/time";
import { NewTenant } from "./new-tenant";
import "./tenants.css";

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
  const [search, change] = useInUrl();
  const { given, set, any, clear } = useFilters("q", "org", "targetId");
  const { q, org, targetId } = given;
  const query = {
    ...(q === undefined ? {} : { q }),
    ...(org === undefined ? {} : { orgId: org }),
    ...(targetId === undefined ? {} : { targetId }),
  };
  const list = api.useInfiniteQuery("get", "/api/tenants", { params: { query: { ...query, limit: 50 } } }, byCursor);
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
            <Button look="primary" onPress={() => change({ new: "1" })}>
              <Icon name="plus" /> New tenant
            </Button>
          )}
        </>
      }
    >
      <search className="tenant-filters" aria-label="Narrow the list">
        <FilterText name="q" label="Search by name or slug" />
        {isOperator && <OrgPick placeholder="Any" value={org ?? ""} onChange={(id) => set("org", id)} />}
        <FilterText name="targetId" label="Answered by this assistant or squad" mono />
        {any && <Button onPress={clear}>Show all</Button>}
      </search>
      <PagedTable
        label="Tenants"
        columns={COLUMNS}
        query={list}
        idOf={({ id }) => id}
        empty={
          any ? (
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
      {search.has("new") && mayAdminister && <NewTenant onClose={() => change({ new: undefined })} />}
    </Page>
  );
}

function commandOf({ q, orgId, targetId }: { q?: string; orgId?: string; targetId?: string }): string | undefined {
  // The command knows no such question.
  if (targetId !== undefined) return undefined;
  const words = ["patchbay tenants list"];
  if (orgId !== undefined) words.push(`--org ${orgId}`);
  if (q !== undefined) words.push(`--search ${quoted(q)}`);
  return words.join(" ");
}
