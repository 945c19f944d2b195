//! One box to find everything by: tenants, numbers, calls, jobs, organizations and voicemails, a few of each.
//!
//! Each kind is looked for as its own list does, within what the caller may see. What is named exactly comes first, and
//! an identifier of ours names its kind: nobody else is asked then.

use axum::Json as Answer;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::path::ParameterIn;
use utoipa::{IntoParams, ToSchema};

use super::AdminState;
use super::auth::Caller;
use super::error::{Problem, ProblemBody};
use super::schema;
use crate::model::{Fault, Job, Number, Org, Tenant, TenantId, VoicemailId};
use crate::store::{Ask, CallRow, StoreError, VoicemailRow};

/// How many of each kind.
const EACH_MAX: u32 = 5;

/// How much of what was said is shown.
const SAID_MAX: usize = 80;

/// What is looked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only describes what is read by hand, so that every fault is named")]
pub(super) struct SearchQuery {
    /// A whole id or SID, a number or its last four digits or more, part of a name or slug, or of what was said in a
    /// voicemail. Nothing but blanks finds nothing.
    #[param(min_length = 1, max_length = 100)]
    q: String,
}

/// What was found.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchResults)]
pub(super) struct FoundBody {
    /// What is named exactly, then the rest by kind.
    #[schema(max_items = 30)]
    data: Vec<HitBody>,
}

/// Something that was found.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchHit)]
#[serde(rename_all = "camelCase")]
pub(super) struct HitBody {
    kind: KindBody,
    /// Its id; of a call its SID.
    #[schema(example = "ten_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: String,
    /// What people call it.
    #[schema(example = "Smile Dental")]
    title: String,
    /// What tells it from others.
    #[schema(example = "smile-dental")]
    detail: String,
    /// Whose it is; null where it is nobody's, and of an organization.
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// It is what was named.
    #[serde(skip)]
    is_exact: bool,
}

/// What it is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = SearchKind)]
#[serde(rename_all = "lowercase")]
enum KindBody {
    Tenant,
    Number,
    Call,
    Job,
    Org,
    Voicemail,
}

/// The words, read and held against their description.
pub(super) struct Words(String);

impl<S: Send + Sync> FromRequestParts<S> for Words {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Words, Problem> {
        let Query(given) = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::bad_request("bad_query", "the part after ? cannot be read"))?;
        read(given).map(Words).map_err(Problem::invalid)
    }
}

fn read(given: Vec<(String, String)>) -> Result<String, Vec<Fault>> {
    let (mut words, mut faults) = (None, Vec::new());
    for (name, text) in given {
        if name != "q" {
            let detail = "it is not taken here; q is";
            faults.push(Fault::new(format!("?{name}"), "unknown_parameter", detail));
        } else if words.replace(text).is_some() {
            faults.push(Fault::new("?q", "repeated_parameter", "this was given twice"));
        }
    }
    let described = SearchQuery::into_params(|| Some(ParameterIn::Query));
    let schema = described.first().and_then(|parameter| parameter.schema.as_ref());
    match (&words, schema) {
        (Some(words), Some(schema)) => faults.extend(schema::faults_at(schema, &Value::String(words.clone()), "?q")),
        (None, _) => faults.push(Fault::new("?q", "required", "this is missing")),
        (Some(_), None) => {}
    }
    if faults.is_empty() { Ok(words.unwrap_or_default().trim().to_owned()) } else { Err(faults) }
}

