// Asks before unsaved changes are left behind.
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { say } from "../../ui/toast";

export function Leaving({ dirty, name, onDiscard }: { dirty: boolean; name: string; onDiscard: () => void }) {
  const [to, setTo] = useState<string>();
  const [, go] = useLocation();
  const asked = useRef(false);

  useEffect(() => {
    if (!dirty) return;
    const unload = (event: BeforeUnloadEvent) => event.preventDefault();
    const click = (event: MouseEvent) => {
      if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
      if (!(link instanceof HTMLAnchorElement) || (link.target !== "" && link.target !== "_self")) return;
      const there = new URL(link.href);
      const stays = there.pathname === window.location.pathname;
      if (there.origin !== window.location.origin || stays) return;
      event.preventDefault();
      event.stopPropagation();
      setTo(there.pathname + there.search + there.hash);
    };
    window.addEventListener("beforeunload", unload);
    document.addEventListener("click", click, true);
    return () => {
      window.removeEventListener("beforeunload", unload);
      document.removeEventListener("click", click, true);
    };
  }, [dirty]);

  // By the back button or the search nobody can be asked: what was changed waits, and that is said.
  const left = useRef({ dirty, name });
  left.current = { dirty, name };
  useEffect(
    () => () => {
      const { dirty, name } = left.current;
      if (dirty && !asked.current) say(`The changes to ${name} are not saved. They wait on its Availability page.`);
    },
    [],
  );

  const leave = (discard: boolean) => {
    asked.current = true;
    if (discard) onDiscard();
    const there = to ?? "/";
    setTo(undefined);
    go(there);
  };

  return (
    <Dialog title="Changes are not saved" isOpen={to !== undefined} onClose={() => setTo(undefined)}>
      <p>Callers do not meet them yet. You can go and come back to them, or let them go.</p>
      <div className="row end">
        <Button look="danger" onPress={() => leave(true)}>
          Discard and leave
        </Button>
        <Button onPress={() => leave(false)}>Leave, keep for later</Button>
        <Button look="primary" onPress={() => setTo(undefined)}>
          Stay
        </Button>
      </div>
    </Dialog>
  );
}
