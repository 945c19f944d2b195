//! How recorded calls would have gone by other settings: many of them at once, each asked of the engine at its own
//! instant. Nothing is stored. One call in full is `replay_call`'s.

use std::collections::HashMap;

use axum::Json as Answer;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::availability::AvailabilityBody;
use super::calls::DecisionBody;
use super::error::Problem;
use super::json::Json;
use super::owned::OfTenant;
use super::plan::PlanBody;
use super::{AdminState, rehearsal};
use crate::model::{Fault, Number, NumberId, Reason, Sid, TenantId};
use crate::routing::{NoTrace, Past, Replay, Rules};
use crate::store::PastCall;

/// The longest stretch that is replayed: a month, on the night of which clocks may go back.
const WINDOW_MAX: SignedDuration = SignedDuration::from_hours(31 * 24 + 1);

/// Most calls that are replayed: they take a second or so.
const CALLS_MAX: u32 = 50_000;

/// Most calls that are shown; all are counted.
const CHANGES_MAX: usize = 500;

/// Most things besides that are looked up one by one: numbers that have left the tenant, settings of then.
const LOOKUPS_MAX: usize = 100;

/// Which calls, and by which settings.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReplayWish, example = json!({"from": "2026-11-19T05:00:00Z", "to": "2026-11-20T05:00:00Z", "availability": {"mode": "always"}}))]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// Settings that were not saved; those there are where absent.
    availability: Option<AvailabilityBody>,
    /// This build obeys no plan, so it must be absent or null.
    plan: Option<PlanBody>,
    /// Calls from this instant on.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Calls before this instant, at most 31 days later.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
}

/// How calls would have gone.
#[derive(Serialize, ToSchema)]
#[schema(as = Replay)]
pub(super) struct ReplayBody {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// Every call before this instant was replayed: `to`, unless there were too many.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// How many were replayed: the sum of the next three.
    calls: u32,
    /// Whoever answered then would answer.
    same: u32,
    /// Somebody else would answer.
    differ: u32,
    /// Nothing can be said.
    unknown: u32,
    /// There were more than 50,000 calls, and those from `until` on were not replayed.
    truncated: bool,
    /// Calls that somebody else would answer, newest first, 500 of them at most.
    changes: Vec<ChangeBody>,
}

/// A call that somebody else would answer.
#[derive(Serialize, ToSchema)]
#[schema(as = ReplayedCall)]
#[serde(rename_all = "camelCase")]
struct ChangeBody {
    #[schema(value_type = String, format = "sid")]
    sid: Sid,
    /// When it came in.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The caller.
    #[schema(example = "+16475550188")]
    from: String,
    /// Other live calls that would not have been with the AI, by which it is decided now.
    active_calls: u32,
    /// How it went.
    then: DecisionBody,
    /// How it would have gone.
    now: DecisionBody,
}

/// Says how recorded calls would have gone
///
/// With the settings there are, or with some that were not saved; nothing is stored. Each call is decided by the engine at
/// the instant at which it came in. Its count of other calls is the recorded one, less those before it that would be with
/// the AI now and were still live, and more those that no longer would; they end when they ended, and a call that the AI
/// handed on counts from its beginning. Calls before `from` stay as they were.
///
/// The settings are what is asked about, so all else stays as it was: a call that was decided by hand, that came round in
/// circles or went to a line for voicemail would go there again, whether there is an override now or not, and where the AI
/// was wanted and away or full, it would not be had. A call is `unknown` where the settings it was decided by matter and are
/// gone, or where the AI had no line free and calls now leave it some. Whether a number receives only what staff could not
/// take, and whether there is something at Vapi to dial for calls the AI did not take, is as it is now.
#[utoipa::path(post, path = "/api/tenants/{id}/replay", tag = "simulate", request_body = Wish,
    responses((status = 200, description = "How they would have gone", body = ReplayBody)))]
