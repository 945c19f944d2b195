//! Phone numbers at Vapi: free ones, SIP addresses, imported ones. Importing one of Twilio's rewrites where it leads.

use std::collections::{BTreeMap, BTreeSet};

use hyper::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::E164;

use super::super::wire::{Reply, Request, fresh_uuid};
use super::super::world::State;
use super::super::{inventory, twilio};
use super::{ORG_ID, absent, limit, oddities, problem, unknown, well_formed};

/// Properties of every kind.
const COMMON: [&str; 8] =
    ["provider", "name", "assistantId", "squadId", "workflowId", "server", "fallbackDestination", "hooks"];
/// Those of one kind besides.
const OF_VAPI: [&str; 3] = ["numberDesiredAreaCode", "sipUri", "authentication"];
const OF_TWILIO: [&str; 6] =
    ["number", "twilioAccountSid", "twilioAuthToken", "twilioApiKey", "twilioApiSecret", "smsEnabled"];
const OF_OTHERS: [&str; 3] = ["number", "credentialId", "numberE164CheckEnabled"];

/// What is never told again.
const SECRET: [&str; 2] = ["twilioAuthToken", "twilioApiSecret"];

/// Shortest and longest word of a SIP address's authentication.
const SIP_WORD: std::ops::RangeInclusive<usize> = 20..=40;

/// The numbers, and how new ones come.
#[derive(Default)]
pub(in crate::simulator) struct Numbers {
    pub settings: Settings,
    kept: BTreeMap<String, Kept>,
}

/// What `POST /_sim/vapi` can set.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(in crate::simulator) struct Settings {
    /// How many free numbers the plan allows.
    pub free_number_limit: usize,
    /// How long a free number takes until calls reach it.
    pub activation_ms: i64,
    /// Area codes in which there is none just now.
    pub unavailable_area_codes: BTreeSet<u16>,
    /// So many of the next free numbers are kept without digits, as purchases that failed halfway are.
    pub without_digits: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        let unavailable_area_codes = BTreeSet::from([212, 310, 415, 646]);
        Settings { free_number_limit: 10, activation_ms: 500, unavailable_area_codes, without_digits: 0 }
    }
}

/// Area codes Vapi hints at where there is none.
const HINTED: [u16; 3] = [562, 662, 716];

struct Kept {
    fields: Value,
    /// The number itself; a free one has it once it is active.
    number: Option<String>,
    created: Timestamp,
    updated: Timestamp,
    active_from: Timestamp,
}

pub(super) fn answer(state: &mut State, request: &Request, rest: &[&str]) -> Reply {
    match (&request.method, rest) {
        (&Method::POST, []) => created(state, request),
        (&Method::GET, []) => {
            let mut newest: Vec<(&String, &Kept)> = state.vapi_numbers.kept.iter().collect();
            newest.sort_by_key(|(_, kept)| std::cmp::Reverse(kept.created));
            let until = request.query("createdAtLe").and_then(|text| text.parse::<Timestamp>().ok());
            newest.retain(|(_, kept)| until.is_none_or(|until| kept.created <= until));
            let listed = newest.into_iter().take(limit(request)).map(|(id, kept)| kept.json(id));
            Reply::json(StatusCode::OK, &Value::Array(listed.collect()))
        }
        (&Method::GET, [id]) => match state.vapi_numbers.kept.get(*id) {
            Some(kept) => Reply::json(StatusCode::OK, &kept.json(id)),
            None => absent("phone number", id),
        },
        (&Method::PATCH, [id]) => changed(state, request, id),
        (&Method::DELETE, [id]) => match state.vapi_numbers.kept.remove(*id) {
            Some(kept) => {
                if let Some(number) = kept.number.as_ref().filter(|_| kept.is_free()) {
                    state.given_back(number);
                }
                Reply::json(StatusCode::OK, &kept.json(id))
            }
            None => absent("phone number", id),
        },
        _ => unknown(request),
    }
}

/// `GET /v2/phone-number`: a part of the name, the number or the SIP URI; the newest first.
pub(super) fn searched(state: &State, request: &Request) -> Reply {
    let wanted = request.query("search").unwrap_or("").to_lowercase();
    let page = request.query("page").and_then(|text| text.parse::<usize>().ok()).unwrap_or(1).max(1);
    let size = limit(request).max(1);
    let mut found: Vec<(&String, &Kept)> = state
        .vapi_numbers
        .kept
        .iter()
        .filter(|(_, kept)| {
            let texts = [kept.fields["name"].as_str(), kept.number.as_deref(), kept.fields["sipUri"].as_str()];
            texts.into_iter().flatten().any(|text| text.to_lowercase().contains(&wanted))
        })
        .collect();
    found.sort_by_key(|(_, kept)| std::cmp::Reverse(kept.created));
    let total = found.len();
    let some = found.into_iter().skip((page - 1).saturating_mul(size)).take(size);
    let results: Vec<Value> = some.map(|(id, kept)| kept.json(id)).collect();
    let metadata = json!({
        "itemsPerPage": size,
        "totalItems": total,
        "currentPage": page,
        "totalPages": total.div_ceil(size),
        "hasNextPage": page.saturating_mul(size) < total,
    });
    Reply::json(StatusCode::OK, &json!({ "results": results, "metadata": metadata }))
}

