// Whether all is in place: what the settings say, what the providers say, and why signatures were refused.
import { useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { Check, CheckFinding } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge, Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Denied } from "../../ui/denied";
import { Page, Panel } from "../../ui/page";
import { counted } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { Known, Loading } from "../../ui/states";
import { ownZone, Time, ZoneNote } from "../../ui/time";
import { Signatures } from "./signatures";
import { Ticked } from "./ticked";
import { GRADES, grouped, whereToSet } from "./words";
import "./check.css";

export default function CheckScreen() {
  const { isOperator } = useSession();
  const queries = useQueryClient();
  const check = api.useQuery("get", "/api/check", {}, { enabled: isOperator });
  if (!isOperator) {
    return <Denied title="Settings check" who="The settings are for operators, whose token opens everything." />;
  }
  return (
    <Page
      title="Settings check"
      lead={
        check.data === undefined ? (
          "Whether all is in place to answer calls"
        ) : (
          <>
            Looked at <Time at={check.data.at} as="seconds" /> · <ZoneNote zone={ownZone} />
          </>
        )
      }
      actions={
        <>
          <Button
            look="primary"
            pending={check.isFetching}
            onPress={() => void queries.invalidateQueries({ queryKey: ["get", "/api/check"] })}
          >
            Check again
          </Button>
          <SameBy cli="patchbay check" request={{ method: "GET", path: "/api/check" }} />
        </>
      }
    >
      <Known query={check} loading={<Loading what="Looking, and asking Twilio and Vapi" />}>
        {(found) => <Found found={found} />}
      </Known>
    </Page>
  );
}

function Found({ found }: { found: Check }) {
  const count = (grade: CheckFinding["grade"]) => found.checks.filter((one) => one.grade === grade).length;
  const [faults, warnings] = [count("fault"), count("warning")];
  const oks = found.checks.filter(({ grade }) => grade === "ok");
  const summary =
    faults > 0
      ? `${counted(faults, "thing")} ${faults === 1 ? "does" : "do"} not work`
      : warnings > 0
        ? "Calls are answered; some things deserve a look"
        : "All is in place";
  return (
    <>
      <Note tone={faults > 0 ? "bad" : warnings > 0 ? "warn" : "good"} title={summary}>
        <p>
          {counted(faults, "fault")}, {counted(warnings, "warning")}, {oks.length} well. Settings are read at the start:
          after a change restart patchbay, then check again.
        </p>
      </Note>
      <div className="pair">
        {grouped(found.checks.filter(({ grade }) => grade !== "ok")).map(({ name, checks }) => (
          <Panel key={name} title={name}>
            <ul className="checks list-plain">
              {checks.map((one, index) => (
                <One key={`${one.subject} ${index}`} check={one} />
              ))}
            </ul>
          </Panel>
        ))}
      </div>
      {oks.length > 0 && (
        <Panel title="What is well">
          <ul className="checks well list-plain">
            {oks.map((one, index) => (
              <One key={`${one.subject} ${index}`} check={one} />
            ))}
          </ul>
        </Panel>
      )}
      <Signatures of={found.signatures} />
    </>
  );
}

function One({ check }: { check: CheckFinding }) {
  const { text, tone } = GRADES[check.grade];
  const where = check.grade === "ok" ? undefined : whereToSet(check.subject);
  return (
    <li className="check">
      <span>
        <Badge tone={tone}>{text}</Badge>
      </span>
      <div>
        <code className="strong">{check.subject}</code>
        <p>
          <Ticked text={check.detail} />
        </p>
        {where !== undefined && (
          <p className="small soft">
            Set <code>{where.file}</code> in the file, or <code>{where.env}</code> in the environment.
          </p>
        )}
      </div>
    </li>
  );
}
