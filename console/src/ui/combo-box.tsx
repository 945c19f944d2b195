// One of many: a field that finds it while somebody types, and takes nothing that is not in the list.
import type { ReactNode } from "react";
import {
  ComboBox as AriaComboBox,
  Button,
  type ComboBoxProps,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Text,
} from "react-aria-components";
import { Icon } from "./icon";
import "./combo-box.css";

export interface Option {
  id: string;
  name: string;
  /** Told behind the name. */
  more?: string;
}

/** What every field that finds something is given. `value` is an id; empty for none. */
export interface Finding {
  label?: string;
  hint?: string;
  error?: string | undefined;
  value: string;
  onChange: (id: string) => void;
  placeholder?: string;
}

type Box = Pick<
  ComboBoxProps<Option>,
  "items" | "defaultItems" | "inputValue" | "onInputChange" | "onOpenChange" | "onSelectionChange" | "defaultFilter"
>;

export function ComboBox({
  label,
  hint,
  error,
  value,
  placeholder,
  none,
  foot,
  around,
  ...box
}: Omit<Finding, "onChange"> &
  Box & {
    /** What an empty list says. */
    none: string;
    /** What stands below the list. */
    foot?: string | undefined;
    /** For a list so long that only what is in sight is drawn. */
    around?: (list: ReactNode) => ReactNode;
  }) {
  const list = (
    <ListBox<Option> className="combo-options" renderEmptyState={() => <p className="combo-none soft">{none}</p>}>
      {({ id, name, more }) => (
        <ListBoxItem id={id} textValue={name} className="combo-option">
          <Text slot="label">{name}</Text>
          {more !== undefined && (
            <Text slot="description" className="small soft">
              {more}
            </Text>
          )}
        </ListBoxItem>
      )}
    </ListBox>
  );
  return (
    <AriaComboBox
      {...box}
      className="field combo"
      selectedKey={value === "" ? null : value}
      isInvalid={error !== undefined}
      validationBehavior="aria"
      menuTrigger="focus"
      allowsEmptyCollection
    >
      <Label>{label}</Label>
      <div className="combo-field">
        <Input className="input" placeholder={placeholder} autoComplete="off" />
        <Button className="combo-open">
          <Icon name="down" />
        </Button>
      </div>
      {hint !== undefined && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
      <Popover className="popover combo-list" placement="bottom start" offset={4}>
        {around === undefined ? list : around(list)}
        {foot !== undefined && <p className="combo-none small soft">{foot}</p>}
      </Popover>
    </AriaComboBox>
  );
}
