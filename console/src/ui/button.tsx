// Buttons and links that look like them.
import type { ReactNode } from "react";
import { Button as AriaButton, type ButtonProps } from "react-aria-components";
import { Link } from "wouter";

type Look = "plain" | "primary" | "quiet" | "danger";

/**
 * While what it began is under way it keeps the focus and does nothing. `isPending` of the library is not used: it
 * announces by a picture named by what may be gone by then, which readers read as nothing.
 */
export function Button({
  look = "plain",
  pending,
  onPress,
  type,
  ...props
}: ButtonProps & { look?: Look; pending?: boolean }) {
  if (pending !== true) {
    return (
      <AriaButton
        {...props}
        {...(onPress === undefined ? {} : { onPress })}
        {...(type === undefined ? {} : { type })}
        className={`button ${look}`}
      />
    );
  }
  return <AriaButton {...props} type="button" aria-disabled="true" className={`button ${look} pending`} />;
}

/** A place to go that is as likely pressed as a button. */
export function ButtonLink({ href, look = "plain", children }: { href: string; look?: Look; children: ReactNode }) {
  return (
    <Link href={href} className={`button ${look}`}>
      {children}
    </Link>
  );
}
