// What happens to a call the AI does not take, and the words its caller hears.

import { Checkbox, Choice, Select, TextField } from "../../ui/field";
import { count } from "../../ui/phone";
import { FaultLine, Spot, useEditor, useFault } from "./editor";
import { ForwardNumbers } from "./forward-numbers";
import { Heard } from "./heard";
import { forwardNumbers } from "./meaning";

type Kind = "voicemail" | "forward" | "busy-signal";
type NoAnswer = "voicemail" | "busy-signal" | "ai";

/** As long as a greeting may be. */
const GREETING_MAX = 3000;

export function FallbackPart() {
  const { settings, edit, mayEdit } = useEditor();
  const fallback = settings.fallback ?? undefined;
  const kind: Kind = fallback?.type ?? "voicemail";
  const voicemail = kind === "voicemail" || (kind === "forward" && (fallback?.noAnswer ?? "voicemail") === "voicemail");
  const put = (key: string, value: unknown, step?: string) => {
    // What was never said is voicemail: as soon as anything is said, that is said too.
    if (fallback === undefined && key !== "type") edit(["fallback"], { type: kind, [key]: value }, step);
    else edit(["fallback", key], value, step);
  };
  const greetingFault = useFault("/fallback/voicemailGreeting");

  return (
    <div className="stack">
      <Spot pointer="/fallback/type">
        <Choice
          label="Callers the AI does not take"
          value={kind}
          isDisabled={!mayEdit}
          onChange={(to: Kind) => put("type", to)}
          options={[
            { value: "voicemail", label: "Leave a message", hint: "A greeting, a tone, up to five minutes" },
            { value: "forward", label: "Are put through", hint: "To one number or several" },
            { value: "busy-signal", label: "Are turned away", hint: "Nobody can come to the phone" },
          ]}
        />
        <FaultLine pointer="/fallback/type" />
      </Spot>
      {kind === "forward" && (
        <>
          <ForwardNumbers
            given={fallback?.forwardNumber}
            isDisabled={!mayEdit}
            onChange={(numbers, step) => put("forwardNumber", numbers, step)}
          />
          <div className="grid">
            {forwardNumbers(fallback?.forwardNumber).length > 1 && (
              <Select
                label="They ring"
                value={fallback?.ring ?? "together"}
                isDisabled={!mayEdit}
                onChange={(ring) => put("ring", ring)}
                options={[
                  { value: "together", label: "All at once" },
                  { value: "in-turn", label: "One after the other" },
                ]}
              />
            )}
            <Select<NoAnswer>
              label="If nobody picks up"
              value={fallback?.noAnswer ?? "voicemail"}
              isDisabled={!mayEdit}
              onChange={(next) => put("noAnswer", next)}
              options={[
                { value: "voicemail", label: "Leave a message" },
                { value: "busy-signal", label: "Turn away" },
                { value: "ai", label: "Let the AI answer" },
              ]}
            />
          </div>
          <Checkbox
            isSelected={fallback?.acceptKey === true}
            isDisabled={!mayEdit}
            onChange={(on) => put("acceptKey", on)}
          >
            Whoever picks up presses 1 to take the call, so that a private voicemail does not
          </Checkbox>
        </>
      )}
      {voicemail && (
        <>
          <Spot pointer="/fallback/voicemailGreeting">
            <TextField
              label="Greeting before the tone"
              lines={3}
              value={fallback?.voicemailGreeting ?? ""}
              isDisabled={!mayEdit}
              error={greetingFault}
              hint={`Left empty, the standard greeting is spoken. ${(fallback?.voicemailGreeting ?? "").length} of ${count(GREETING_MAX)} characters.`}
              onChange={(text) => put("voicemailGreeting", text === "" ? undefined : text, "greeting")}
            />
          </Spot>
          <Checkbox
            isSelected={fallback?.transcribe === true}
            isDisabled={!mayEdit}
            onChange={(on) => put("transcribe", on)}
          >
            Have messages written down (the first two minutes)
          </Checkbox>
        </>
      )}
      {kind === "busy-signal" && (
        <Checkbox isSelected={fallback?.reject === true} isDisabled={!mayEdit} onChange={(on) => put("reject", on)}>
          A busy tone in place of the sentence, where the call was not answered yet
        </Checkbox>
      )}
      <Heard />
    </div>
  );
}