fn created(state: &mut State, request: &Request) -> Reply {
    let asked = match request.json() {
        Ok(asked) => asked,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &json!(error)),
    };
    let faults = faults_of(&asked, asked["provider"].as_str().unwrap_or(""));
    if !faults.is_empty() {
        return problem(StatusCode::BAD_REQUEST, &json!(faults));
    }
    let number = match asked["provider"].as_str() {
        Some("vapi") => free_or_sip(state, &asked),
        Some("twilio") => imported(state, &asked).map(Some),
        _ => Ok(asked["number"].as_str().map(str::to_owned)),
    };
    let number = match number {
        Ok(number) => number,
        Err(words) => return problem(StatusCode::BAD_REQUEST, &json!(words)),
    };
    let now = Timestamp::now();
    let is_free = asked.get("numberDesiredAreaCode").is_some();
    let activation = if is_free { state.vapi_numbers.settings.activation_ms } else { 0 };
    let active_from = now + SignedDuration::from_millis(activation);
    let id = fresh_uuid();
    if let (true, Some(number)) = (is_free, &number) {
        state.bill("vapi", ORG_ID, &id, number);
    }
    let kept = Kept { fields: asked, number, created: now, updated: now, active_from };
    let reply = Reply::json(StatusCode::CREATED, &kept.json(&id));
    state.vapi_numbers.kept.insert(id, kept);
    reply
}

fn changed(state: &mut State, request: &Request, id: &str) -> Reply {
    let Some(kept) = state.vapi_numbers.kept.get(id) else { return absent("phone number", id) };
    let asked = match request.json() {
        Ok(asked) => asked,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &json!(error)),
    };
    let provider = kept.fields["provider"].as_str().unwrap_or("").to_owned();
    let mut whole = kept.fields.clone();
    for (name, value) in asked.as_object().into_iter().flatten() {
        whole[name] = value.clone();
    }
    let mut faults = faults_of(&whole, &provider);
    if asked.get("provider").is_some_and(|given| *given != json!(provider)) {
        faults.push("provider cannot be changed".to_owned());
    }
    if !faults.is_empty() {
        return problem(StatusCode::BAD_REQUEST, &json!(faults));
    }
    if provider == "twilio" {
        // Nobody knows for sure that a change rewrites Twilio as an import does; here it does, which is the harder case.
        let (account, number) = (text(&whole, "twilioAccountSid"), text(&whole, "number"));
        twilio::import(state, &account, &number, whole["smsEnabled"] != json!(false));
    }
    let Some(kept) = state.vapi_numbers.kept.get_mut(id) else { return absent("phone number", id) };
    kept.fields = whole;
    kept.updated = Timestamp::now();
    Reply::json(StatusCode::OK, &kept.json(id))
}

/// What is wrong with a number of this kind, whole.
fn faults_of(asked: &Value, provider: &str) -> Vec<String> {
    let own: &[&str] = match provider {
        "vapi" => &OF_VAPI,
        "twilio" => &OF_TWILIO,
        "byo-phone-number" | "telnyx" | "vonage" => &OF_OTHERS,
        _ => {
            return vec![
                "provider must be one of the following values: byo-phone-number, twilio, vonage, vapi, telnyx"
                    .to_owned(),
            ];
        }
    };
    let mut faults = oddities(asked, &[&COMMON, own].concat());
    for name in ["assistantId", "squadId", "workflowId"] {
        let is_wrong = |id: &Value| !id.is_null() && !id.as_str().is_some_and(well_formed);
        if asked.get(name).is_some_and(is_wrong) {
            faults.push(format!("{name} must be a UUID"));
        }
    }
    let required: &[&str] = match provider {
        "vapi" => &[],
        "twilio" => &["number", "twilioAccountSid"],
        "byo-phone-number" => &["credentialId"],
        _ => &["number", "credentialId"],
    };
    faults.extend(
        required.iter().filter(|name| !asked[**name].is_string()).map(|name| format!("{name} must be a string")),
    );
    if provider == "twilio" && asked["number"].as_str().is_some_and(|number| E164::parse(number).is_err()) {
        faults.push(
            "number must be a valid phone number in the E.164 format. Hot tip, you may be missing the country code \
             (Eg. US: +1)."
                .to_owned(),
        );
    }
    if let Some(server) = asked.get("server").filter(|server| !server.is_null()) {
        let known =
            ["url", "timeoutSeconds", "headers", "credentialId", "staticIpAddressesEnabled", "backoffPlan", "secret"];
        faults.extend(oddities(server, &known).into_iter().map(|fault| format!("server.{fault}")));
    }
    for word in ["username", "password"] {
        let given = asked["authentication"].get(word).map(|word| word.as_str().unwrap_or("").len());
        if given.is_some_and(|length| !SIP_WORD.contains(&length)) {
            faults.push(format!("authentication.{word} must be between 20 and 40 characters"));
        }
    }
    faults
}

