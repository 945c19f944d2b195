//! When the AI answers, day by day: of the settings there are, or of some that were not saved. The same engine, nothing
//! stored.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::AdminState;
use super::availability::AvailabilityBody;
use super::calls::DecisionBody;
use super::coverage_picture::picture;
use super::error::{Problem, ProblemBody};
use super::json::OptionalJson;
use super::owned::OfTenant;
use super::query::Asked;
use super::rehearsal;
use crate::model::Tenant;
use crate::model::availability::{parse_date, zone};
use crate::routing::{self, Covered, Mark, MarkKind, Rules};

/// How many days are shown where nothing is said: four weeks.
const DAYS_DEFAULT: u16 = 28;

/// What the picture may load: its own style and nothing else.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Which days.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Days {
    /// The first day, as in 2026-11-30; today in the tenant's zone where absent.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<String>,
    /// How many days; 28 where absent.
    #[param(minimum = 1, maximum = 400, default = 28)]
    days: Option<u16>,
}

/// Which days, and by which settings.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = CoverageWish, example = json!({"from": "2026-11-30", "days": 7, "availability": {"mode": "always"}}))]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// Settings that were not saved.
    availability: Option<AvailabilityBody>,
    /// The first day, as in 2026-11-30; today in the tenant's zone where absent.
    #[schema(value_type = Option<String>, format = Date)]
    from: Option<String>,
    /// How many days; 28 where absent.
    #[schema(minimum = 1, maximum = 400)]
    days: Option<u16>,
}

/// Who answers when.
#[derive(Serialize, ToSchema)]
#[schema(as = Coverage)]
pub(super) struct CoverageBody {
    /// The zone whose days these are.
    #[schema(format = "iana-zone")]
    timezone: String,
    /// The first day.
    #[schema(format = Date)]
    from: String,
    days: u16,
    /// With so many other calls the AI answers where it would not else; null where their number plays no part.
    threshold: Option<u32>,
    /// Stretches of one answer, which follow each other without a gap.
    spans: Vec<SpanBody>,
    /// What people should know of these days, in order.
    marks: Vec<MarkBody>,
}

/// A stretch of time in which the answers are the same.
#[derive(Serialize, ToSchema)]
#[schema(as = CoverageSpan)]
struct SpanBody {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// The first instant no longer in it.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// The answer to a call while there is no other.
    quiet: DecisionBody,
    /// The answer with as many other calls as the threshold.
    busy: DecisionBody,
}

/// Something that falls into these days.
#[derive(Serialize, ToSchema)]
#[schema(as = CoverageMark)]
struct MarkBody {
    /// When; the first instant of these days where it began before.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    kind: MarkKindBody,
    /// What it is called, else what it does.
    #[schema(example = "clocks go back 1 hour")]
    label: String,
}

/// What is marked.
#[derive(Serialize, ToSchema)]
#[schema(as = CoverageMarkKind)]
#[serde(rename_all = "kebab-case")]
enum MarkKindBody {
    ClockChange,
    Holiday,
    Exception,
    Override,
}

/// Some days of a tenant, and who answers on them.
pub(super) struct Window {
    pub name: String,
    /// The name of the zone.
    pub timezone: String,
    pub zone: TimeZone,
    pub first: Date,
    pub days: u16,
    pub threshold: Option<u32>,
    pub spans: Vec<Covered>,
    pub marks: Vec<Mark>,
}

/// When the AI answers
///
/// By the settings and the override there are. A day is the tenant's own, with 23 or 25 hours where clocks change. That a
/// call may find nothing at Vapi to dial, or Vapi away, is not foretold.
#[utoipa::path(get, path = "/api/tenants/{id}/coverage", tag = "coverage", params(Days),
    responses(
        (status = 200, description = "Who answers when", body = CoverageBody),
        (status = 400, description = "The part after ? cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not valid; each fault is named", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn read(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
    Asked(Days { from, days }): Asked<Days>,
) -> Result<Answer<CoverageBody>, Problem> {
    Ok(Answer(CoverageBody::of(Window::of(&admin, tenant, from.as_deref(), days, "?from")?)))
}

/// When the AI would answer
///
/// By settings that were not saved, where some are given; nothing is stored. An override there is counts as it would if
/// they were.
#[utoipa::path(post, path = "/api/tenants/{id}/coverage", tag = "coverage", request_body = Option<Wish>,
    responses((status = 200, description = "Who would answer when", body = CoverageBody)))]
