// What would happen to a call: one that is imagined, or all those that were, by other settings.
import type { Tenant } from "../../api/schema";
import { useInUrl } from "../../ui/in-url";
import { Segments } from "../../ui/segments";
import { OneCall } from "./one-call";
import { Replay } from "./replay";
import "./what-if.css";

const VIEWS = [
  { value: "call", label: "A call" },
  { value: "replay", label: "Past calls, replayed" },
] as const;

type View = (typeof VIEWS)[number]["value"];

export default function WhatIf({ tenant }: { tenant: Tenant }) {
  const [params] = useInUrl();
  const view: View = params.get("view") === "replay" ? "replay" : "call";
  return (
    <div className="stack wide">
      <Segments label="What is asked" name="view" value={view} options={[...VIEWS]} />
      {view === "call" ? <OneCall tenant={tenant} /> : <Replay tenant={tenant} />}
    </div>
  );
}
