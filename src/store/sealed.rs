//! Every column that holds sealed values. What changes keys walks this list, so a column that is not in it would be
//! left behind under a key that is then thrown away: a test walks the schema and fails on it.

/// A column with sealed values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealedColumn {
    pub table: &'static str,
    pub column: &'static str,
    /// The row's identity as values are bound to it, in SQL.
    pub row: &'static str,
    /// Which rows are sealed, where not all are, in SQL.
    pub only: &'static str,
}

/// All of them.
pub(crate) const SEALED: &[SealedColumn] = &[
    SealedColumn { table: "meta", column: "value", row: "name", only: "name = 'key'" },
    all_rows("organizations", "twilio_auth_token", "id"),
    all_rows("organizations", "twilio_auth_token_next", "id"),
    all_rows("tenants", "connect_password", "id"),
    all_rows("idempotency", "answer", "key"),
    all_rows("webhooks", "secret", "id"),
    all_rows("webhooks", "secret_previous", "id"),
    all_rows("phone_integrations", "sip_password", "tenant_id"),
    all_rows("port_papers", "papers", "tenant_id"),
    all_rows("tenant_versions", "connect_password", "id || '@' || version"),
];

/// Columns of bytes that are not sealed.
#[cfg(test)]
pub(crate) const NOT_SEALED: &[(&str, &str)] = &[
    ("tokens", "sha256"),
    ("sessions", "sha256"),
    ("sessions", "token_sha256"),
    ("idempotency", "asked"),
    ("_sqlx_migrations", "checksum"),
];

const fn all_rows(table: &'static str, column: &'static str, row: &'static str) -> SealedColumn {
    SealedColumn { table, column, row, only: "1 = 1" }
}
