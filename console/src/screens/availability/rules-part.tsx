// The rules of the custom schedule. Rules that differ in their day alone are one line with seven days on it.
import { useState } from "react";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Select } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Empty } from "../../ui/states";
import { FaultLine, Spot, useEditor, useSetting } from "./editor";
import { InUse } from "./in-use";
import { RULES } from "./places";
import { type Action, type RuleGroup, readRules, withGroup } from "./rules";
import { pointer } from "./settings";
import { StretchRow } from "./stretch-row";
import { DAY_NAMES, DAY_SHORT } from "./week";
import { daysWords } from "./words";

export function RulesPart() {
  const { edit, mayEdit } = useEditor();
  const rules = useSetting(RULES);
  const groups = readRules(rules);
  const write = (group: RuleGroup) => edit(RULES, withGroup(rules, group));
  const enables = groups.some((group) => group.action === "enable");
  return (
    <div className="stack">
      <InUse part="rules">These rules count</InUse>
      <p className="soft">
        Rules know no holidays. Where two overlap, the one that switches the AI off wins; their order means nothing.{" "}
        {groups.length > 0 &&
          (enables
            ? "At all other times these rules leave it off."
            : "As no rule switches it on, these rules leave it on at all other times.")}
      </p>
      {groups.length === 0 && <Empty title="No rules yet">Add times at which the AI answers, or does not.</Empty>}
      <ul className="list-plain rules">
        {groups.map((group, at) => (
          <li key={at}>
            <RuleRow group={group} onChange={write} />
            {group.indexes.map((index) => (
              <FaultLine key={index} pointer={pointer([...RULES, index])} />
            ))}
          </li>
        ))}
      </ul>
      {mayEdit && <NewRule onAdd={write} />}
      <FaultLine pointer="/customSchedule/timezone" />
    </div>
  );
}

const ACTIONS: { value: Action; label: string }[] = [
  { value: "enable", label: "AI answers" },
  { value: "disable", label: "AI stays off" },
];

function RuleRow({ group, onChange }: { group: RuleGroup; onChange: (group: RuleGroup) => void }) {
  const { mayEdit } = useEditor();
  const name = `Rule ${daysWords(group.days)}`;
  return (
    <Spot pointer={pointer([...RULES, group.indexes[0] ?? 0])} className="rule">
      <Days days={group.days} name={name} isDisabled={!mayEdit} onChange={(days) => onChange({ ...group, days })} />
      <StretchRow
        name={name}
        times={group}
        isDisabled={!mayEdit}
        onChange={(times) => onChange({ ...group, ...times })}
      />
      {mayEdit ? (
        <Select
          label={`What ${name} does`}
          hideLabel
          value={group.action}
          options={ACTIONS}
          onChange={(action) => onChange({ ...group, action })}
        />
      ) : (
        <Badge tone={group.action === "enable" ? "ai" : "people"}>
          {ACTIONS.find((one) => one.value === group.action)?.label}
        </Badge>
      )}
      {mayEdit && (
        <Button look="quiet" aria-label={`Remove ${name}`} onPress={() => onChange({ ...group, days: [] })}>
          <Icon name="close" />
        </Button>
      )}
    </Spot>
  );
}

/** Seven days to be switched; the last one stays, as a rule without days is none. */
function Days({
  days,
  name,
  isDisabled,
  onChange,
}: {
  days: number[];
  name: string;
  isDisabled: boolean;
  onChange: (days: number[]) => void;
}) {
  return (
    <div className="day-toggles" role="group" aria-label={`Days of ${name}`}>
      {DAY_SHORT.map((short, day) => {
        const on = days.includes(day);
        return (
          <button
            key={short}
            type="button"
            aria-pressed={on}
            disabled={isDisabled || (on && days.length === 1)}
            onClick={() => onChange(on ? days.filter((one) => one !== day) : [...days, day].sort((a, b) => a - b))}
          >
            {short.slice(0, 2)}
            <span className="hidden-to-eyes">{DAY_NAMES[day]?.slice(2)}</span>
          </button>
        );
      })}
    </div>
  );
}

const FRESH: RuleGroup = { indexes: [], days: [0, 1, 2, 3, 4], from: 1080, to: 1320, action: "enable", given: {} };

function NewRule({ onAdd }: { onAdd: (group: RuleGroup) => void }) {
  const [group, setGroup] = useState(FRESH);
  return (
    <div className="rule new-rule" role="group" aria-label="A new rule">
      <Days
        days={group.days}
        name="the new rule"
        isDisabled={false}
        onChange={(days) => setGroup({ ...group, days })}
      />
      <StretchRow
        name="New rule"
        times={group}
        isDisabled={false}
        onChange={(times) => setGroup({ ...group, ...times })}
      />
      <Select
        label="What the new rule does"
        hideLabel
        value={group.action}
        options={ACTIONS}
        onChange={(action) => setGroup({ ...group, action })}
      />
      <Button onPress={() => onAdd(group)}>
        <Icon name="plus" /> Add rule
      </Button>
    </div>
  );
}
