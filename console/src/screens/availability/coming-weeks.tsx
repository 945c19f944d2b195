// Who will answer in the weeks to come with the settings as they are being edited, asked of the engine as one edits.
import { useSearchParams } from "wouter";
import { Refused, words } from "../../api/client";
import type { Availability, Tenant } from "../../api/schema";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { CoveragePicture } from "../../ui/coverage-picture";
import { dateText } from "../../ui/coverage-words";
import { Select } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Panel } from "../../ui/page";
import { SameBy } from "../../ui/same-by";
import { Loading } from "../../ui/states";
import { useCoverage } from "./asked";
import { addDays, todayIn } from "./days";

type Weeks = "2" | "4" | "8";

const WEEKS: { value: Weeks; label: string }[] = [
  { value: "2", label: "2 weeks" },
  { value: "4", label: "4 weeks" },
  { value: "8", label: "8 weeks" },
];

export function ComingWeeks({
  tenant,
  availability,
  unsaved,
}: {
  tenant: Tenant;
  availability: Availability;
  unsaved: boolean;
}) {
  const [query, setQuery] = useSearchParams();
  const given = query.get("weeks");
  const weeks: Weeks = given === "4" || given === "8" ? given : "2";
  const today = todayIn(tenant.timezone);
  const from = /^\d{4}-\d{2}-\d{2}$/.test(query.get("from") ?? "") ? (query.get("from") as string) : today;
  const days = Number(weeks) * 7;
  const body = { availability, from, days };
  const coverage = useCoverage(tenant.id, body);

  const put = (key: string, value: string | undefined) =>
    setQuery(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === undefined) next.delete(key);
        else next.set(key, value);
        return next;
      },
      { replace: true },
    );
  const page = (by: number) => {
    const to = addDays(from, by * days);
    put("from", to === today ? undefined : to);
  };
  const invalid = coverage.error instanceof Refused && coverage.error.status === 422;

  return (
    <Panel
      title="The coming weeks"
      lead={
        <>
          {unsaved ? "As it will be once these changes are saved" : "As it is saved"}
          {from !== today && ` · ${dateText(from)} to ${dateText(addDays(from, days - 1))}`}
        </>
      }
      actions={
        <>
          <Button look="quiet" aria-label="Earlier" onPress={() => page(-1)}>
            <Icon name="left" />
          </Button>
          <Button look="quiet" onPress={() => put("from", undefined)} isDisabled={from === today}>
            Today
          </Button>
          <Button look="quiet" aria-label="Later" onPress={() => page(1)}>
            <Icon name="right" />
          </Button>
          <Select label="How long" hideLabel value={weeks} options={WEEKS} onChange={(to) => put("weeks", to)} />
          <SameBy request={{ method: "POST", path: `/api/tenants/${tenant.id}/coverage`, body }} />
        </>
      }
    >
      {invalid && <Note tone="warn">The picture waits until what is marked as wrong is put right.</Note>}
      {coverage.error !== null && !invalid && <Note tone="bad">{words(coverage.error)}</Note>}
      {coverage.data !== undefined ? (
        <CoveragePicture coverage={coverage.data} zone={coverage.data.timezone} />
      ) : (
        coverage.error === null && <Loading what="Asking who answers" />
      )}
    </Panel>
  );
}
