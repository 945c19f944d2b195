// Going back to a version: what that changes of what is now, before anything is done.
import { api, http } from "../../api/client";
import type { Tenant, Version } from "../../api/schema";
import { useSession } from "../../app/session";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Diff } from "../../ui/diff";
import { GuardedNote, useGuarded } from "../../ui/guarded";
import { SameBy } from "../../ui/same-by";
import { Known } from "../../ui/states";
import { Time } from "../../ui/time";
import { say } from "../../ui/toast";
import { comingBack } from "./changes";
import { useRefresh, useReread } from "./stale";

export function RollBack({ tenant, version, onClose }: { tenant: Tenant; version: Version; onClose: () => void }) {
  const { mayChange } = useSession();
  const now = api.useQuery("get", "/api/tenants/{id}/availability", { params: { path: { id: tenant.id } } });
  const refresh = useRefresh();
  const send = async (to: number, ifMatch: string) => {
    const params = { path: { id: tenant.id }, header: { "If-Match": ifMatch } };
    const { data } = await http.POST("/api/tenants/{id}/rollback", { params, body: { version: to } });
    await refresh();
    const doubts = data?.warnings.map(({ detail }) => detail).join("; ") ?? "";
    say(`Version ${to} holds again, from the next call on${doubts === "" ? "" : `. Mind: ${doubts}`}`);
  };
  const guarded = useGuarded(tenant.version, send, useReread(tenant));
  const run = async () => {
    if (await guarded.run(version.version)) onClose();
  };
  return (
    <Dialog title={`Go back to version ${version.version}`} isOpen onClose={onClose} wide>
      <p className="soft">
        Saved <Time at={version.at} zone={tenant.timezone} as="full" />
        {version.by !== null && ` by ${version.by}`}
      </p>
      <Known query={now}>
        {(availability) => {
          const changes = comingBack(version, tenant, availability);
          return (
            <>
              {changes.length === 0 ? (
                <Note>All of it is as it was then: there is nothing to go back to.</Note>
              ) : (
                <>
                  <h3>What changes, now → then</h3>
                  <Diff changes={changes} zone={tenant.timezone} labels={["now", "then"]} />
                </>
              )}
              <p className="small soft">
                Its slug, an address that was made for it at Vapi and a decision by hand stay as they are.
              </p>
              <GuardedNote of={guarded} onMine={onClose} />
              <div className="row end">
                <SameBy
                  cli={`patchbay tenants rollback ${tenant.slug} ${version.version}`}
                  request={{
                    method: "POST",
                    path: `/api/tenants/${tenant.id}/rollback`,
                    body: { version: version.version },
                  }}
                />
                <Button onPress={onClose}>Cancel</Button>
                {mayChange && (
                  <Button
                    look="primary"
                    pending={guarded.busy}
                    isDisabled={changes.length === 0 || guarded.conflict !== undefined}
                    onPress={() => void run()}
                  >
                    Go back
                  </Button>
                )}
              </div>
            </>
          );
        }}
      </Known>
    </Dialog>
  );
}
