// One stretch of hours as two typed times.
import { useState } from "react";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { DAY_MINUTES, minuteOf, timeOf } from "./days";
import { TimeField } from "./time-field";

export interface Times {
  from: number;
  to: number;
}

export function StretchRow({
  name,
  times,
  onChange,
  onRemove,
  isDisabled,
}: {
  /** Whose hours they are, for whoever hears the fields. */
  name: string;
  times: Times;
  onChange: (times: Times) => void;
  onRemove?: () => void;
  isDisabled: boolean;
}) {
  const [wrong, setWrong] = useState<string>();
  const take = (open: string, close: string) => {
    const [from, end] = [minuteOf(open), minuteOf(close)];
    if (from === undefined || end === undefined) return;
    if (from === end) {
      setWrong("The end must differ from the start; a whole day is 0:00 to 24:00");
      return;
    }
    setWrong(undefined);
    onChange({ from, to: end < from ? end + DAY_MINUTES : end });
  };
  const [open, close] = [timeOf(times.from), timeOf(times.to)];
  return (
    <div className="stretch">
      <TimeField label={`${name} from`} value={open} isDisabled={isDisabled} onChange={(to) => take(to, close)} />
      <span aria-hidden="true">–</span>
      <TimeField
        label={`${name} until`}
        value={close}
        isDisabled={isDisabled}
        isEnd
        error={wrong}
        onChange={(to) => take(open, to)}
      />
      {times.to > DAY_MINUTES && <span className="hint">next day</span>}
      {onRemove !== undefined && !isDisabled && (
        <Button look="quiet" aria-label={`Remove ${name} ${open} to ${close}`} onPress={onRemove}>
          <Icon name="close" />
        </Button>
      )}
    </div>
  );
}
