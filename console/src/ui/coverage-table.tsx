// The coverage picture as a table: every stretch in a line.
import { useState } from "react";
import type { Coverage } from "../api/schema";
import { whoIn } from "./coverage-rows";
import { momentText, WHO } from "./coverage-words";
import { Table } from "./table";

export function CoverageTable({ coverage, zone }: { coverage: Coverage; zone: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="small" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {open && (
        <Table
          label="Who answers when"
          rows={coverage.spans}
          idOf={(span) => span.from}
          columns={[
            { head: "From", cell: (span) => momentText(span.from, zone) },
            { head: "Until", cell: (span) => momentText(span.until, zone) },
            { head: "What happens", cell: (span) => WHO[whoIn(span)].says(span, coverage.threshold) },
          ]}
        />
      )}
    </details>
  );
}
