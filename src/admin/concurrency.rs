//! How many call at once: of the calls that are kept, hour by hour and altogether, beside the threshold overflow goes by.

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::AdminState;
use super::coverage::{clock_of, midnight};
use super::error::{Problem, ProblemBody};
use super::owned::OfTenant;
use super::query::Asked;
use crate::routing::Rules;
use crate::store::CallHeap;

/// How many days are looked at where nothing is said.
const DAYS_DEFAULT: u16 = 30;

/// Most calls that are looked at: each is read, and a business with more has its picture in these.
const CALLS_MAX: u32 = 250_000;

/// How far back.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Days {
    /// How many days, today among them; 30 where absent.
    #[param(minimum = 1, maximum = 90, default = 30)]
    days: Option<u16>,
}

/// How many call at once.
#[derive(Serialize, ToSchema)]
#[schema(as = Concurrency)]
pub(super) struct ConcurrencyBody {
    /// The beginning of the first day; later where there are more calls than are looked at, of which the newest count.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Now.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    days: u16,
    /// The zone whose days these are.
    #[schema(format = "iana-zone")]
    timezone: String,
    /// From so many other calls on the AI answers; null where their number plays no part.
    threshold: Option<u32>,
    /// All calls that are kept of these days.
    calls: u64,
    /// The hours in which some came in, oldest first.
    hours: Vec<HourBody>,
    /// How many calls found how many others, the fewest first.
    distribution: Vec<ShareBody>,
}

/// The calls of one hour.
#[derive(Serialize, ToSchema)]
#[schema(as = ConcurrencyHour)]
struct HourBody {
    /// Its beginning.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    calls: u64,
    /// The most other calls, live and not with the AI, that one of them found.
    busiest: u32,
}

/// Calls that found as many others.
#[derive(Serialize, ToSchema)]
#[schema(as = ConcurrencyShare)]
struct ShareBody {
    /// Other calls of the tenant, live and not with the AI, when the call came in: what overflow judges by.
    others: u32,
    calls: u64,
}

/// How many call at once
///
/// From calls that are kept, so no further back than they are.
#[utoipa::path(get, path = "/api/tenants/{id}/concurrency", tag = "coverage", params(Days),
    responses(
        (status = 200, description = "How many call at once", body = ConcurrencyBody),
        (status = 400, description = "The part after ? cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not valid; each fault is named", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn count(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
    Asked(asked): Asked<Days>,
) -> Result<Answer<ConcurrencyBody>, Problem> {
    let days = asked.days.unwrap_or(DAYS_DEFAULT);
    let until = (admin.now)();
    let (timezone, zone) = clock_of(&tenant);
    let today = zone.to_datetime(until).date();
    let first = today.checked_sub((i32::from(days) - 1).days()).unwrap_or(today);
    let from = midnight(first, &zone).unwrap_or(until);
    let heaps = admin.store.call_heaps(&tenant.id, from, until, CALLS_MAX).await?;
    let calls: u64 = heaps.iter().map(|heap| heap.calls).sum();
    let oldest = heaps.iter().map(|heap| heap.first).min().filter(|_| calls >= u64::from(CALLS_MAX));
    let (rules, _) = Rules::compile_stored(&tenant.availability, None, &tenant.timezone);
    Ok(Answer(ConcurrencyBody {
        from: oldest.unwrap_or(from),
        until,
        days,
        timezone,
        threshold: rules.threshold(),
        calls,
        hours: hours(&heaps, from),
        distribution: distribution(&heaps),
    }))
}

fn hours(heaps: &[CallHeap], from: Timestamp) -> Vec<HourBody> {
    let mut hours: BTreeMap<u32, (u64, u32)> = BTreeMap::new();
    for heap in heaps {
        let (calls, busiest) = hours.entry(heap.hour).or_default();
        *calls += heap.calls;
        *busiest = heap.others.max(*busiest);
    }
    let told = hours.into_iter().map(|(hour, (calls, busiest))| {
        let at = from.checked_add(SignedDuration::from_hours(hour.into())).unwrap_or(from);
        HourBody { at, calls, busiest }
    });
    told.collect()
}

fn distribution(heaps: &[CallHeap]) -> Vec<ShareBody> {
    let mut shares: BTreeMap<u32, u64> = BTreeMap::new();
    for heap in heaps {
        *shares.entry(heap.others).or_default() += heap.calls;
    }
    shares.into_iter().map(|(others, calls)| ShareBody { others, calls }).collect()
}