pub(super) async fn replay(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
    Json(wish): Json<Wish>,
) -> Result<Answer<ReplayBody>, Problem> {
    wish.check()?;
    let mut load = rehearsal::load(&admin, &tenant.id, wish.availability).await?;
    load.tenant.forced = None;
    let compiled = rehearsal::compiled(&admin, &load);
    let mut calls = admin.store.past_calls(&tenant.id, wish.from, wish.to, CALLS_MAX + 1).await?;
    let truncated = calls.len() > CALLS_MAX as usize;
    // Calls of one instant are all replayed or none.
    let until = calls.last().filter(|_| truncated).map_or(wish.to, |beyond| beyond.at);
    calls.retain(|call| call.at < until);

    let mut known = Known::new(&admin, &tenant.id, &load.numbers);
    let mut replay = Replay::new(&compiled.rules);
    let (mut same, mut differ, mut unknown, mut changes) = (0, 0, 0, Vec::new());
    for call in &calls {
        let past = known.past(call, rehearsal::has_ai(&compiled, call.arrival)).await?;
        let replayed = replay.next(&past, &mut NoTrace);
        match replayed.now {
            None => unknown += 1,
            Some(now) if now.available == call.decision.available => same += 1,
            Some(now) => {
                differ += 1;
                changes.push((call, replayed.others, now));
            }
        }
    }
    let newest = changes.into_iter().rev().take(CHANGES_MAX);
    let changes = newest.map(|(call, others, now)| ChangeBody {
        sid: call.sid.clone(),
        at: call.at,
        from: call.from.clone(),
        active_calls: others,
        then: DecisionBody::of(call.decision),
        now: DecisionBody::of(now),
    });
    Ok(Answer(ReplayBody {
        from: wish.from,
        to: wish.to,
        until,
        calls: same + differ + unknown,
        same,
        differ,
        unknown,
        truncated,
        changes: changes.collect(),
    }))
}

impl Wish {
    fn check(&self) -> Result<(), Problem> {
        let mut faults = Vec::new();
        if self.plan.is_some() {
            faults.push(Fault::new("/plan", "not_supported", "this build obeys no plan, so it replays none"));
        }
        let length = self.to.duration_since(self.from);
        if length <= SignedDuration::ZERO {
            faults.push(Fault::new("/to", "range", "must be after `from`"));
        } else if length > WINDOW_MAX {
            faults.push(Fault::new("/to", "range", "may be 31 days after `from` at most"));
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }
}

/// What is known besides of calls that were, looked up once.
pub(super) struct Known<'a> {
    admin: &'a AdminState,
    tenant: &'a TenantId,
    already_overflowed: HashMap<NumberId, bool>,
    was_broken: HashMap<u64, Option<bool>>,
    lookups_left: usize,
}

impl<'a> Known<'a> {
    pub fn new(admin: &'a AdminState, tenant: &'a TenantId, numbers: &[Number]) -> Known<'a> {
        let already_overflowed = numbers.iter().map(|number| (number.id.clone(), number.already_overflowed)).collect();
        Known { admin, tenant, already_overflowed, was_broken: HashMap::new(), lookups_left: LOOKUPS_MAX }
    }

    /// The call as the engine replays it.
    pub async fn past(&mut self, call: &PastCall, has_ai: bool) -> Result<Past, Problem> {
        let already_overflowed = match &call.number_id {
            Some(id) => self.already_overflowed(id).await?,
            None => false,
        };
        let is_at_a_loss = call.decision.reason == Reason::NotConfigured;
        let was_broken = if is_at_a_loss { self.was_broken(call.tenant_version).await? } else { None };
        Ok(Past {
            at: call.at,
            ended_at: call.ended_at,
            others: call.others,
            decision: call.decision,
            already_overflowed,
            has_ai,
            was_broken,
        })
    }

    async fn already_overflowed(&mut self, id: &NumberId) -> Result<bool, Problem> {
        if let Some(known) = self.already_overflowed.get(id) {
            return Ok(*known);
        }
        let found = if self.may_look_up() { self.admin.store.number(id).await? } else { None };
        let answer = found.is_some_and(|number| number.already_overflowed);
        self.already_overflowed.insert(id.clone(), answer);
        Ok(answer)
    }

    /// Whether the settings of this version could not be read; none if they are gone.
    async fn was_broken(&mut self, version: u64) -> Result<Option<bool>, Problem> {
        if let Some(known) = self.was_broken.get(&version) {
            return Ok(*known);
        }
        let found = if self.may_look_up() { self.admin.store.tenant_at(self.tenant, version).await? } else { None };
        let answer = found.map(|then| Rules::compile_stored(&then.availability, None, &then.timezone).0.is_broken());
        self.was_broken.insert(version, answer);
        Ok(answer)
    }

    fn may_look_up(&mut self) -> bool {
        let may = self.lookups_left > 0;
        self.lookups_left = self.lookups_left.saturating_sub(1);
        may
    }
}
