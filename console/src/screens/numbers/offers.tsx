// Numbers for sale: asked for by country and area code, narrowed by digits, one of them chosen.
import { type FormEvent, useState } from "react";
import { ListBox, ListBoxItem } from "react-aria-components";
import { api, Refused } from "../../api/client";
import type { OfferedNumber } from "../../api/schema";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Select, TextField } from "../../ui/field";
import { counted, phone } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { quoted } from "../../ui/shell";
import { Failed, Loading } from "../../ui/states";

/** Where numbers are bought most; Twilio sells in more countries than these. */
const COUNTRIES = ["US", "CA", "GB", "IE", "AU", "NZ", "DE", "FR", "ES", "NL", "SE", "FI"];
const NORTH_AMERICAN = new Set(["US", "CA", "PR"]);
const named = new Intl.DisplayNames("en", { type: "region" });

export function countryName(code: string): string {
  try {
    return named.of(code) ?? code;
  } catch {
    return code;
  }
}

export interface Sought {
  country: string;
  areaCode: string;
}

export function Offers({
  sought,
  onSought,
  chosen,
  onChoose,
  price,
}: {
  sought: Sought;
  onSought: (sought: Sought) => void;
  chosen: string | undefined;
  onChoose: (number: OfferedNumber | undefined) => void;
  /** What one costs each month, where that is known. */
  price: string | undefined;
}) {
  const [country, setCountry] = useState(sought.country);
  const [areaCode, setAreaCode] = useState(sought.areaCode);
  const [digits, setDigits] = useState("");
  const takesArea = NORTH_AMERICAN.has(country);
  const query = {
    country: sought.country,
    ...(sought.areaCode === "" ? {} : { areaCode: sought.areaCode }),
  };
  const found = api.useQuery(
    "get",
    "/api/numbers/available",
    { params: { query } },
    { retry: false, staleTime: 30_000 },
  );
  const search = (event: FormEvent) => {
    event.preventDefault();
    onChoose(undefined);
    onSought({ country, areaCode: takesArea ? areaCode.trim() : "" });
  };
  const countries = COUNTRIES.includes(country) ? COUNTRIES : [country, ...COUNTRIES];
  return (
    <div className="stack">
      <form className="fields" onSubmit={search}>
        <Select
          label="Country"
          value={country}
          onChange={setCountry}
          options={countries.map((code) => ({ value: code, label: countryName(code) }))}
        />
        <TextField
          label="Area code"
          value={takesArea ? areaCode : ""}
          onChange={setAreaCode}
          isDisabled={!takesArea}
          inputMode="numeric"
          placeholder={country === "US" ? "205" : "any"}
          autoComplete="off"
        />
        <TextField
          label="Has these digits"
          value={digits}
          onChange={setDigits}
          inputMode="numeric"
          placeholder="any"
          autoComplete="off"
        />
        <span className="row buy-go">
          <Button type="submit" pending={found.isFetching}>
            Search
          </Button>
          <SameBy
            cli={`patchbay numbers available --country ${quoted(sought.country)}${sought.areaCode === "" ? "" : ` --area-code ${quoted(sought.areaCode)}`}`}
            request={{ method: "GET", path: `/api/numbers/available?${new URLSearchParams(query)}` }}
          />
        </span>
      </form>
      <Found found={found} digits={digits} chosen={chosen} onChoose={onChoose} price={price} sought={sought} />
    </div>
  );
}

function Found({
  found,
  digits,
  chosen,
  onChoose,
  price,
  sought,
}: {
  found: { data: { data: OfferedNumber[] } | undefined; error: unknown; refetch: () => unknown };
  digits: string;
  chosen: string | undefined;
  onChoose: (number: OfferedNumber | undefined) => void;
  price: string | undefined;
  sought: Sought;
}) {
  if (found.error instanceof Refused && found.error.code === "twilio_missing") {
    return (
      <Note tone="warn" title="There is no Twilio account to ask">
        <p>
          Give the organization its own account, or the installation one: <code>TWILIO_ACCOUNT_SID</code> and{" "}
          <code>TWILIO_AUTH_TOKEN</code>. Then search again.
        </p>
      </Note>
    );
  }
  if (found.error !== null) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (found.data === undefined) return <Loading what="Asking Twilio" />;
  const wanted = digits.replaceAll(/\D/g, "");
  const rows = found.data.data.filter(({ e164 }) => e164.includes(wanted));
  if (found.data.data.length === 0) {
    return (
      <p className="soft" role="status">
        Twilio has none for sale in{" "}
        {sought.areaCode === "" ? countryName(sought.country) : `area code ${sought.areaCode}`} just now. Try a
        neighbouring area code.
      </p>
    );
  }
  return (
    <div className="stack tight">
      <p className="small soft" role="status">
        {counted(rows.length, "number")} for sale
        {wanted !== "" && ` with ${wanted} in it, of the ${found.data.data.length} that Twilio offers now`}. Each takes
        calls; no text messages are set up.
      </p>
      <ListBox
        aria-label="Numbers for sale"
        className="offers"
        layout="grid"
        selectionMode="single"
        items={rows.map((row) => ({ ...row, id: row.e164 }))}
        selectedKeys={chosen === undefined ? [] : [chosen]}
        onSelectionChange={(keys) => {
          const [key] = keys === "all" ? [] : [...keys];
          onChoose(rows.find((row) => row.e164 === key));
        }}
        renderEmptyState={() => <p className="soft">None of those on offer has these digits.</p>}
      >
        {(row) => (
          <ListBoxItem id={row.e164} className="offer" textValue={phone(row.e164)}>
            <span className="strong">{phone(row.e164)}</span>
            <span className="small soft">
              {price === undefined ? "Price not told" : `${price} a month`}
              {row.needsAddress && " · needs an address"}
            </span>
          </ListBoxItem>
        )}
      </ListBox>
    </div>
  );
}
