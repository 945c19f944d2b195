// Buttons and links that look like them.
import type { ReactNode } from "react";
import { Button as AriaButton, type ButtonProps } from "react-aria-components";
import { Link } from "wouter";

type Look = "plain" | "primary" | "quiet" | "danger";

export function Button({ look = "plain", pending, ...props }: ButtonProps & { look?: Look; pending?: boolean }) {
  return <AriaButton {...props} isPending={pending ?? false} className={`button ${look}`} />;
}

/** A place to go that is as likely pressed as a button. */
export function ButtonLink({ href, look = "plain", children }: { href: string; look?: Look; children: ReactNode }) {
  return (
    <Link href={href} className={`button ${look}`}>
      {children}
    </Link>
  );
}
