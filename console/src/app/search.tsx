// One field for everything that has a name: tenants, numbers, calls, jobs, organizations, voicemails. Ctrl+K or / opens it.
import { useEffect, useId, useRef, useState } from "react";
import { useLocation } from "wouter";
import { api } from "../api/client";
import type { SearchHit } from "../api/schema";
import { Icon } from "../ui/icon";
import { useRested } from "../ui/rested";

/** Nothing is asked while somebody types on. */
const PAUSE_MS = 150;
const ASKED_MAX = 100;

const KINDS: Record<SearchHit["kind"], string> = {
  tenant: "Tenant",
  number: "Number",
  call: "Call",
  job: "Job",
  org: "Organization",
  voicemail: "Voicemail",
};

function addressOf(hit: SearchHit): string {
  switch (hit.kind) {
    case "tenant":
      return `/tenants/${hit.id}`;
    case "number":
      return hit.tenantId === null ? `/numbers?q=${encodeURIComponent(hit.title)}` : `/tenants/${hit.tenantId}/numbers`;
    case "call":
      return `/calls/${hit.id}`;
    case "job":
      return `/jobs/${hit.id}`;
    case "org":
      return `/organizations/${hit.id}`;
    case "voicemail":
      return hit.tenantId === null ? "/voicemails" : `/tenants/${hit.tenantId}/voicemails`;
  }
}

export function Search() {
  const [typed, setTyped] = useState("");
  const asked = useRested(typed.trim().slice(0, ASKED_MAX), PAUSE_MS);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const [, go] = useLocation();
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const found = api.useQuery("get", "/api/search", { params: { query: { q: asked } } }, { enabled: asked !== "" });
  const hits = asked === "" ? [] : (found.data?.data ?? []);

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const writes = event.target instanceof HTMLElement && event.target.closest("input, textarea, select") !== null;
      const calls = (event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !writes);
      if (!calls) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, []);

  const take = (hit: SearchHit | undefined) => {
    if (hit === undefined) return;
    setOpen(false);
    setTyped("");
    input.current?.blur();
    go(addressOf(hit));
  };

  const shows = open && asked !== "";
  return (
    <div className="search" role="search">
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        role="combobox"
        aria-label="Search tenants, numbers, calls"
        aria-expanded={shows}
        aria-controls={list}
        aria-activedescendant={shows && hits[at] !== undefined ? `${list}-${at}` : undefined}
        aria-autocomplete="list"
        placeholder="Search tenants, numbers, calls"
        autoComplete="off"
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setOpen(true);
          setAt(0);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (step !== undefined && hits.length > 0) {
            event.preventDefault();
            setAt((at + step + hits.length) % hits.length);
          } else if (event.key === "Enter") {
            take(hits[at]);
          } else if (event.key === "Escape") {
            setOpen(false);
          }
        }}
      />
      <kbd>Ctrl K</kbd>
      <div id={list} className="search-hits" aria-label="What was found" role="listbox" hidden={!shows}>
        {hits.map((hit, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field moves through the list with the arrow keys
          <div
            key={`${hit.kind} ${hit.id}`}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === at}
            tabIndex={-1}
            // Before the field loses the focus, which closes the list.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(hit)}
          >
            <span className="search-kind">{KINDS[hit.kind]}</span>
            <span className="strong">{hit.title}</span>
            <span className="soft small">{hit.detail}</span>
          </div>
        ))}
        {hits.length === 0 && (
          <div role="option" aria-selected={false} aria-disabled="true" tabIndex={-1}>
            {found.isFetching
              ? "Searching…"
              : `Nothing is called “${asked}”. Try the last four digits, or a part of the name.`}
          </div>
        )}
      </div>
    </div>
  );
}
