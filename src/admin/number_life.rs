//! What becomes of numbers: where each has been and since when, and where each leads just now.

use axum::Json as Answer;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::json::Id;
use super::lists::ListQuery;
use super::narrowings::LifeQuery;
use super::numbers::{StateBody, find};
use crate::model::{E164, JobId, LifeState, Number, NumberId, NumberLife, NumberState, Sid, Spell, TenantId};
use crate::provisioning::{Amiss, Finding, Report, UnknownNumber};

/// A number that is ours, or was.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberLife)]
#[serde(rename_all = "camelCase")]
pub(super) struct LifeBody {
    #[schema(value_type = String, format = "number-id", example = "num_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: NumberId,
    #[schema(value_type = String, format = "e164", example = "+16475550123")]
    e164: E164,
    /// Whose it is, or was last.
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// The Twilio account that carries it; null for one of Vapi's own, and where nobody told.
    #[schema(value_type = Option<String>, format = "sid")]
    account_sid: Option<Sid>,
    state: LifeStateBody,
    /// Since when its state and its tenant are these.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Since when it is ours, as far as is known.
    #[schema(value_type = String, format = DateTime)]
    acquired_at: Timestamp,
    /// When it was given back.
    #[schema(value_type = Option<String>, format = DateTime)]
    released_at: Option<Timestamp>,
    /// How many months of it were paid for; none of one of Vapi's own.
    months_paid: u64,
}

/// Where a number is in its life, which ends.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = LifeState)]
#[serde(rename_all = "lowercase")]
pub(super) enum LifeStateBody {
    Active,
    Resting,
    Unassigned,
    Released,
}

/// A page of numbers that are ours, or were.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberLifePage)]
#[serde(rename_all = "camelCase")]
pub(super) struct LifePage {
    data: Vec<LifeBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// Where a number has been.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberHistory)]
pub(super) struct HistoryBody {
    data: Vec<SpellBody>,
}

/// A stretch of a number's life.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberSpell)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpellBody {
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Until when; null if it is so still.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    state: StateBody,
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
}

/// What was seen of all numbers.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberAudit)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditBody {
    /// How many of our numbers were looked at.
    looked_at: usize,
    /// Those that are not as they should be.
    findings: Vec<FindingBody>,
    /// Numbers that are paid for, and that nobody here knows.
    unknown: Vec<UnknownBody>,
    /// Numbers that have rested long enough: they are in the pool now.
    #[schema(value_type = Vec<String>)]
    returned: Vec<E164>,
    /// Whom could not be asked, and why.
    not_asked: Vec<NotAskedBody>,
}

/// A number that is not as it should be.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberFinding)]
#[serde(rename_all = "camelCase")]
pub(super) struct FindingBody {
    #[schema(value_type = String, format = "number-id")]
    number_id: NumberId,
    #[schema(value_type = String, format = "e164", example = "+16475550123")]
    e164: E164,
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    what: AmissBody,
    /// The same in words.
    #[schema(example = "Vapi has made it lead there: voice URL is https://api.vapi.ai/twilio/inbound_call")]
    detail: String,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// The job that brings it back.
    #[schema(value_type = Option<String>, format = "job-id")]
    job_id: Option<JobId>,
    /// Why none does, where one might.
    why_not: Option<&'static str>,
}

/// What is amiss with a number: Vapi has taken it, as an import does, and a job brings it back; it leads to somebody else
/// and is left alone; its provider does not have it.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = NumberAmiss)]
#[serde(rename_all = "camelCase")]
pub(super) enum AmissBody {
    TakenByVapi,
    LeadsElsewhere,
    Missing,
}

/// A number that is paid for, and that nobody here knows.
#[derive(Serialize, ToSchema)]
#[schema(as = UnknownNumber)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnknownBody {
    #[schema(value_type = String, format = "e164", example = "+16475550123")]
    e164: E164,
    /// The account at Twilio that has it; null where it is Vapi's own.
    #[schema(value_type = Option<String>, format = "sid")]
    account_sid: Option<Sid>,
    /// The provider's id of it.
    #[schema(value_type = String, format = "sid")]
    sid: Sid,
}

/// Whom could not be asked.
#[derive(Serialize, ToSchema)]
#[schema(as = NotAsked)]
pub(super) struct NotAskedBody {
    #[schema(example = "account AC00000000000000000000000000000001")]
    whom: String,
    why: String,
}

/// Every number there ever was, newest first
///
/// Where it is, since when, and how many months of it were paid for.
#[utoipa::path(get, params(LifeQuery), path = "/api/numbers/ledger", tag = "numbers",
    responses((status = 200, description = "A page", body = LifePage)))]
