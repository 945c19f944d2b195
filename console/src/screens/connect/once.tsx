// Name and password of a phone system: told in one answer, and nowhere again.
import { Button } from "../../ui/button";
import { Copy } from "../../ui/copy";

export interface Secret {
  username: string;
  password: string;
}

export function Once({ secret, onDone }: { secret: Secret; onDone: () => void }) {
  return (
    <section className="once" aria-label="Name and password for the phone system" role="alert">
      <div className="stack tight">
        <h2>The password of its phone system</h2>
        <p>
          Copy it now, into the phone system or a safe place. It will not be shown again; if it gets lost, a new one is
          made.
        </p>
      </div>
      <dl className="once-values">
        <div>
          <dt>User name</dt>
          <dd>
            <code>{secret.username}</code>
            <Copy text={secret.username} what="the user name" />
          </dd>
        </div>
        <div>
          <dt>Password</dt>
          <dd>
            <code>{secret.password}</code>
            <Copy text={secret.password} what="the password" />
          </dd>
        </div>
      </dl>
      <div className="row apart">
        <p className="small soft">Until you put it away it stands in the texts below too, ready to be copied.</p>
        <Button look="primary" onPress={onDone}>
          I have it, put it away
        </Button>
      </div>
    </section>
  );
}
