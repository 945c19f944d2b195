// The sound of a voicemail, or why there is none. It is fetched when somebody presses play, and not before.
import { useState } from "react";
import type { Problem, Voicemail } from "../../api/schema";
import { Button } from "../../ui/button";

export function Sound({
  voicemail,
  who,
  onEnd,
}: {
  voicemail: Voicemail;
  who: string;
  onEnd: (() => void) | undefined;
}) {
  const [fault, setFault] = useState<string>();
  const [tries, setTries] = useState(0);
  const src = `/api/voicemails/${voicemail.id}/audio`;
  switch (voicemail.state) {
    case "pending":
      return <p className="soft">The recording is on its way from Twilio; it appears here by itself.</p>;
    case "absent":
      return <p className="soft">Nothing was said: the caller hung up at the tone.</p>;
    case "failed":
      return <p className="soft">Twilio could not record it. Call back to ask what it was about.</p>;
    case "ready":
      break;
  }
  if (fault !== undefined) {
    return (
      <div className="row" role="alert">
        <span>{fault}</span>
        <Button
          onPress={() => {
            setFault(undefined);
            setTries(tries + 1);
          }}
        >
          Try again
        </Button>
      </div>
    );
  }
  return (
    // biome-ignore lint/a11y/useMediaCaption: a voicemail has its words below it, where they were taken down
    <audio
      key={tries}
      className="sound"
      controls
      preload="none"
      src={src}
      aria-label={`Voicemail of ${who}`}
      autoPlay={tries > 0}
      onEnded={onEnd}
      onError={() => void reasonOf(src).then(setFault)}
    />
  );
}

/** A player only says that it cannot; the server says why. */
async function reasonOf(src: string): Promise<string> {
  try {
    const answer = await fetch(src, { headers: { Range: "bytes=0-0" } });
    if (answer.ok) return "The browser cannot play this recording.";
    const problem = (await answer.json()) as Problem;
    return `${problem.title}: ${problem.detail}.`;
  } catch {
    return "patchbay cannot be reached; try again in a moment.";
  }
}
