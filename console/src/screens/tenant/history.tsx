// What was saved, when and by whom, newest first; and the way back to any of it.
import { useState } from "react";
import { useSearchParams } from "wouter";
import { api } from "../../api/client";
import type { Tenant, Version } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { changesBetween } from "../../ui/changes";
import { Diff } from "../../ui/diff";
import { Panel } from "../../ui/page";
import { byCursor, More } from "../../ui/pages";
import { SameBy } from "../../ui/same-by";
import { Empty, Failed, Loading } from "../../ui/states";
import { Time } from "../../ui/time";
import { identity } from "./changes";
import { RollBack } from "./roll-back";
import "./history.css";

const PAGE = 30;

export default function History({ tenant }: { tenant: Tenant }) {
  const [search, setSearch] = useSearchParams();
  const [asked, setAsked] = useState<Version>();
  const versions = api.useInfiniteQuery(
    "get",
    "/api/tenants/{id}/versions",
    { params: { path: { id: tenant.id }, query: { limit: PAGE } } },
    byCursor,
  );
  if (versions.data === undefined) {
    return versions.error ? <Failed error={versions.error} retry={() => void versions.refetch()} /> : <Loading />;
  }
  const rows = versions.data.pages.flatMap(({ data }) => data);
  // The address names the version that is asked about, so that it can be sent to somebody.
  const linked = Number(search.get("back") ?? Number.NaN);
  const back = asked ?? rows.find(({ version }) => version === linked);
  const close = () => {
    setAsked(undefined);
    setSearch(
      (now) => {
        now.delete("back");
        return now;
      },
      { replace: true },
    );
  };
  return (
    <Panel
      title="History"
      lead="Every change is kept. Going back saves an old version once more, as a new one."
      actions={
        <SameBy
          cli={`patchbay tenants versions ${tenant.slug}`}
          request={{ method: "GET", path: `/api/tenants/${tenant.id}/versions` }}
        />
      }
    >
      {rows.length === 0 ? (
        <Empty title="Nothing was saved yet">The first change appears here.</Empty>
      ) : (
        <ol className="list-plain versions" aria-label="Versions, newest first">
          {rows.map((row, index) => (
            <Row
              key={row.version}
              tenant={tenant}
              row={row}
              older={rows[index + 1]}
              isLast={index === rows.length - 1 && !versions.hasNextPage}
              onBack={() => {
                setAsked(row);
                setSearch(
                  (now) => {
                    now.set("back", String(row.version));
                    return now;
                  },
                  { replace: true },
                );
              }}
            />
          ))}
        </ol>
      )}
      {rows.length > 0 && <More query={versions} shown={rows.length} text="Show older" />}
      {back !== undefined && <RollBack tenant={tenant} version={back} onClose={close} />}
    </Panel>
  );
}

function Row({
  tenant,
  row,
  older,
  isLast,
  onBack,
}: {
  tenant: Tenant;
  row: Version;
  older: Version | undefined;
  isLast: boolean;
  onBack: () => void;
}) {
  const { mayChange } = useSession();
  const isNow = row.version === tenant.version;
  return (
    <li>
      <div className="stack tight">
        <span className="row">
          <span className="strong">Version {row.version}</span>
          {isNow && <Badge tone="good">Now</Badge>}
        </span>
        <span className="small">
          <Time at={row.at} zone={tenant.timezone} />
        </span>
        <span className="small soft">{row.by ?? "Not known by whom"}</span>
      </div>
      <div className="version-what">
        <What zone={tenant.timezone} row={row} older={older} isLast={isLast} />
      </div>
      <div className="row version-deeds">
        {mayChange && !isNow && (
          <Button aria-label={`Go back to version ${row.version}`} onPress={onBack}>
            Go back…
          </Button>
        )}
      </div>
    </li>
  );
}

/** The last of a page comes without what it changed: the next page tells what stood before it. */
function What({
  zone,
  row,
  older,
  isLast,
}: {
  zone: string;
  row: Version;
  older: Version | undefined;
  isLast: boolean;
}) {
  if (row.changes.length > 0) return <Diff changes={row.changes} zone={zone} />;
  if (isLast) return <p>{row.version === 1 ? "It was made" : "What came before is not kept"}</p>;
  if (older === undefined) return <p className="soft">What it changed shows with the older ones</p>;
  const changes = changesBetween(
    { ...identity(older.tenant), availability: older.availability },
    { ...identity(row.tenant), availability: row.availability },
  );
  return changes.length > 0 ? (
    <Diff changes={changes} zone={zone} />
  ) : (
    <p className="soft">Nothing of what is shown here: a decision by hand, or a password</p>
  );
}
