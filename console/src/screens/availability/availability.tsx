// When the AI answers for a tenant: edited in parts, seen in a picture, saved when it is right.
import { type ComponentType, lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { useSearchParams } from "wouter";
import type { Refused } from "../../api/client";
import type { Availability, Fault, Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge, Note } from "../../ui/badge";
import { useRested } from "../../ui/rested";
import { Known, Loading } from "../../ui/states";
import { BusyPart } from "./busy-part";
import { CheckedContext, faultsOf, useCheck } from "./checked";
import { ComingWeeks } from "./coming-weeks";
import { type Draft, isDirty } from "./draft";
import { type Editor, EditorContext } from "./editor";
import { FallbackPart } from "./fallback-part";
import { FaultList } from "./fault-list";
import { HoursPart } from "./hours-part";
import { Leaving } from "./leaving";
import { ModePart } from "./mode-part";
import { firstPart, PARTS, type PartName, partOf } from "./modes";
import { RulesPart } from "./rules-part";
import { SaveBar } from "./save-bar";
import { put } from "./settings";
import { useDraft } from "./use-draft";
import "./availability.css";
import "./parts.css";
import "./week.css";

/** The engine is asked once a hand rests: a drag asks once. */
const REST_MS = 180;

export default function Screen({ tenant }: { tenant: Tenant }) {
  const { draft, act, query } = useDraft(tenant);
  return (
    <Known query={query}>
      {() => (draft === undefined ? <Loading /> : <AvailabilityEditor tenant={tenant} draft={draft} act={act} />)}
    </Known>
  );
}

type Act = ReturnType<typeof useDraft>["act"];

function AvailabilityEditor({ tenant, draft, act }: { tenant: Tenant; draft: Draft; act: Act }) {
  const { mayChange } = useSession();
  const { settings } = draft;
  const dirty = isDirty(draft);
  const rested = useRested(settings, REST_MS);
  const check = useCheck(tenant.id, rested);
  const [refused, setRefused] = useState<{ settings: Availability; faults: Fault[] }>();
  const [doubts, setDoubts] = useState<Fault[]>([]);
  const [part, setPart] = usePart(settings);
  const jump = useJump(setPart);

  const faults = useMemo(() => {
    const found = refused?.settings === settings ? refused.faults : [];
    const live = dirty ? check.faults.filter((fault) => !found.some((one) => one.pointer === fault.pointer)) : [];
    return [...found, ...live];
  }, [refused, settings, check.faults, dirty]);

  const editor: Editor = {
    tenant,
    settings,
    mayEdit: mayChange,
    edit: (path, value, step) => act({ do: "edit", settings: put(settings, path, value), step }),
    faults,
  };
  const onRefused = (error: Refused) => {
    const found = faultsOf(error);
    setRefused({ settings, faults: found });
    if (found[0] !== undefined) jump(found[0].pointer);
  };

  return (
    <EditorContext value={editor}>
      <CheckedContext value={check}>
        {!mayChange && <Note>You may look at these settings, not change them: your token can only read.</Note>}
        <ModePart />
        {doubts.length > 0 && !dirty && (
          <Note tone="warn" title="Saved, but look at this again">
            <FaultList faults={doubts} onJump={jump} />
          </Note>
        )}
        <div className="availability">
          <Parts part={part} onPart={setPart} faults={faults} />
          <div className="availability-picture">
            <ComingWeeks tenant={tenant} availability={rested} unsaved={dirty} />
          </div>
        </div>
        {dirty && mayChange && (
          <SaveBar draft={draft} act={act} onRefused={onRefused} onDoubts={setDoubts} onJump={jump} />
        )}
        <Leaving dirty={dirty && mayChange} name={tenant.name} onDiscard={() => act({ do: "undo-all" })} />
      </CheckedContext>
    </EditorContext>
  );
}

/** The calendar knows all calendars of the world: it comes when it is looked at. */
const DaysPart = lazy(() => import("./days-part"));

const VIEWS: Record<PartName, ComponentType> = {
  hours: HoursPart,
  days: DaysPart,
  rules: RulesPart,
  busy: BusyPart,
  fallback: FallbackPart,
};

function Parts({ part, onPart, faults }: { part: PartName; onPart: (part: PartName) => void; faults: Fault[] }) {
  return (
    <Tabs className="panel parts" selectedKey={part} onSelectionChange={(key) => onPart(key as PartName)}>
      <TabList className="tabs" aria-label="Parts of the settings">
        {PARTS.map(({ name, label }) => (
          <PartTab key={name} name={name} label={label} faults={faults} />
        ))}
      </TabList>
      {PARTS.map(({ name }) => {
        const View = VIEWS[name];
        return (
          <TabPanel key={name} id={name} className="part">
            <Suspense fallback={<Loading what="Opening" />}>
              <View />
            </Suspense>
          </TabPanel>
        );
      })}
    </Tabs>
  );
}

function PartTab({ name, label, faults }: { name: PartName; label: string; faults: Fault[] }) {
  const wrong = faults.filter((fault) => partOf(fault.pointer) === name).length;
  return (
    <Tab id={name} className="part-tab">
      {label}
      {wrong > 0 && (
        <Badge tone="bad">
          {wrong}
          <span className="hidden-to-eyes"> to put right</span>
        </Badge>
      )}
    </Tab>
  );
}

/** Which part is open: what the address says, else the one the mode asks. */
function usePart(settings: Availability): [PartName, (part: PartName) => void] {
  const [query, setQuery] = useSearchParams();
  const asked = PARTS.find((one) => one.name === query.get("part"))?.name;
  const set = useCallback(
    (to: PartName) =>
      setQuery(
        (before) => {
          const next = new URLSearchParams(before);
          next.set("part", to);
          return next;
        },
        { replace: true },
      ),
    [setQuery],
  );
  return [asked ?? firstPart(settings.mode), set];
}

/** Opens the part a fault is in, and goes to its field. */
function useJump(setPart: (part: PartName) => void): (pointer: string) => void {
  const [to, setTo] = useState<string>();
  useEffect(() => {
    if (to === undefined) return;
    // The part may have to be shown first.
    const timer = setTimeout(() => {
      const places = [...document.querySelectorAll<HTMLElement>("[data-pointer]")];
      const fits = (place: HTMLElement) => to === place.dataset.pointer || to.startsWith(`${place.dataset.pointer}/`);
      const found = places
        .filter(fits)
        .sort((a, b) => (b.dataset.pointer?.length ?? 0) - (a.dataset.pointer?.length ?? 0))[0];
      found?.scrollIntoView({ block: "center" });
      found?.querySelector<HTMLElement>("input, select, textarea, button, [tabindex]")?.focus();
      setTo(undefined);
    }, 60);
    return () => clearTimeout(timer);
  }, [to]);
  return (pointer) => {
    const part = partOf(pointer);
    if (part !== undefined) setPart(part);
    setTo(pointer);
  };
}
