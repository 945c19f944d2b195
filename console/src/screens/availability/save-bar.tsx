// What is not saved yet, and everything that can be done about it: see it, try it, undo it, save it.
import { useEffect, useId, useMemo, useState } from "react";
import { Refused, words } from "../../api/client";
import type { Fault } from "../../api/schema";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { counted } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { useStale } from "../../ui/stale";
import { say } from "../../ui/toast";
import { changeWords } from "./change-words";
import { Conflict } from "./conflict";
import type { Deed, Draft } from "./draft";
import { useEditor } from "./editor";
import { FaultList } from "./fault-list";
import { changesBetween, same } from "./settings";
import { TryReplay } from "./try-replay";
import { readSaved, save } from "./use-draft";

export function SaveBar({
  draft,
  act,
  onRefused,
  onDoubts,
  onJump,
}: {
  draft: Draft;
  act: (deed: Deed) => void;
  /** The settings a save was refused for, and why. */
  onRefused: (refused: Refused) => void;
  /** What was saved, but is hardly meant so. */
  onDoubts: (doubts: Fault[]) => void;
  onJump: (pointer: string) => void;
}) {
  const { tenant, settings, faults } = useEditor();
  const stale = useStale("/api/tenants");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  const [open, setOpen] = useState(false);
  const list = useId();
  const changes = useMemo(() => changesBetween(draft.base.availability, settings), [draft.base, settings]);

  const run = async () => {
    if (busy || draft.theirs !== undefined) return;
    setBusy(true);
    setFailure(undefined);
    try {
      const saved = await saveOver(tenant.id, draft);
      act({ do: saved.isMine ? "saved" : "arrived", saved });
      if (saved.isMine) {
        onDoubts(saved.warnings);
        say("Saved. It holds from the next call on.");
        void stale();
      }
    } catch (error) {
      if (error instanceof Refused && error.status === 422) onRefused(error);
      else setFailure(words(error));
    } finally {
      setBusy(false);
    }
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: it listens anew for every state it would save
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      // What is being typed counts once its field is left.
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      setTimeout(() => document.getElementById("save-settings")?.click());
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, [draft]);

  return (
    <section className="save-bar" aria-label="Unsaved changes">
      {draft.theirs !== undefined && <Conflict draft={draft} act={act} />}
      {failure !== undefined && <Note tone="bad">{failure}</Note>}
      <Faults faults={faults} onJump={onJump} />
      {open && (
        <ul id={list} className="list-plain changes">
          {changes.map((change) => {
            const { what, before, after } = changeWords(change);
            return (
              <li key={change.path.join("/")}>
                <span className="strong">{what}</span> <del>{before}</del> <span aria-hidden="true">→</span>{" "}
                <ins>{after}</ins>
              </li>
            );
          })}
        </ul>
      )}
      <div className="row apart">
        <div className="row">
          <button
            type="button"
            className="button quiet"
            aria-expanded={open}
            aria-controls={list}
            onClick={() => setOpen(!open)}
          >
            <Icon name={open ? "down" : "right"} />
            <span className="strong">{counted(changes.length, "change")}</span>
          </button>
          <Button look="quiet" isDisabled={draft.past.length === 0} onPress={() => act({ do: "undo" })}>
            Undo
          </Button>
          <Button look="quiet" onPress={() => act({ do: "undo-all" })}>
            Undo all
          </Button>
        </div>
        <div className="row">
          <TryReplay key={JSON.stringify(settings)} isDisabled={faults.length > 0} />
          <SameBy
            cli={`patchbay tenants availability set ${tenant.slug} <<'EOF'\n${JSON.stringify(settings, null, 2)}\nEOF`}
            request={{ method: "PUT", path: `/api/tenants/${tenant.id}/availability`, body: settings }}
          />
          <Button
            id="save-settings"
            look="primary"
            pending={busy}
            isDisabled={draft.theirs !== undefined}
            onPress={() => void run()}
          >
            Save
          </Button>
        </div>
      </div>
    </section>
  );
}

/** Saves; once more where something else of the tenant was changed meanwhile. Others' settings come back, not saved over. */
async function saveOver(id: string, { base, settings }: Draft) {
  const mine = (version: number) => save(id, settings, version).then((saved) => ({ ...saved, isMine: true }));
  try {
    return await mine(base.version);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 412) throw error;
    const now = await readSaved(id);
    if (same(now.availability, base.availability)) return mine(now.version);
    return { ...now, warnings: [], isMine: false };
  }
}

function Faults({ faults, onJump }: { faults: Fault[]; onJump: (pointer: string) => void }) {
  if (faults.length === 0) return null;
  return (
    <Note tone="bad" title={`${counted(faults.length, "thing")} to put right before this can be saved`}>
      <FaultList faults={faults} onJump={onJump} />
    </Note>
  );
}
