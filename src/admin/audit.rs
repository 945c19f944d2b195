//! The audit log: who changed what, and how it was before. It cannot be written or changed here.

use axum::Json as Answer;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::AdminState;
use super::error::Problem;
use super::lists::ListQuery;
use super::narrowings::AuditQuery;
use crate::model::{OrgId, TenantId};
use crate::store::AuditRow;

/// A change.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditBody {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who: `operator` for the token of the settings, else a token's name and id.
    #[schema(example = "front desk (tok_01kafbd2x0q7h3m8w5r9t2c6ze)")]
    who: String,
    /// What was done.
    #[schema(example = "tenant.change")]
    what: String,
    /// To whom or what: its id.
    #[schema(example = "ten_01kafbd2x0q7h3m8w5r9t2c6ze")]
    subject: String,
    /// The organization whose business it is; null for the platform's.
    #[schema(value_type = Option<String>, format = "org-id")]
    org_id: Option<OrgId>,
    /// The tenant whose business it is.
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// How it was, without secrets; null where it was not there.
    before: Option<Value>,
    /// How it is since, without secrets; null where it is gone.
    after: Option<Value>,
}

/// A page of the log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditPage {
    data: Vec<AuditBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// Every change, the latest first
#[utoipa::path(get, params(AuditQuery), path = "/api/audit", tag = "audit", responses((status = 200, description = "A page", body = AuditPage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    ListQuery(ask): ListQuery<AuditQuery>,
) -> Result<Answer<AuditPage>, Problem> {
    let page = admin.store.audit(&ask).await?;
    Ok(Answer(AuditPage { data: page.rows.into_iter().map(AuditBody::of).collect(), next_cursor: page.next_cursor }))
}

impl AuditBody {
    fn of(row: AuditRow) -> AuditBody {
        AuditBody {
            at: row.at,
            who: row.who,
            what: row.what,
            subject: row.subject,
            org_id: row.org_id,
            tenant_id: row.tenant_id,
            before: row.before,
            after: row.after,
        }
    }
}