/// Finds things by words
///
/// At most five of each kind, of what the token may see.
#[utoipa::path(get, path = "/api/search", tag = "search", params(SearchQuery),
    responses(
        (status = 200, description = "What was found", body = FoundBody),
        (status = 400, description = "The part after ? cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not valid; each fault is named", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn find(
    State(admin): State<AdminState>,
    caller: Caller,
    Words(words): Words,
) -> Result<Answer<FoundBody>, Problem> {
    if words.is_empty() {
        return Ok(Answer(FoundBody { data: Vec::new() }));
    }
    let search = Search { admin, caller, words };
    let mut data = search.hits().await?;
    data.sort_by_key(|hit| !hit.is_exact);
    Ok(Answer(FoundBody { data }))
}

struct Search {
    admin: AdminState,
    caller: Caller,
    words: String,
}

impl Search {
    async fn hits(&self) -> Result<Vec<HitBody>, StoreError> {
        // What is written like an identifier of ours is one, or nothing.
        match self.words.split_once('_').map(|(prefix, _)| prefix) {
            Some("ten") if TenantId::parse(&self.words).is_ok() => return self.tenants().await,
            Some("vm") if VoicemailId::parse(&self.words).is_ok() => return self.voicemail().await,
            Some("num") if crate::model::NumberId::parse(&self.words).is_ok() => return self.numbers().await,
            Some("job") if crate::model::JobId::parse(&self.words).is_ok() => return self.jobs().await,
            Some("org") if crate::model::OrgId::parse(&self.words).is_ok() => return self.orgs().await,
            _ => {}
        }
        let (tenants, numbers, calls) = tokio::try_join!(self.tenants(), self.numbers(), self.calls())?;
        let (jobs, orgs, voicemails) = tokio::try_join!(self.jobs(), self.orgs(), self.voicemails())?;
        Ok([tenants, numbers, calls, jobs, orgs, voicemails].into_iter().flatten().collect())
    }

    fn ask<F: Default>(&self) -> Ask<F> {
        let (limit, q, scope) = (EACH_MAX, Some(self.words.clone()), self.caller.scope());
        Ask { limit, cursor: None, q, tenant: None, scope, only: F::default() }
    }

    /// Is it named by this?
    fn names(&self, name: &str) -> bool {
        self.words == name
    }

    async fn tenants(&self) -> Result<Vec<HitBody>, StoreError> {
        let found = self.admin.store.tenants(&self.ask()).await?;
        Ok(found.rows.into_iter().map(|tenant| self.tenant(tenant)).collect())
    }

    fn tenant(&self, tenant: Tenant) -> HitBody {
        HitBody {
            is_exact: self.names(tenant.id.as_str()) || self.names(&tenant.slug) || self.names(&tenant.name),
            kind: KindBody::Tenant,
            id: tenant.id.to_string(),
            title: tenant.name,
            detail: tenant.slug,
            tenant_id: Some(tenant.id),
        }
    }

    async fn numbers(&self) -> Result<Vec<HitBody>, StoreError> {
        let found = self.admin.store.numbers(&self.ask()).await?;
        Ok(found.rows.into_iter().map(|number| self.number(number)).collect())
    }

    fn number(&self, number: Number) -> HitBody {
        let sids = [&number.twilio_sid, &number.vapi_number_id].into_iter().flatten();
        let is_named = sids.into_iter().any(|sid| self.names(sid.as_str()));
        let title = number.e164.to_string();
        HitBody {
            is_exact: is_named || self.names(number.id.as_str()) || self.names(&title),
            kind: KindBody::Number,
            id: number.id.to_string(),
            title,
            detail: word(&number.state),
            tenant_id: number.tenant_id,
        }
    }

    async fn calls(&self) -> Result<Vec<HitBody>, StoreError> {
        let found = self.admin.store.calls(&self.ask()).await?;
        Ok(found.rows.into_iter().map(|call| self.call(call)).collect())
    }

    fn call(&self, call: CallRow) -> HitBody {
        let began = call.began;
        let who = if began.decision.available { "ai" } else { "fallback" };
        HitBody {
            is_exact: self.names(began.call_sid.as_str()),
            kind: KindBody::Call,
            id: began.call_sid.to_string(),
            title: format!("{} → {}", began.from, began.to),
            detail: format!("{}, {who}: {}", began.at.strftime("%Y-%m-%d %H:%M UTC"), began.decision.reason.as_str()),
            tenant_id: began.tenant_id,
        }
    }

    async fn jobs(&self) -> Result<Vec<HitBody>, StoreError> {
        let found = self.admin.store.jobs(&self.ask()).await?;
        Ok(found.rows.into_iter().map(|job| self.job(job)).collect())
    }

    fn job(&self, job: Job) -> HitBody {
        let (state, said) = (job.standing.state.as_str(), cut(&job.standing.detail));
        HitBody {
            is_exact: self.names(job.id.as_str()),
            kind: KindBody::Job,
            id: job.id.to_string(),
            title: word(&job.kind),
            detail: if said.is_empty() { state.to_owned() } else { format!("{state}: {said}") },
            tenant_id: job.tenant_id,
        }
    }

    async fn orgs(&self) -> Result<Vec<HitBody>, StoreError> {
        let found = self.admin.store.orgs(&self.ask()).await?;
        Ok(found.rows.into_iter().map(|org| self.org(org)).collect())
    }

    fn org(&self, org: Org) -> HitBody {
        let account = org.twilio.map(|account| account.sid.to_string());
        HitBody {
            is_exact: self.names(org.id.as_str())
                || self.names(&org.name)
                || account.as_ref().is_some_and(|account| self.names(account)),
            kind: KindBody::Org,
            id: org.id.to_string(),
            title: org.name,
            detail: account.unwrap_or_default(),
            tenant_id: None,
        }
    }

    async fn voicemails(&self) -> Result<Vec<HitBody>, StoreError> {
        let found = self.admin.store.voicemails(&self.ask()).await?;
        Ok(found.rows.into_iter().map(|one| self.said(one)).collect())
    }

    /// The list of voicemails does not know them by their ids.
    async fn voicemail(&self) -> Result<Vec<HitBody>, StoreError> {
        let Ok(id) = VoicemailId::parse(&self.words) else { return Ok(Vec::new()) };
        let found = self.admin.store.voicemail(&id).await?;
        let seen = found.filter(|one| self.caller.sees(one.org_id.as_ref(), one.tenant_id.as_ref()));
        Ok(seen.into_iter().map(|one| self.said(one)).collect())
    }

    fn said(&self, one: VoicemailRow) -> HitBody {
        let (at, words) = (one.created_at.strftime("%Y-%m-%d %H:%M UTC"), one.transcript.as_deref().map(cut));
        let is_named = one.recording_sid.is_some_and(|sid| self.names(sid.as_str()));
        HitBody {
            is_exact: is_named || self.names(one.id.as_str()),
            kind: KindBody::Voicemail,
            id: one.id.to_string(),
            title: one.from.unwrap_or_else(|| "unknown caller".to_owned()),
            detail: words.filter(|words| !words.is_empty()).map_or(at.to_string(), |words| format!("{at}: {words}")),
            tenant_id: one.tenant_id,
        }
    }
}

/// The word a closed set is written with.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The beginning of a text, on one line.
fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SAID_MAX {
        return line;
    }
    line.chars().take(SAID_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked(query: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let given = query.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let told = |fault: Fault| format!("{} {}", fault.pointer, fault.code);
        read(given).map_err(|faults| faults.into_iter().map(told).collect())
    }

    #[test]
    fn the_words_are_one_to_a_hundred_characters() {
        let (most, more) = ("é".repeat(100), "é".repeat(101));
        assert_eq!(asked(&[("q", " smile ")]).unwrap(), "smile");
        assert_eq!(asked(&[("q", &most)]).unwrap(), most);
        assert_eq!(asked(&[("q", &more)]).unwrap_err(), ["?q too_long"]);
        assert_eq!(asked(&[("q", "")]).unwrap_err(), ["?q too_short"]);
        assert_eq!(asked(&[]).unwrap_err(), ["?q required"]);
        assert_eq!(
            asked(&[("q", "a"), ("q", "b"), ("limit", "9")]).unwrap_err(),
            ["?q repeated_parameter", "?limit unknown_parameter"]
        );
    }

    #[test]
    fn what_was_said_is_cut_to_a_line() {
        assert_eq!(cut(" please\ncall  back "), "please call back");
        assert_eq!(cut(&"é".repeat(90)).chars().count(), SAID_MAX);
    }
}
