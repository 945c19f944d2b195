// A time of the day, typed as people type it: 9, 930, 17:15, 5 pm, 24.
import { useEffect, useState } from "react";
import { FieldError, Input, Label, TextField } from "react-aria-components";
import { typedTime } from "./days";

export function TimeField({
  label,
  value,
  onChange,
  isDisabled,
  isEnd,
  error,
}: {
  label: string;
  /** `09:30` */
  value: string;
  onChange: (time: string) => void;
  isDisabled?: boolean;
  /** An end may be 24:00. */
  isEnd?: boolean;
  error?: string | undefined;
}) {
  const [text, setText] = useState(value);
  const [wrong, setWrong] = useState<string>();
  useEffect(() => {
    setText(value);
    setWrong(undefined);
  }, [value]);
  const take = () => {
    const time = typedTime(text);
    if (time === undefined || (time === "24:00" && isEnd !== true)) {
      setWrong("A time as 9:30");
      return;
    }
    setText(time);
    setWrong(undefined);
    if (time !== value) onChange(time);
  };
  const shown = wrong ?? error;
  return (
    <TextField
      className="time-field"
      value={text}
      onChange={setText}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") take();
        if (event.key === "Escape") setText(value);
      }}
      isDisabled={isDisabled ?? false}
      isInvalid={shown !== undefined}
      autoComplete="off"
    >
      <Label className="hidden-to-eyes">{label}</Label>
      <Input className="input" maxLength={8} />
      <FieldError className="field-error">{shown}</FieldError>
    </TextField>
  );
}
