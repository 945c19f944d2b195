// What stands around every screen: where one can go, the search, who is signed in, whether the page is up to date.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { words } from "../api/client";
import { useLive } from "../api/events";
import { Button } from "../ui/button";
import { Select } from "../ui/field";
import { Icon } from "../ui/icon";
import { say } from "../ui/toast";
import { Boundary } from "./boundary";
import { Routes } from "./routes";
import { Search } from "./search";
import { signOut, useSession } from "./session";
import { type Theme, useTheme } from "./theme";

export function Shell() {
  const [path] = useLocation();
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);

  // Another screen: who uses a keyboard or a reader begins at its top, and the menu of a phone closes.
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    setOpen(false);
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);

  return (
    <div className="shell" data-menu={open ? "open" : "closed"}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="top">
        <Button look="quiet" aria-label={open ? "Close the menu" : "Open the menu"} onPress={() => setOpen(!open)}>
          <Icon name={open ? "close" : "menu"} />
        </Button>
        <Link href="/" className="brand">
          patchbay
        </Link>
        <Search />
      </header>
      <Nav />
      <main id="main" ref={main} tabIndex={-1}>
        <Connection />
        <Boundary key={path}>
          <Routes />
        </Boundary>
      </main>
    </div>
  );
}

interface Place {
  href: string;
  label: string;
}

function places(session: ReturnType<typeof useSession>): Place[][] {
  const own = session.onlyTenant;
  const first: Place[] = [
    { href: "/", label: "Today" },
    own === null ? { href: "/tenants", label: "Tenants" } : { href: `/tenants/${own}`, label: "My business" },
    { href: "/numbers", label: "Numbers" },
    { href: "/calls", label: "Calls" },
    { href: "/voicemails", label: "Voicemails" },
    { href: "/jobs", label: "Jobs" },
  ];
  const second: Place[] = [
    ...(own === null ? [{ href: "/organizations", label: "Organizations" }] : []),
    { href: "/tokens", label: "Tokens" },
    { href: "/audit", label: "Audit" },
    { href: "/webhooks", label: "Webhooks" },
    ...(session.isOperator ? [{ href: "/check", label: "Settings check" }] : []),
  ];
  return [first, second];
}

function Nav() {
  const session = useSession();
  const [path] = useLocation();
  return (
    <div className="side">
      <nav aria-label="Console">
        {places(session).map((group, index) => (
          <ul key={index}>
            {group.map(({ href, label }) => (
              <li key={href}>
                <Link href={href} aria-current={isAt(path, href) ? "page" : undefined}>
                  {label}
                </Link>
              </li>
            ))}
          </ul>
        ))}
      </nav>
      <Account />
    </div>
  );
}

function isAt(path: string, href: string): boolean {
  return href === "/" ? path === "/" : path === href || path.startsWith(`${href}/`);
}

const THEMES: { value: Theme; label: string }[] = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

function Account() {
  const session = useSession();
  const queries = useQueryClient();
  const [theme, setTheme] = useTheme();
  const leave = async () => {
    try {
      await signOut(queries);
    } catch (error) {
      say(words(error), "bad");
    }
  };
  return (
    <div className="account stack">
      <p className="small">
        <span className="soft">Signed in as</span>
        <br />
        {session.by}
        {!session.mayChange && <span className="soft"> · looking only</span>}
      </p>
      <Select label="Colours" value={theme} onChange={setTheme} options={THEMES} />
      <Button onPress={() => void leave()}>Sign out</Button>
      <p className="small soft">
        <a href="/docs">API reference</a> · {session.version}
      </p>
    </div>
  );
}

/** Longest the stream may be away before it is said: a reload of the server is no news. */
const SILENCE_MS = 1500;

function Connection() {
  const { connected } = useLive();
  const [away, setAway] = useState(false);
  useEffect(() => {
    if (connected) {
      setAway(false);
      return;
    }
    const timer = setTimeout(() => setAway(true), SILENCE_MS);
    return () => clearTimeout(timer);
  }, [connected]);
  return (
    <div role="status">
      {away && (
        <p className="banner">
          patchbay does not answer. What you see is from before; it goes on by itself as soon as it is back.
        </p>
      )}
    </div>
  );
}