pub(super) async fn ledger(
    State(admin): State<AdminState>,
    ListQuery(ask): ListQuery<LifeQuery>,
) -> Result<Answer<LifePage>, Problem> {
    let page = admin.store.number_lives(&ask).await?;
    let now = (admin.now)();
    let data = page.rows.iter().map(|life| LifeBody::of(life, now)).collect();
    Ok(Answer(LifePage { data, next_cursor: page.next_cursor }))
}

/// Where a number has been, the newest stretch first
///
/// Tenants other than the caller's are left out of it.
#[utoipa::path(get, path = "/api/numbers/{id}/history", tag = "numbers",
    responses((status = 200, description = "Each stretch", body = HistoryBody)))]
pub(super) async fn history(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(id): Id<NumberId>,
) -> Result<Answer<HistoryBody>, Problem> {
    // One that was given back is nobody's: who may see everything may see where it has been.
    let number = match caller.operator() {
        Ok(()) => admin.store.number(&id).await?,
        Err(_) => Some(find(&admin, &caller, &id).await?),
    };
    let spells = admin.store.number_spells(&id).await?;
    if spells.is_empty() {
        return Err(Problem::not_found("number", id.as_str()));
    }
    let own = number.and_then(|number| number.tenant_id);
    let mut data = Vec::with_capacity(spells.len());
    for spell in spells {
        let seen = match &spell.tenant_id {
            Some(tenant) if Some(tenant) != own.as_ref() => {
                let org = admin.store.tenant(tenant).await?.map(|tenant| tenant.org_id);
                caller.sees(org.as_ref(), Some(tenant))
            }
            _ => true,
        };
        data.push(SpellBody::of(&spell, seen));
    }
    Ok(Answer(HistoryBody { data }))
}

/// Looks where every number leads
///
/// At Twilio, in every account we have the credentials of, and at Vapi. It is done every five minutes by itself; what an
/// import took is brought back by a job, everything else is told and left alone.
#[utoipa::path(post, path = "/api/numbers/audit", tag = "numbers",
    responses((status = 200, description = "What was seen", body = AuditBody)))]
pub(super) async fn audit(State(admin): State<AdminState>, caller: Caller) -> Result<Answer<AuditBody>, Problem> {
    caller.operator()?;
    Ok(Answer(AuditBody::of((admin.watch)().await?)))
}

impl LifeBody {
    fn of(life: &NumberLife, now: Timestamp) -> LifeBody {
        LifeBody {
            id: life.id.clone(),
            e164: life.e164,
            tenant_id: life.tenant_id.clone(),
            account_sid: life.account_sid.clone(),
            state: match life.state {
                LifeState::Active => LifeStateBody::Active,
                LifeState::Resting => LifeStateBody::Resting,
                LifeState::Unassigned => LifeStateBody::Unassigned,
                LifeState::Released => LifeStateBody::Released,
            },
            since: life.since,
            acquired_at: life.acquired_at,
            released_at: life.released_at,
            months_paid: if life.is_free() { 0 } else { life.paid_at(now).count() as u64 },
        }
    }
}

impl SpellBody {
    fn of(spell: &Spell, seen: bool) -> SpellBody {
        SpellBody {
            since: spell.since,
            until: spell.until,
            state: match spell.state {
                NumberState::Active => StateBody::Active,
                NumberState::Resting => StateBody::Resting,
                NumberState::Unassigned => StateBody::Unassigned,
            },
            tenant_id: spell.tenant_id.clone().filter(|_| seen),
        }
    }
}

impl AuditBody {
    fn of(report: Report) -> AuditBody {
        AuditBody {
            looked_at: report.looked_at,
            findings: report.findings.into_iter().map(FindingBody::of).collect(),
            unknown: report.unknown.into_iter().map(UnknownBody::of).collect(),
            returned: report.returned.iter().map(|number| number.e164).collect(),
            not_asked: report.not_asked.into_iter().map(|(whom, why)| NotAskedBody { whom, why }).collect(),
        }
    }
}

impl FindingBody {
    fn of(finding: Finding) -> FindingBody {
        let Number { id, e164, tenant_id, .. } = finding.number;
        FindingBody {
            number_id: id,
            e164,
            tenant_id,
            what: match finding.amiss {
                Amiss::TakenByVapi => AmissBody::TakenByVapi,
                Amiss::LeadsElsewhere => AmissBody::LeadsElsewhere,
                Amiss::Missing => AmissBody::Missing,
            },
            detail: finding.detail,
            since: finding.since,
            job_id: finding.job,
            why_not: finding.why_not,
        }
    }
}

impl UnknownBody {
    fn of(unknown: UnknownNumber) -> UnknownBody {
        UnknownBody { e164: unknown.e164, account_sid: unknown.account, sid: unknown.id }
    }
}
