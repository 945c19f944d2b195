//! Numbers an account owns: bought, changed, given back. Every purchase is on the bill.

use std::collections::BTreeMap;

use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::E164;

use super::super::wire::{Reply, Request, fresh_sid, rfc2822};
use super::super::world::State;
use super::super::{Account, inventory};
use super::{VERSION, absent, page, problem};

/// Twilio's test numbers.
const NOT_AVAILABLE: &str = "+15005550000";
const INVALID: &str = "+15005550001";
const FINE: &str = "+15005550006";

/// The longest name.
const NAME_MAX: usize = 64;

/// What can be set of a number: the parameter, the property, its value at first.
const SETTABLE: [(&str, &str, &str); 19] = [
    ("FriendlyName", "friendly_name", ""),
    ("VoiceUrl", "voice_url", ""),
    ("VoiceMethod", "voice_method", "POST"),
    ("VoiceFallbackUrl", "voice_fallback_url", ""),
    ("VoiceFallbackMethod", "voice_fallback_method", "POST"),
    ("VoiceApplicationSid", "voice_application_sid", ""),
    ("VoiceReceiveMode", "voice_receive_mode", "voice"),
    ("TrunkSid", "trunk_sid", ""),
    ("StatusCallback", "status_callback", ""),
    ("StatusCallbackMethod", "status_callback_method", "POST"),
    ("SmsUrl", "sms_url", ""),
    ("SmsMethod", "sms_method", "POST"),
    ("SmsFallbackUrl", "sms_fallback_url", ""),
    ("SmsFallbackMethod", "sms_fallback_method", "POST"),
    ("SmsApplicationSid", "sms_application_sid", ""),
    ("AddressSid", "address_sid", ""),
    ("BundleSid", "bundle_sid", ""),
    ("IdentitySid", "identity_sid", ""),
    ("EmergencyAddressSid", "emergency_address_sid", ""),
];

const URLS: [&str; 5] = ["voice_url", "voice_fallback_url", "status_callback", "sms_url", "sms_fallback_url"];

/// A number of an account.
pub(in crate::simulator) struct Number {
    pub account_sid: String,
    pub e164: String,
    fields: BTreeMap<&'static str, String>,
    created: Timestamp,
    updated: Timestamp,
}

/// `IncomingPhoneNumbers.json`: the list, and a purchase.
pub(super) fn all(state: &mut State, request: &Request, account: &str) -> Reply {
    match request.method {
        Method::GET => page(request, "incoming_phone_numbers", listed(state, request, account)),
        Method::POST => match bought(state, request, account) {
            Ok(sid) => Reply::json(StatusCode::CREATED, &number_json(&sid, &state.numbers[&sid])),
            Err(reply) => reply,
        },
        _ => absent(request),
    }
}

/// One of them, by its SID.
pub(super) fn one(state: &mut State, request: &Request, account: &str, file: &str) -> Reply {
    let Some(sid) = file.strip_suffix(".json") else { return absent(request) };
    let Some(number) = state.numbers.get_mut(sid).filter(|number| number.account_sid == account) else {
        return absent(request);
    };
    match request.method {
        Method::GET => Reply::json(StatusCode::OK, &number_json(sid, number)),
        Method::POST => match number.set(&request.form()) {
            Ok(()) => Reply::json(StatusCode::OK, &number_json(sid, number)),
            Err(reply) => reply,
        },
        Method::DELETE => {
            let gone = number.e164.clone();
            state.numbers.remove(sid);
            state.given_back(&gone);
            Reply::empty(StatusCode::NO_CONTENT)
        }
        _ => absent(request),
    }
}

/// What an import to Vapi does to a number at Twilio; no if the account has none such.
pub(in crate::simulator) fn import(state: &mut State, account: &str, e164: &str, with_sms: bool) -> bool {
    let owned = state.numbers.values_mut().find(|number| number.account_sid == account && number.e164 == e164);
    let Some(number) = owned else { return false };
    number.write("voice_url", "https://api.vapi.ai/twilio/inbound_call");
    number.write("voice_method", "POST");
    number.write("status_callback", "https://api.vapi.ai/twilio/status");
    if with_sms {
        number.write("sms_url", "https://api.vapi.ai/twilio/sms");
    }
    true
}

/// A number that an account has had before anything happens here, with what is set of it.
pub(in crate::simulator) fn seed(
    state: &mut State,
    account: &str,
    e164: &str,
    form: &[(String, String)],
) -> Result<String, String> {
    if E164::parse(e164).is_err() || state.is_taken(e164) {
        return Err(format!("{e164} is no number, or somebody has it"));
    }
    let mut number = Number::new(account, e164, state.now());
    number.set(form).map_err(|_| "one of its URLs is none".to_owned())?;
    let sid = fresh_sid("PN");
    state.taken.insert(e164.to_owned());
    state.numbers.insert(sid.clone(), number);
    Ok(sid)
}

/// A number that has come from another carrier, and leads nowhere yet.
pub(super) fn ported(state: &mut State, account: &str, e164: &str) -> Result<String, String> {
    if state.is_taken(e164) {
        return Err(format!("somebody has {e164}"));
    }
    let mut number = Number::new(account, e164, state.now());
    number.write("friendly_name", e164);
    let sid = fresh_sid("PN");
    state.bill("twilio", account, &sid, e164);
    state.numbers.insert(sid.clone(), number);
    Ok(sid)
}

