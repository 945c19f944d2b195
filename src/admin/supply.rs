//! Numbers that can be had: for sale at Twilio, free at Vapi. Providers are asked, nothing is changed.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Query, State};
use axum::http::Uri;
use serde::Serialize;
use utoipa::{IntoParams, IntoResponses, ToSchema};

use super::AdminState;
use super::auth::Caller;
use super::error::{Problem, ProblemBody};
use super::free_numbers_seen::FreeNumbersSeen;
use crate::model::{E164, Fault, Role, TwilioAccount};
use crate::providers::{Offer, Outlook, ProviderError, Search, Twilio, Vapi};
use crate::provisioning::Meter;

/// Where numbers come from.
#[derive(Clone)]
pub struct Supply {
    /// Those for sale.
    pub twilio: Twilio,
    /// The free ones; none where the installation has no key.
    pub vapi: Option<Vapi>,
    /// How many free numbers the plan allows.
    pub free_numbers: u32,
    /// How many it allows by Vapi's own word, where a further one was refused.
    pub learned: Arc<dyn Fn() -> Option<u32> + Send + Sync>,
    /// How many were used when that was last looked at in passing.
    pub seen: FreeNumbersSeen,
}

impl Supply {
    /// So many free numbers against what the plan allows.
    pub(super) fn meter(&self, total: u32) -> Meter {
        let (set, learned) = (self.free_numbers, (self.learned)());
        Meter { total, limit: learned.map_or(set, |learned| learned.min(set)) }
    }
}

impl std::fmt::Debug for Supply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supply").field("free_numbers", &self.free_numbers).finish_non_exhaustive()
    }
}

/// Which numbers are wanted.
#[derive(Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct OfferQuery {
    /// An area code of North America; 205 where nothing is said of a number in the United States.
    #[param(pattern = "^[2-9][0-9]{2}$")]
    area_code: Option<String>,
    /// The country; US where nothing is said.
    #[param(pattern = "^[A-Za-z]{2}$")]
    country: Option<String>,
}

/// Numbers for sale.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfferList {
    data: Vec<OfferBody>,
}

/// A number for sale.
#[derive(Serialize, ToSchema)]
#[schema(as = OfferedNumber)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfferBody {
    #[schema(value_type = String, format = "e164", example = "+13125550100")]
    e164: E164,
    /// Twilio sells it to those alone who give an address.
    needs_address: bool,
}

/// How many of Vapi's free numbers are used.
#[derive(Serialize, ToSchema)]
#[schema(as = FreeNumbers, example = json!({"total": 7, "limit": 10, "remaining": 3, "percentUsed": 70,
    "message": "📊 Vapi Free Number Usage:\nUsed: 7/10 (70%)\nRemaining: 3\n⚠️  WARNING: Approaching FREE number limit!\nOnly 3 free numbers remaining\nConsider setting up Twilio for additional numbers"}))]
#[serde(rename_all = "camelCase")]
pub(super) struct FreeNumbersBody {
    total: u32,
    limit: u32,
    remaining: u32,
    percent_used: u32,
    /// The same for people, a line each.
    message: String,
}

/// Numbers for sale
///
/// As Twilio offers them just now, to the account of the token's organization or else to the installation's own.
#[utoipa::path(get, path = "/api/numbers/available", tag = "numbers", params(OfferQuery),
    responses((status = 200, description = "The numbers", body = OfferList), Refusals))]
pub(super) async fn available(
    State(admin): State<AdminState>,
    caller: Caller,
    uri: Uri,
) -> Result<Answer<OfferList>, Problem> {
    offers(&admin, &caller, &uri).await
}

/// Numbers for sale, by another path
///
/// The same as `/api/numbers/available`.
#[utoipa::path(get, path = "/api/numbers", tag = "numbers", params(OfferQuery),
    responses((status = 200, description = "The numbers", body = OfferList), Refusals))]
pub(super) async fn available_too(
    State(admin): State<AdminState>,
    caller: Caller,
    uri: Uri,
) -> Result<Answer<OfferList>, Problem> {
    offers(&admin, &caller, &uri).await
}

