// Whom a forward rings, in order.
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { phone } from "../../ui/phone";
import { isUnder, Spot, useEditor } from "./editor";
import { forwardNumbers } from "./meaning";

/** Twilio rings no more at once. */
const NUMBERS_MAX = 10;

const PLACE = "/fallback/forwardNumber";

export function ForwardNumbers({
  given,
  onChange,
  isDisabled,
}: {
  given: string | string[] | null | undefined;
  onChange: (numbers: string | string[], step?: string) => void;
  isDisabled: boolean;
}) {
  const { faults } = useEditor();
  const known = forwardNumbers(given);
  const numbers = known.length === 0 ? [""] : known;
  // One number stays the text it was, a list stays a list.
  const write = (next: string[], step?: string) =>
    onChange(next.length < 2 && !Array.isArray(given) ? (next[0] ?? "") : next, step);
  const faultOf = (at: number) =>
    faults.find((fault) =>
      Array.isArray(given) && given.length > 0 ? isUnder(fault, `${PLACE}/${at}`) : isUnder(fault, PLACE),
    )?.detail;
  const swap = (at: number) => write(numbers.with(at - 1, numbers[at] ?? "").with(at, numbers[at - 1] ?? ""));
  return (
    <Spot pointer={PLACE} className="stack tight">
      {numbers.map((number, at) => (
        <div key={at} className="forward-number" data-pointer={`${PLACE}/${at}`}>
          <TextField
            label={numbers.length === 1 ? "Number to ring" : `Number ${at + 1}`}
            type="tel"
            mono
            value={number}
            isDisabled={isDisabled}
            placeholder="+16475550123"
            error={faultOf(at)}
            hint={/^\+\d{7,15}$/.test(number) ? phone(number) : "With + and the country code"}
            onChange={(text) => write(numbers.with(at, text.replace(/[\s().-]/g, "")), `number ${at}`)}
          />
          {!isDisabled && numbers.length > 1 && (
            <div className="row number-deeds">
              <Button
                look="quiet"
                aria-label={`Move number ${at + 1} up`}
                isDisabled={at === 0}
                onPress={() => swap(at)}
              >
                <span aria-hidden="true">↑</span>
              </Button>
              <Button
                look="quiet"
                aria-label={`Remove number ${at + 1}`}
                onPress={() => write(numbers.toSpliced(at, 1))}
              >
                <Icon name="close" />
              </Button>
            </div>
          )}
        </div>
      ))}
      {!isDisabled && numbers.length < NUMBERS_MAX && numbers.every((number) => number !== "") && (
        <div>
          <Button look="quiet" onPress={() => write([...numbers, ""])}>
            <Icon name="plus" /> Add a number
          </Button>
        </div>
      )}
    </Spot>
  );
}
