-- What calls came to, by tenant, month and way: bills go by it, and outlast the calls themselves, which are let go of.
CREATE TABLE call_months (
    tenant_id TEXT COLLATE "C" NOT NULL,
    -- Months since the year 0, in UTC.
    month     BIGINT NOT NULL,
    -- As of `calls`.
    arrival   TEXT COLLATE "C" NOT NULL,
    -- Those that are over.
    calls     BIGINT NOT NULL,
    -- Each call's length, up to the whole minute.
    minutes   BIGINT NOT NULL,
    -- What Vapi reported that they cost, in millionths of a US dollar.
    ai_micros BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, month, arrival)
);

-- What a tenant has had, wherever it is now.
CREATE INDEX number_spells_by_tenant ON number_spells (tenant_id, since) WHERE tenant_id IS NOT NULL;