/// A free number, or a SIP address.
fn free_or_sip(state: &mut State, asked: &Value) -> Result<Option<String>, String> {
    if let Some(uri) = asked["sipUri"].as_str() {
        let is_ours = uri.strip_prefix("sip:").and_then(|rest| rest.split_once('@')).is_some_and(|(user, host)| {
            !user.is_empty() && (host == "sip.vapi.ai" || host.ends_with(".sip.vapi.ai") || host.starts_with("sip."))
        });
        if !is_ours {
            return Err("sipUri must be of the form sip:username@sip.vapi.ai".to_owned());
        }
        if state.vapi_numbers.kept.values().any(|kept| kept.fields["sipUri"] == json!(uri)) {
            return Err(format!("SIP URI {uri} is already in use"));
        }
        return Ok(None);
    }
    let Some(area) = asked["numberDesiredAreaCode"].as_str() else {
        return Err("Need Either `numberDesiredAreaCode` Or `sipUri`.".to_owned());
    };
    let settings = &state.vapi_numbers.settings;
    let free = state.vapi_numbers.kept.values().filter(|kept| kept.is_free()).count();
    if free >= settings.free_number_limit {
        return Err("You have reached the limit of free phone numbers of your plan.".to_owned());
    }
    let hint = || {
        let hinted = HINTED.map(|code| code.to_string()).join(", ");
        format!("This area code is currently not available. Hint: Try one of {hinted}.")
    };
    let code = area.parse().ok().filter(|code| {
        inventory::is_area_code(*code)
            && inventory::country(*code) == "US"
            && *code != inventory::NONE_THERE
            && !settings.unavailable_area_codes.contains(code)
    });
    let number = inventory::at_vapi(code.ok_or_else(hint)?).find(|number| !state.is_taken(number)).ok_or_else(hint)?;
    let settings = &mut state.vapi_numbers.settings;
    if settings.without_digits > 0 {
        settings.without_digits -= 1;
        return Ok(None);
    }
    Ok(Some(number))
}

/// A number of Twilio's, which the account must have and nobody have imported.
fn imported(state: &mut State, asked: &Value) -> Result<String, String> {
    let (account, number) = (text(asked, "twilioAccountSid"), text(asked, "number"));
    let has_key = asked["twilioAuthToken"].is_string()
        || asked["twilioApiKey"].is_string() && asked["twilioApiSecret"].is_string();
    if !has_key {
        return Err("Need Either `twilioAuthToken` Or `twilioApiKey` And `twilioApiSecret`.".to_owned());
    }
    let there = state.vapi_numbers.kept.iter().find(|(_, kept)| kept.number.as_deref() == Some(&number));
    if let Some((id, _)) = there {
        return Err(format!("Existing Phone Number {id} Has Identical `number`: {number}."));
    }
    if !twilio::import(state, &account, &number, asked["smsEnabled"] != json!(false)) {
        return Err(format!("Number Not Found on Twilio. {number} is not a number of the account."));
    }
    Ok(number)
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap_or("").to_owned()
}

impl Kept {
    fn is_free(&self) -> bool {
        self.fields.get("numberDesiredAreaCode").is_some()
    }

    fn json(&self, id: &str) -> Value {
        let mut body = self.fields.clone();
        for secret in SECRET {
            body.as_object_mut().map(|fields| fields.remove(secret));
        }
        let is_active = Timestamp::now() >= self.active_from;
        body["id"] = json!(id);
        body["orgId"] = json!(ORG_ID);
        body["createdAt"] = json!(self.created.to_string());
        body["updatedAt"] = json!(self.updated.to_string());
        body["status"] = json!(if is_active { "active" } else { "activating" });
        if let Some(number) = self.number.as_ref().filter(|_| is_active) {
            body["number"] = json!(number);
        }
        body
    }
}