/// What else a question for numbers can come to.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only describes the answers")]
enum Refusals {
    /// The part after ? cannot be read
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(#[to_schema] ProblemBody),
    /// There is no Twilio account to ask: `twilio_missing`
    #[response(status = 409, content_type = "application/problem+json")]
    Missing(#[to_schema] ProblemBody),
    /// That is no country, or no area code
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(#[to_schema] ProblemBody),
    /// Twilio failed (`upstream_failed`), or refuses the account's token (`upstream_refused`)
    #[response(status = 502, content_type = "application/problem+json")]
    Failed(#[to_schema] ProblemBody),
}

async fn offers(admin: &AdminState, caller: &Caller, uri: &Uri) -> Result<Answer<OfferList>, Problem> {
    let asked = OfferQuery::read(uri)?;
    let country = asked.country.unwrap_or_else(|| "US".to_owned()).to_ascii_uppercase();
    let area_code = asked.area_code.or_else(|| (country == "US").then(|| "205".to_owned()));
    let account = account_of(admin, caller).await?.ok_or_else(Problem::twilio_missing)?;
    let search = Search { country: &country, area_code: area_code.as_deref() };
    match admin.supply.twilio.search_numbers(&account, search).await {
        Ok(offers) => Ok(Answer(OfferList { data: offers.iter().map(OfferBody::of).collect() })),
        // Nobody has a number in an area code Twilio does not know.
        Err(ProviderError::Refused { code: Some(21451), .. }) => Ok(Answer(OfferList { data: Vec::new() })),
        Err(error) => Err(failed(&error)),
    }
}

/// How many of Vapi's free numbers are used
#[utoipa::path(get, path = "/api/vapi/free-numbers", tag = "numbers",
    responses(
        (status = 200, description = "The count", body = FreeNumbersBody),
        (status = 409, description = "The installation has no key of Vapi's: `vapi_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "Vapi failed (`upstream_failed`), or refuses the key (`upstream_refused`)", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn free_numbers(
    State(admin): State<AdminState>,
    caller: Caller,
) -> Result<Answer<FreeNumbersBody>, Problem> {
    caller.operator()?;
    let vapi = admin.supply.vapi.as_ref().ok_or_else(Problem::vapi_missing)?;
    let total = vapi.free_numbers().await.map_err(|error| failed(&error))?;
    let meter = admin.supply.meter(total);
    Ok(Answer(FreeNumbersBody {
        total: meter.total,
        limit: meter.limit,
        remaining: meter.remaining(),
        percent_used: meter.percent_used(),
        message: meter.to_string(),
    }))
}

/// The account that would buy for this caller: that of its organization, else the installation's own.
pub(super) async fn account_of(admin: &AdminState, caller: &Caller) -> Result<Option<TwilioAccount>, Problem> {
    let org = match &caller.role {
        Role::Operator => None,
        Role::Org(org) | Role::Tenant { org, .. } => admin.store.org(org).await?,
    };
    Ok(org.and_then(|org| org.twilio).or_else(|| admin.around.global_account.clone()))
}

pub(super) fn failed(error: &ProviderError) -> Problem {
    match error.outlook() {
        Outlook::Credentials => {
            tracing::warn!(%error, "a provider refuses our credentials when it is asked for numbers");
            Problem::upstream_refused("the provider refuses the credentials: set them right")
        }
        Outlook::Later(_) => Problem::upstream_failed("the provider asks for rest; try again in a moment"),
        Outlook::Unclear | Outlook::Never => {
            tracing::warn!(%error, "a provider failed when it was asked for numbers");
            Problem::upstream_failed("the provider did not answer as it should; try again in a moment")
        }
    }
}

impl OfferQuery {
    /// Reads what was given, naming every fault.
    fn read(uri: &Uri) -> Result<OfferQuery, Problem> {
        let Query(given) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::bad_request("bad_query", "the part after ? cannot be read"))?;
        let (mut asked, mut faults) = (OfferQuery::default(), Vec::new());
        for (name, text) in given {
            let bytes = text.as_bytes();
            let (place, is_one, detail) = match name.as_str() {
                "areaCode" => {
                    let is_code = bytes.len() == 3 && bytes.iter().all(u8::is_ascii_digit) && bytes[0] >= b'2';
                    (&mut asked.area_code, is_code, "an area code is three digits, such as 205")
                }
                "country" => {
                    let is_country = bytes.len() == 2 && bytes.iter().all(u8::is_ascii_alphabetic);
                    (&mut asked.country, is_country, "a country is two letters, such as US")
                }
                _ => {
                    let detail = "it is not taken here; areaCode and country are";
                    faults.push(Fault::new(format!("?{name}"), "unknown_parameter", detail));
                    continue;
                }
            };
            if !is_one {
                faults.push(Fault::new(format!("?{name}"), "pattern", detail));
            } else if place.replace(text).is_some() {
                faults.push(Fault::new(format!("?{name}"), "repeated_parameter", "this was given twice"));
            }
        }
        if faults.is_empty() { Ok(asked) } else { Err(Problem::invalid(faults)) }
    }
}

impl OfferBody {
    fn of(offer: &Offer) -> OfferBody {
        OfferBody { e164: offer.e164, needs_address: offer.needs_address }
    }
}
