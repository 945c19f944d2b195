// One voicemail: who left it and when, its sound, its words, and what to do about it.
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, words } from "../../api/client";
import type { Voicemail } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { Named } from "../../ui/named";
import { phone } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { lasting, Time } from "../../ui/time";
import { say } from "../../ui/toast";
import { Sound } from "./sound";

export function VoicemailItem({
  voicemail,
  zone,
  ofTenant,
  onChanged,
}: {
  voicemail: Voicemail;
  zone: string;
  ofTenant: boolean;
  onChanged: (after: Voicemail) => void;
}) {
  const { mayChange } = useSession();
  const mark = useMark(voicemail, onChanged);
  const { id, heard, from, createdAt, callSid, transcript, duration } = voicemail;
  const who = from === null ? "Unknown caller" : phone(from);
  const number = dialable(from);
  const next = heard ? "unheard" : "heard";
  return (
    <li className={heard ? "voicemail" : "voicemail unheard"} aria-label={`Voicemail of ${who}`}>
      <div className="row apart">
        <div className="row">
          <span className="strong">{who}</span>
          {!heard && <Badge tone="people">Unheard</Badge>}
          <span className="soft">
            <Time at={createdAt} zone={zone} />
            {duration !== null && ` · ${lasting(duration)}`}
          </span>
          {!ofTenant && <Named gone="No longer here" id={voicemail.tenantId} to="/voicemails" />}
          <Link href={`/calls/${callSid}`}>See the call</Link>
        </div>
        <div className="row">
          {number !== undefined && (
            <a className="button" href={`tel:${number}`}>
              <Icon name="phone" />
              Call back
            </a>
          )}
          {mayChange && (
            <Button pending={mark.isPending} onPress={() => mark.set(!heard)}>
              Mark {next}
            </Button>
          )}
          <SameBy
            cli={`patchbay voicemails ${next} ${id}`}
            request={{ method: "PATCH", path: `/api/voicemails/${id}`, body: { heard: !heard } }}
          />
        </div>
      </div>
      <Sound voicemail={voicemail} who={who} onEnd={mayChange && !heard ? () => mark.set(true) : undefined} />
      {transcript !== undefined && <p className="transcript">{transcript}</p>}
    </li>
  );
}

/** Only what is a number can be called back. */
function dialable(from: string | null): string | undefined {
  return from !== null && /^\+\d{7,15}$/.test(from) ? from : undefined;
}

function useMark(voicemail: Voicemail, onChanged: (after: Voicemail) => void) {
  const queries = useQueryClient();
  const patch = api.useMutation("patch", "/api/voicemails/{id}");
  const set = async (heard: boolean) => {
    try {
      const after = await patch.mutateAsync({ params: { path: { id: voicemail.id } }, body: { heard } });
      onChanged(after);
      say(heard ? "Marked heard" : "Marked unheard");
      const stale = ["/api/voicemails", "/api/today"];
      void queries.invalidateQueries({ predicate: ({ queryKey }) => stale.includes(String(queryKey[1])) });
    } catch (error) {
      say(`It could not be marked: ${words(error)}`, "bad");
    }
  };
  return { isPending: patch.isPending, set: (heard: boolean) => void set(heard) };
}
