// The fields of an endpoint that is made or changed.
import type { WebhookEvent } from "../../api/schema";
import { Checkbox, TextField } from "../../ui/field";
import { EVENTS } from "./words";

export interface Fields {
  url: string;
  events: WebhookEvent[];
  description: string;
}

export function isWhole(fields: Fields): boolean {
  return fields.url.trim() !== "" && fields.events.length > 0;
}

export function bodyOf(fields: Fields) {
  return {
    url: fields.url.trim(),
    events: fields.events,
    description: fields.description.trim() === "" ? null : fields.description.trim(),
  };
}

export function FieldsOf({
  fields,
  onChange,
  at,
}: {
  fields: Fields;
  onChange: (fields: Fields) => void;
  at: (pointer: string) => string | undefined;
}) {
  const put = (change: Partial<Fields>) => onChange({ ...fields, ...change });
  const toggle = (event: WebhookEvent, on: boolean) =>
    put({ events: on ? [...fields.events, event] : fields.events.filter((one) => one !== event) });
  return (
    <>
      <TextField
        label="Address"
        type="url"
        mono
        value={fields.url}
        onChange={(url) => put({ url })}
        error={at("/url")}
        placeholder="https://hooks.example.com/patchbay"
        autoComplete="off"
        hint="https, on the public internet. Private networks are for whoever runs patchbay to allow."
      />
      <fieldset className="told-of">
        <legend>Told of</legend>
        {EVENTS.map(({ value, label }) => (
          <Checkbox key={value} isSelected={fields.events.includes(value)} onChange={(on) => toggle(value, on)}>
            {label} <code className="small soft">{value}</code>
          </Checkbox>
        ))}
        {at("/events") !== undefined && <p className="field-error">{at("/events")}</p>}
      </fieldset>
      <TextField
        label="Description, optional"
        value={fields.description}
        onChange={(description) => put({ description })}
        error={at("/description")}
        autoComplete="off"
        hint="What it is for, for whoever looks next."
      />
    </>
  );
}
