// Every number one may see: where it leads, whose account carries it, what it costs, whether it is as it should be.
import { useState } from "react";
import { useSession } from "../../app/session";
import { Button } from "../../ui/button";
import { useInUrl } from "../../ui/in-url";
import { Page } from "../../ui/page";
import { Empty } from "../../ui/states";
import { ownZone, ZoneNote } from "../../ui/time";
import { BuyDialog } from "./buy";
import { Filters } from "./filters";
import { askedOf, GivenBack, NumberList } from "./list";
import { Astray, LookPanel, useLook } from "./look";
import { FreeMeter } from "./meter";
import { Outlay } from "./outlay";
import { type Begun, RecordDialog } from "./record";
import { Sync } from "./sync";
import "./numbers.css";

export default function Screen() {
  const { mayChange, isOperator, onlyTenant } = useSession();
  const [params, change] = useInUrl();
  const [record, setRecord] = useState<Begun>();
  const { findings } = useLook();
  const asked = askedOf(params);
  const state = params.get("state");
  const recordIt = (e164: string, accountSid: string | null) => setRecord({ e164, accountSid });
  return (
    <Page
      title="Numbers"
      lead={<ZoneNote zone={ownZone} />}
      actions={
        mayChange && (
          <>
            <Button onPress={() => setRecord({})}>Record one you have</Button>
            <Button look="primary" onPress={() => change({ buy: "1" })}>
              Buy a number
            </Button>
          </>
        )
      }
    >
      <div className="number-panels">
        {isOperator && <FreeMeter />}
        <Outlay />
        {state !== "astray" && <LookPanel onRecord={recordIt} more={isOperator && mayChange && <Sync />} />}
      </div>
      <div className="stack">
        <Filters byTenant={onlyTenant === null} />
        {state === "astray" ? (
          <Astray onRecord={recordIt} />
        ) : state === "released" ? (
          <GivenBack q={asked.q} tenantId={asked.tenantId} />
        ) : (
          <NumberList
            asked={asked}
            findings={findings}
            empty={
              <None
                filtered={Object.keys(asked).length > 0}
                onBuy={mayChange ? () => change({ buy: "1" }) : undefined}
              />
            }
          />
        )}
      </div>
      <BuyDialog isOpen={mayChange && params.get("buy") !== null} onClose={() => change({ buy: undefined })} />
      <RecordDialog begun={record} onClose={() => setRecord(undefined)} />
    </Page>
  );
}

function None({ filtered, onBuy }: { filtered: boolean; onBuy: (() => void) | undefined }) {
  if (filtered) {
    return <Empty title="No number is like that">Ask for less, or press “Show all”.</Empty>;
  }
  const action = onBuy !== undefined && <Button onPress={onBuy}>Buy a number</Button>;
  return (
    <Empty title="No number leads here yet" action={action}>
      Buy one, or record one you have. A business gets one by itself too, when it is connected.
    </Empty>
  );
}
