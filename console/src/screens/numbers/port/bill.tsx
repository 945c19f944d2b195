// The bill that proves whose the number is: handed to Twilio, not kept here.
import { useState } from "react";
import { FileTrigger } from "react-aria-components";
import { http, words } from "../../../api/client";
import type { Port, Tenant } from "../../../api/schema";
import { useSession } from "../../../app/session";
import { Note } from "../../../ui/badge";
import { Button } from "../../../ui/button";
import { SameBy } from "../../../ui/same-by";
import { Time } from "../../../ui/time";
import { say } from "../../../ui/toast";
import { useStale } from "../stale";

const TYPES = ["application/pdf", "image/jpeg", "image/png"];
const BYTES_MAX = 10 * 1024 * 1024;

/** What is wrong with it before it is sent; nothing if it may be sent. */
export function faultOf(file: { type: string; size: number }): string | undefined {
  if (!TYPES.includes(file.type)) return "It must be a PDF, a JPEG or a PNG.";
  if (file.size === 0) return "It is empty.";
  if (file.size > BYTES_MAX) return "It is larger than 10 MB: a scan with fewer dots will do.";
  return undefined;
}

export function Bill({ tenant, bill }: { tenant: Tenant; bill: Port["bill"] }) {
  const { mayChange } = useSession();
  const [state, setState] = useState<{ busy: boolean; fault?: string }>({ busy: false });
  const stale = useStale("/api/tenants");
  const send = async (file: File) => {
    const fault = faultOf(file);
    if (fault !== undefined) {
      setState({ busy: false, fault });
      return;
    }
    setState({ busy: true });
    try {
      await http.PUT("/api/tenants/{id}/port/bill", {
        params: { path: { id: tenant.id } },
        headers: { "Content-Type": file.type },
        // The document calls it a list of bytes; it is sent as it is.
        body: file as unknown as number[],
        bodySerializer: (body) => body as unknown as BodyInit,
      });
      await stale();
      setState({ busy: false });
      say("Twilio has the bill");
    } catch (error) {
      setState({ busy: false, fault: words(error) });
    }
  };
  return (
    <div className="stack">
      <p className="soft">
        A bill of the carrier, at most 30 days old, that shows the number: PDF, JPEG or PNG, up to 10 MB. It goes to
        Twilio and is not kept here.
      </p>
      {bill !== null && (
        <p>
          Twilio has one since <Time at={bill.uploadedAt} zone={tenant.timezone} as="full" />.
        </p>
      )}
      {mayChange && (
        <div className="row">
          <FileTrigger
            acceptedFileTypes={TYPES}
            onSelect={(files) => {
              const file = files?.[0];
              if (file !== undefined) void send(file);
            }}
          >
            <Button pending={state.busy}>{bill === null ? "Choose the bill" : "Hand in another"}</Button>
          </FileTrigger>
          <SameBy
            cli={`patchbay tenants port bill ${tenant.slug} bill.pdf`}
            request={{ method: "PUT", path: `/api/tenants/${tenant.id}/port/bill` }}
          />
        </div>
      )}
      {state.fault !== undefined && <Note tone="bad">{state.fault}</Note>}
    </div>
  );
}