pub(super) async fn imagine(
    State(admin): State<AdminState>,
    OfTenant(mut tenant): OfTenant,
    OptionalJson(Wish { availability, from, days }): OptionalJson<Wish>,
) -> Result<Answer<CoverageBody>, Problem> {
    if let Some(given) = availability {
        tenant.availability = rehearsal::unsaved(given)?;
    }
    Ok(Answer(CoverageBody::of(Window::of(&admin, tenant, from.as_deref(), days, "/from")?)))
}

/// When the AI answers, as a picture
///
/// A row a day on the tenant's clock; in it who answers, told by colour, by pattern and in words. It loads nothing, holds
/// no script, and goes dark where the reader's screen is.
#[utoipa::path(get, path = "/api/tenants/{id}/coverage.svg", tag = "coverage", params(Days),
    responses(
        (status = 200, description = "The picture", body = String, content_type = "image/svg+xml"),
        (status = 400, description = "The part after ? cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not valid; each fault is named", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn draw(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
    Asked(Days { from, days }): Asked<Days>,
) -> Result<Response, Problem> {
    let window = Window::of(&admin, tenant, from.as_deref(), days, "?from")?;
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CONTENT_SECURITY_POLICY, PICTURE_POLICY)];
    Ok((headers, picture(&window)).into_response())
}

impl Window {
    /// These days by the tenant's settings; `at` is where the first of them was given.
    fn of(
        admin: &AdminState,
        tenant: Tenant,
        first: Option<&str>,
        days: Option<u16>,
        at: &str,
    ) -> Result<Window, Problem> {
        let (timezone, zone) = clock_of(&tenant);
        let outside = || Problem::fault(at, "date", "this must be a day of the calendar, and the days after it too");
        let first = match first {
            Some(text) => parse_date(text).ok_or_else(outside)?,
            None => zone.to_datetime((admin.now)()).date(),
        };
        let days = days.unwrap_or(DAYS_DEFAULT);
        let (from, until) = bounds(first, days, &zone).ok_or_else(outside)?;
        let (rules, _) = Rules::compile_stored(&tenant.availability, tenant.forced.as_ref(), &tenant.timezone);
        Ok(Window {
            name: tenant.name,
            timezone,
            first,
            days,
            threshold: rules.threshold(),
            spans: routing::coverage(&rules, from, until),
            marks: routing::marks(&rules, &zone, from, until),
            zone,
        })
    }
}

/// The clock on a tenant's wall, and its name.
pub(super) fn clock_of(tenant: &Tenant) -> (String, TimeZone) {
    match zone::named(&tenant.timezone) {
        Some(zone) => (tenant.timezone.clone(), zone),
        None => ("UTC".to_owned(), TimeZone::UTC),
    }
}

/// From the beginning of the first day to the end of the last, where the calendar has them all.
fn bounds(first: Date, days: u16, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let end = first.checked_add(i32::from(days).days()).ok()?;
    Some((midnight(first, zone)?, midnight(end, zone)?))
}

/// The first instant of a day.
pub(super) fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    date.to_zoned(zone.clone()).ok().map(|begins| begins.timestamp())
}

impl CoverageBody {
    fn of(window: Window) -> CoverageBody {
        CoverageBody {
            timezone: window.timezone,
            from: window.first.to_string(),
            days: window.days,
            threshold: window.threshold,
            spans: window.spans.iter().map(SpanBody::of).collect(),
            marks: window.marks.into_iter().map(MarkBody::of).collect(),
        }
    }
}

impl SpanBody {
    fn of(covered: &Covered) -> SpanBody {
        SpanBody {
            from: covered.from,
            until: covered.until,
            quiet: DecisionBody::of(covered.quiet),
            busy: DecisionBody::of(covered.busy),
        }
    }
}

impl MarkBody {
    fn of(mark: Mark) -> MarkBody {
        let kind = match mark.kind {
            MarkKind::ClockChange => MarkKindBody::ClockChange,
            MarkKind::Holiday => MarkKindBody::Holiday,
            MarkKind::Exception => MarkKindBody::Exception,
            MarkKind::Override => MarkKindBody::Override,
        };
        MarkBody { at: mark.at, kind, label: mark.label }
    }
}
