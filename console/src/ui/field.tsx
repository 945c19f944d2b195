// Fields: a label, what is put in, what it is for, what is wrong with it.
import type { ReactNode } from "react";
import {
  Checkbox as AriaCheckbox,
  RadioGroup as AriaRadioGroup,
  Switch as AriaSwitch,
  TextField as AriaTextField,
  FieldError,
  Input,
  Label,
  Radio,
  Text,
  TextArea,
} from "react-aria-components";

interface Common {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  isDisabled?: boolean;
}

export function TextField({
  label,
  hint,
  error,
  value,
  onChange,
  lines,
  mono,
  ...rest
}: Common & {
  value: string;
  onChange: (value: string) => void;
  lines?: number;
  mono?: boolean;
  type?: "text" | "password" | "search" | "tel" | "email" | "url" | "number" | "date" | "time" | "datetime-local";
  name?: string;
  placeholder?: string;
  autoComplete?: string;
  autoFocus?: boolean;
  isRequired?: boolean;
  inputMode?: "numeric" | "tel" | "text";
  min?: number;
  max?: number;
}) {
  const { placeholder, min, max, ...field } = rest;
  const look = mono === true ? "input mono" : "input";
  return (
    // What the server found wrong is said, and never keeps a form from being sent again.
    <AriaTextField
      {...field}
      className="field"
      value={value}
      onChange={onChange}
      isInvalid={error !== undefined}
      validationBehavior="aria"
    >
      <Label>{label}</Label>
      {lines === undefined ? (
        <Input className={look} placeholder={placeholder} min={min} max={max} />
      ) : (
        <TextArea className={look} rows={lines} placeholder={placeholder} />
      )}
      {hint !== undefined && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
    </AriaTextField>
  );
}

/** One of a few. The browser's own list is the one everybody knows, on a phone too. */
export function Select<T extends string>({
  label,
  hint,
  value,
  onChange,
  options,
  isDisabled,
  hideLabel,
}: Common & { value: T; onChange: (value: T) => void; options: { value: T; label: string }[]; hideLabel?: boolean }) {
  return (
    <label className="field">
      <span className={hideLabel === true ? "hidden-to-eyes" : "label"}>{label}</span>
      <select
        className="input"
        value={value}
        disabled={isDisabled}
        onChange={(event) => onChange(event.currentTarget.value as T)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      {hint !== undefined && <span className="hint">{hint}</span>}
    </label>
  );
}

/** What is on or off. */
interface Toggled {
  children: ReactNode;
  isSelected: boolean;
  onChange: (on: boolean) => void;
  isDisabled?: boolean;
}

export function Checkbox({ children, isSelected, onChange, isDisabled }: Toggled) {
  return (
    <AriaCheckbox className="tick" isSelected={isSelected} onChange={onChange} isDisabled={isDisabled ?? false}>
      <span className="tick-box" aria-hidden="true" />
      <span>{children}</span>
    </AriaCheckbox>
  );
}

export function Switch({ children, isSelected, onChange, isDisabled }: Toggled) {
  return (
    <AriaSwitch className="switch" isSelected={isSelected} onChange={onChange} isDisabled={isDisabled ?? false}>
      <span className="switch-track" aria-hidden="true" />
      <span>{children}</span>
    </AriaSwitch>
  );
}

/** One of a few that need explaining. */
export function Choice<T extends string>({
  label,
  value,
  onChange,
  options,
  isDisabled,
}: Common & { value: T; onChange: (value: T) => void; options: { value: T; label: string; hint?: ReactNode }[] }) {
  return (
    <AriaRadioGroup
      className="choice"
      value={value}
      onChange={(next) => onChange(next as T)}
      isDisabled={isDisabled ?? false}
    >
      <Label>{label}</Label>
      <div className="choice-options">
        {options.map((option) => (
          <Radio key={option.value} value={option.value} className="choice-option">
            <span className="strong">{option.label}</span>
            {option.hint !== undefined && <span className="hint">{option.hint}</span>}
          </Radio>
        ))}
      </div>
    </AriaRadioGroup>
  );
}
