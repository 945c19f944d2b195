// Faults or doubts by name, each a way to its field.
import type { Fault } from "../../api/schema";
import { changeWords } from "./change-words";

export function FaultList({ faults, onJump }: { faults: Fault[]; onJump: (pointer: string) => void }) {
  return (
    <ul className="list-plain">
      {faults.map((fault) => (
        <li key={fault.pointer + fault.code}>
          <button type="button" className="as-link" onClick={() => onJump(fault.pointer)}>
            {changeWords({ path: fault.pointer.slice(1).split("/"), before: undefined, after: undefined }).what}
          </button>
          : {fault.detail}
        </li>
      ))}
    </ul>
  );
}
