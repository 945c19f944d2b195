-- What calls came to, by tenant, month and way: bills go by it, and outlast the calls themselves, which are let go of.
CREATE TABLE call_months (
    tenant_id TEXT NOT NULL,
    -- Months since the year 0, in UTC.
    month     INTEGER NOT NULL,
    -- As of `calls`.
    arrival   TEXT NOT NULL,
    -- Those that are over.
    calls     INTEGER NOT NULL,
    -- Each call's length, up to the whole minute.
    minutes   INTEGER NOT NULL,
    -- What Vapi reported that they cost, in millionths of a US dollar.
    ai_micros INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, month, arrival)
) STRICT, WITHOUT ROWID;

INSERT INTO call_months (tenant_id, month, arrival, calls, minutes, ai_micros)
SELECT tenant_id,
       CAST(strftime('%Y', at / 1000000000, 'unixepoch') AS INTEGER) * 12
           + CAST(strftime('%m', at / 1000000000, 'unixepoch') AS INTEGER) - 1 AS month,
       arrival,
       count(*),
       sum((coalesce(json_extract(ending, '$.duration_seconds.value'), 0) + 59) / 60),
       sum(CAST(round(coalesce(json_extract(report, '$.cost_usd.value'), 0) * 1000000) AS INTEGER))
FROM calls
WHERE tenant_id IS NOT NULL AND began IS NOT NULL AND ending IS NOT NULL
GROUP BY tenant_id, month, arrival;

-- What a tenant has had, wherever it is now.
CREATE INDEX number_spells_by_tenant ON number_spells (tenant_id, since) WHERE tenant_id IS NOT NULL;
