// The frame of a screen: its title, what it is about, its deeds; and the parts below.
import { type ReactNode, useEffect, useId } from "react";

export function Page({
  title,
  lead,
  actions,
  children,
}: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useTitle(title);
  return (
    <div className="page">
      <header className="page-head">
        <div className="stack tight">
          <h1>{title}</h1>
          {lead !== undefined && <div className="soft">{lead}</div>}
        </div>
        {actions !== undefined && <div className="row">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** Names the tab of the browser, where several tenants may be open beside each other. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · patchbay`;
  }, [title]);
}

/** A part of a screen with a name of its own. */
export function Panel({
  title,
  actions,
  children,
  lead,
}: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id}>
      <div className="row apart">
        <h2 id={id}>{title}</h2>
        {actions !== undefined && <div className="row">{actions}</div>}
      </div>
      {lead !== undefined && <div className="soft">{lead}</div>}
      {children}
    </section>
  );
}

/** Pairs of a name and what it is. */
export function Facts({ of }: { of: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
