// A screen that is not for whoever opened it: who may, and what to do.
import { useSession } from "../app/session";
import { ButtonLink } from "./button";
import { Page } from "./page";
import { Empty } from "./states";

export function Denied({ title, who }: { title: string; who: string }) {
  const { by } = useSession();
  return (
    <Page title={title}>
      <Empty title="Not for this token" action={<ButtonLink href="/">Go to Today</ButtonLink>}>
        {who} You are signed in as {by}. Sign in with a token that may, or ask somebody who has one.
      </Empty>
    </Page>
  );
}