fn listed(state: &State, request: &Request, account: &str) -> Vec<Value> {
    let wanted = request.query("PhoneNumber").unwrap_or("").replace('*', "");
    let name = request.query("FriendlyName");
    let mut found: Vec<(&String, &Number)> = state
        .numbers
        .iter()
        .filter(|(_, number)| number.account_sid == account && number.e164.contains(&wanted))
        .filter(|(_, number)| name.is_none_or(|name| number.read("friendly_name") == name))
        .collect();
    found.sort_by_key(|(_, number)| std::cmp::Reverse(number.created));
    found.into_iter().map(|(sid, number)| number_json(sid, number)).collect()
}

fn bought(state: &mut State, request: &Request, account: &str) -> Result<String, Reply> {
    let form = request.form();
    let given = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if state.account == Account::Trial && state.numbers.values().any(|number| number.account_sid == account) {
        let words = "Trial accounts are allowed only one Twilio number. To purchase additional numbers, please upgrade \
                     your account.";
        return Err(problem(StatusCode::BAD_REQUEST, 21404, words));
    }
    let e164 = match (given("PhoneNumber"), given("AreaCode")) {
        (Some(number), _) => wanted(state, number)?,
        (None, Some(area)) => any_in(state, area)?,
        (None, None) => {
            let words = "A 'PhoneNumber' or 'AreaCode' parameter is required.";
            return Err(problem(StatusCode::BAD_REQUEST, 21401, words));
        }
    };
    let mut number = Number::new(account, &e164, state.now());
    number.write("friendly_name", &e164);
    number.set(&form)?;
    let sid = fresh_sid("PN");
    state.bill("twilio", account, &sid, &e164);
    state.numbers.insert(sid.clone(), number);
    Ok(sid)
}

/// The number that is asked for, if it is to be had.
fn wanted(state: &State, number: &str) -> Result<String, Reply> {
    if number == INVALID || E164::parse(number).is_err() {
        return Err(problem(StatusCode::BAD_REQUEST, 21421, &format!("PhoneNumber: {number} is invalid.")));
    }
    let area = inventory::area_of(number);
    let country = area.map_or("GB", inventory::country);
    let is_sold = inventory::at_twilio(country, area).is_some_and(|mut sold| sold.any(|one| one == *number));
    if number == NOT_AVAILABLE || state.is_taken(number) || !(is_sold || number == FINE) {
        let words = format!("PhoneNumber: {number} is not available.");
        return Err(problem(StatusCode::BAD_REQUEST, 21422, &words));
    }
    Ok(number.to_owned())
}

fn any_in(state: &State, area: &str) -> Result<String, Reply> {
    let Some(code) = area.parse().ok().filter(|code| inventory::is_area_code(*code)) else {
        return Err(problem(StatusCode::BAD_REQUEST, 21451, "Invalid area code"));
    };
    let sold = inventory::at_twilio(inventory::country(code), Some(code));
    sold.into_iter()
        .flatten()
        .find(|number| !state.is_taken(number))
        .ok_or_else(|| problem(StatusCode::BAD_REQUEST, 21452, &format!("No phone numbers found in area code {area}")))
}

impl Number {
    fn new(account: &str, e164: &str, now: Timestamp) -> Number {
        let fields = SETTABLE.iter().map(|(_, property, first)| (*property, (*first).to_owned())).collect();
        Number { account_sid: account.to_owned(), e164: e164.to_owned(), fields, created: now, updated: now }
    }

    fn read(&self, property: &str) -> &str {
        self.fields.get(property).map_or("", String::as_str)
    }

    fn write(&mut self, property: &'static str, value: &str) {
        self.fields.insert(property, value.to_owned());
        self.updated = Timestamp::now();
    }

    /// Obeys a form, or refuses all of it. An application and a trunk exclude each other: the one set last stays.
    fn set(&mut self, form: &[(String, String)]) -> Result<(), Reply> {
        let changes = || {
            let property = |name: &str| SETTABLE.iter().find(|(parameter, ..)| *parameter == name);
            form.iter().filter_map(move |(name, value)| Some((property(name)?.1, value.as_str())))
        };
        for (property, value) in changes() {
            let is_url = value.is_empty() || value.starts_with("http://") || value.starts_with("https://");
            if URLS.contains(&property) && !is_url {
                return Err(problem(StatusCode::BAD_REQUEST, 21402, &format!("Url is not a valid URL: {value}")));
            }
        }
        for (property, value) in changes() {
            let cut: String = value.chars().take(NAME_MAX).collect();
            self.write(property, if property == "friendly_name" { &cut } else { value });
            match property {
                "trunk_sid" if !value.is_empty() => self.write("voice_application_sid", ""),
                "voice_application_sid" if !value.is_empty() => self.write("trunk_sid", ""),
                _ => {}
            }
        }
        Ok(())
    }
}

fn number_json(sid: &str, number: &Number) -> Value {
    let mut body = json!({
        "sid": sid,
        "account_sid": number.account_sid,
        "phone_number": number.e164,
        "origin": "twilio",
        "beta": false,
        "status": "in-use",
        "type": "local",
        "api_version": VERSION,
        "address_requirements": "none",
        "capabilities": { "voice": true, "sms": true, "mms": true, "fax": false },
        "voice_caller_id_lookup": false,
        "emergency_status": "Inactive",
        "emergency_address_status": "unregistered",
        "date_created": rfc2822(number.created),
        "date_updated": rfc2822(number.updated),
        "uri": format!("/{VERSION}/Accounts/{}/IncomingPhoneNumbers/{sid}.json", number.account_sid),
    });
    for (property, value) in &number.fields {
        // An identifier that is not set is none; a URL that is not set is an empty one.
        let is_unset = property.ends_with("_sid") && value.is_empty();
        body[*property] = if is_unset { Value::Null } else { json!(value) };
    }
    body
}
