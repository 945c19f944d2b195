//! The live calls, as the ledger has them now.

use axum::Json as Answer;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Caller;
use super::calls::ArrivalBody;
use super::{AdminState, LiveCall};
use crate::model::{Sid, TenantId};

/// A live call.
#[derive(Serialize, ToSchema)]
#[schema(as = LiveCall)]
#[serde(rename_all = "camelCase")]
pub(super) struct LiveBody {
    #[schema(value_type = String, format = "sid")]
    call_sid: Sid,
    #[schema(value_type = String, format = "tenant-id")]
    tenant_id: TenantId,
    arrival: ArrivalBody,
    /// The AI talks, or is being rung.
    with_ai: bool,
    #[schema(value_type = String, format = DateTime)]
    began: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    heard: Timestamp,
}

/// All live calls; they are never so many that they need pages.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LivePage {
    data: Vec<LiveBody>,
    /// Always null.
    next_cursor: Option<String>,
}

/// Live calls, the latest first
#[utoipa::path(get, path = "/api/live", tag = "live", responses((status = 200, description = "All of them", body = LivePage)))]
pub(super) async fn list(State(admin): State<AdminState>, caller: Caller) -> Answer<LivePage> {
    let mut live = (admin.live)().await;
    live.retain(|call| caller.sees(Some(&call.org_id), Some(&call.tenant_id)));
    live.sort_by(|a, b| b.began.cmp(&a.began).then_with(|| a.sid.cmp(&b.sid)));
    Answer(LivePage { data: live.into_iter().map(LiveBody::of).collect(), next_cursor: None })
}

impl LiveBody {
    pub fn of(call: LiveCall) -> LiveBody {
        LiveBody {
            call_sid: call.sid,
            tenant_id: call.tenant_id,
            arrival: ArrivalBody::of(call.arrival),
            with_ai: call.with_ai,
            began: call.began,
            heard: call.heard,
        }
    }
}
