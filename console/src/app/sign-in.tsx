// The one page for those who are not signed in: by a link that is good once, or by a token.
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { http, words } from "../api/client";
import { Note } from "../ui/badge";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { useTitle } from "../ui/page";

export function SignIn({ why, onEnter }: { why: string | undefined; onEnter: () => Promise<void> }) {
  const [token, setToken] = useState("");
  const [failure, setFailure] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [path, go] = useLocation();
  const tried = useRef(false);
  useTitle("Sign in");

  const enter = async (body: { token: string } | { link: string }) => {
    setBusy(true);
    setFailure(undefined);
    try {
      await http.POST("/api/session", { body });
      if (path === "/sign-in") go("/", { replace: true });
      await onEnter();
    } catch (error) {
      setFailure(words(error));
      setBusy(false);
    }
  };

  // The link stands behind #, where no log and no server sees it; once it is taken it is gone from the address too.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a link is tried once, when the page opens
  useEffect(() => {
    const link = path === "/sign-in" ? window.location.hash.slice(1) : "";
    if (link === "" || tried.current) return;
    tried.current = true;
    window.history.replaceState(null, "", "/sign-in");
    void enter({ link });
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void enter({ token: token.trim() });
  };

  return (
    <main className="sign-in">
      <form className="panel stack" onSubmit={submit}>
        <h1>patchbay</h1>
        {why !== undefined && <Note>{why}</Note>}
        <TextField
          label="Token"
          type="password"
          autoComplete="current-password"
          value={token}
          onChange={setToken}
          hint="It was shown at the first start, or by whoever made it for you."
          autoFocus
        />
        {failure !== undefined && <Note tone="bad">{failure}</Note>}
        <Button look="primary" type="submit" pending={busy} isDisabled={token.trim() === ""}>
          Sign in
        </Button>
        <p className="small soft">
          No token at hand? On the machine that runs patchbay, <code>patchbay console</code> prints a link that signs
          you in once.
        </p>
      </form>
    </main>
  );
}
