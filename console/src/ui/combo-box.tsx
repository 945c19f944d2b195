// One of many: a field that finds it while somebody types, and takes nothing that is not in the list.
import {
  ComboBox as AriaComboBox,
  Button,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  ListLayout,
  Popover,
  Text,
  Virtualizer,
} from "react-aria-components";
import { Icon } from "./icon";
import "./combo-box.css";

export interface Option {
  id: string;
  name: string;
}

export function ComboBox({
  label,
  hint,
  error,
  value,
  onChange,
  options,
  onSearch,
  placeholder,
  isDisabled,
}: {
  label: string;
  hint?: string;
  error?: string | undefined;
  value: string;
  onChange: (value: string) => void;
  options: Option[];
  /** Where the server searches: what was typed. The options are then taken as they are. */
  onSearch?: (typed: string) => void;
  placeholder?: string;
  isDisabled?: boolean;
}) {
  const search = onSearch === undefined ? {} : { onInputChange: onSearch, defaultFilter: () => true };
  return (
    <AriaComboBox
      {...search}
      className="field combo"
      defaultItems={options}
      selectedKey={value === "" ? null : value}
      onSelectionChange={(key) => key !== null && onChange(String(key))}
      isInvalid={error !== undefined}
      validationBehavior="aria"
      isDisabled={isDisabled ?? false}
      menuTrigger="focus"
    >
      <Label>{label}</Label>
      <div className="combo-field">
        <Input className="input" placeholder={placeholder} />
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
      <Popover className="popover combo-list" offset={4}>
        <Virtualizer layout={ListLayout} layoutOptions={{ rowHeight: 36 }}>
          <ListBox<Option>
            className="combo-options"
            renderEmptyState={() => <p className="combo-none soft">Nothing of this name</p>}
          >
            {(option) => (
              <ListBoxItem id={option.id} textValue={option.name} className="combo-option">
                {option.name}
              </ListBoxItem>
            )}
          </ListBox>
        </Virtualizer>
      </Popover>
    </AriaComboBox>
  );
}
