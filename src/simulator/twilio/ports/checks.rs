//! Which numbers may come, and what is wrong with a request.

use std::collections::BTreeSet;

use hyper::StatusCode;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::model::E164;

use super::super::super::inventory;
use super::super::super::wire::{Reply, Request};
use super::super::super::world::State;
use super::super::problem;

/// Most numbers of a request.
const NUMBERS_MAX: usize = 1000;

/// How far ahead the wished day is, at least.
const DAYS_AHEAD: i32 = 7;

/// Area codes of numbers that are free for whoever calls them.
const TOLL_FREE: [u16; 7] = [800, 833, 844, 855, 866, 877, 888];

/// Numbers with these last digits are in no carrier's hands that lets them go, and with these they are mobile.
const STUCK: &str = "91";
const MOBILE: &str = "92";

const INVALID_NUMBER: u32 = 22102;
const IN_PROGRESS: u32 = 22137;
const MISSING_FIELDS: u32 = 22171;
const INVALID: u32 = 20422;

/// What there is to say of a number that is to come.
#[derive(Clone, Copy)]
pub(super) struct Verdict {
    pub kind: &'static str,
    pub country: Option<&'static str>,
    /// Why it may not, and its code.
    pub reason: Option<(&'static str, u32)>,
    /// Its carrier wants a PIN and an account number.
    pub needs_pin: bool,
    /// The account has it.
    is_owned: bool,
}

/// May this number come to this account?
pub(super) fn verdict(state: &State, account: &str, e164: &str) -> Verdict {
    let area = inventory::area_of(e164);
    let country = area.map(inventory::country);
    let kind = match area {
        None => "UNKNOWN",
        Some(area) if TOLL_FREE.contains(&area) => "TOLL-FREE",
        Some(_) if e164.ends_with(MOBILE) => "MOBILE",
        Some(_) => "LOCAL",
    };
    let is_owned = state.numbers.values().any(|number| number.account_sid == account && number.e164 == e164);
    let comes = state.ports.open(e164);
    let reason = if is_owned || comes.is_some_and(|port| port.account_sid == account) {
        Some(("ALREADY_IN_THE_TARGET_ACCOUNT", 22131))
    } else if state.is_taken(e164) || comes.is_some() {
        Some(("ALREADY_IN_TWILIO_DIFFERENT_OWNER", 22132))
    } else if kind == "TOLL-FREE" || country != Some("US") {
        Some(("MANUAL_PORTING_AVAILABLE", 22133))
    } else {
        e164.ends_with(STUCK).then_some(("UNSUPPORTED", 22130))
    };
    Verdict { kind, country, reason, needs_pin: kind == "MOBILE", is_owned }
}

/// The answer to whether a number may come.
pub(super) fn portability(state: &State, account: &str, e164: &str) -> Reply {
    if E164::parse(e164).is_err() {
        return problem(StatusCode::BAD_REQUEST, INVALID_NUMBER, "PhoneNumber is not a number in E.164 form");
    }
    let verdict = verdict(state, account, e164);
    let (reason, code) = verdict.reason.unzip();
    Reply::json(
        StatusCode::OK,
        &json!({
            "phone_number": e164,
            "account_sid": verdict.is_owned.then_some(account),
            "portable": reason.is_none(),
            "pin_and_account_number_required": verdict.needs_pin,
            "not_portable_reason": reason,
            "not_portable_reason_code": code,
            "number_type": verdict.kind,
            "country": verdict.country,
            "url": format!("https://numbers.twilio.com/v1/Porting/Portability/PhoneNumber/{e164}"),
        }),
    )
}

/// A request that can be taken in, and its numbers.
pub(super) fn request(
    state: &State,
    request: &Request,
    account: &str,
    today: Date,
) -> Result<(Value, Vec<String>), Reply> {
    let refused = |code: u32, words: &str| Err(problem(StatusCode::BAD_REQUEST, code, words));
    let asked = match request.json() {
        Ok(asked) if asked.is_object() => asked,
        _ => return refused(INVALID, "The body is not a JSON object"),
    };
    let target = text(&asked, "account_sid");
    if !target.starts_with("AC") || target.len() != 34 {
        return refused(MISSING_FIELDS, "account_sid is missing or invalid");
    }
    let documents = strings(&asked["documents"]);
    let of_account = documents.iter().map(|sid| state.ports.documents.get(*sid));
    let mut of_account = of_account.map(|document| document.filter(|document| document.account_sid == account));
    if documents.is_empty() || of_account.any(|document| document.is_none_or(|one| one.kind != "utility_bill")) {
        return refused(MISSING_FIELDS, "documents must name a utility bill that was uploaded, and nothing else");
    }
    if let Some(fault) = carrier_fault(&asked["losing_carrier_information"]) {
        return refused(MISSING_FIELDS, &format!("losing_carrier_information.{fault}"));
    }
    if let Some(fault) = date_fault(&asked["target_port_in_date"], today) {
        return refused(INVALID, &format!("target_port_in_date {fault}"));
    }
    let numbers = asked["phone_numbers"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !(1..=NUMBERS_MAX).contains(&numbers.len()) {
        return refused(MISSING_FIELDS, &format!("phone_numbers must have between 1 and {NUMBERS_MAX} of them"));
    }
    let mut seen = BTreeSet::new();
    for number in numbers {
        let e164 = text(number, "phone_number");
        if E164::parse(e164).is_err() || !seen.insert(e164.to_owned()) {
            return refused(INVALID_NUMBER, "a phone_number is invalid, or there twice");
        }
        if state.ports.open(e164).is_some() {
            return refused(IN_PROGRESS, "Port is already in progress with one of your Twilio accounts");
        }
        let has_words =
            !text(number, "pin").is_empty() && !text(&asked["losing_carrier_information"], "account_number").is_empty();
        if verdict(state, target, e164).needs_pin && !has_words {
            return refused(MISSING_FIELDS, "a mobile number needs a pin and an account_number");
        }
    }
    let numbers = numbers.iter().map(|number| text(number, "phone_number").to_owned()).collect();
    Ok((asked, numbers))
}

/// What is missing of what the losing carrier knows.
fn carrier_fault(carrier: &Value) -> Option<String> {
    let missing = |of: &Value, names: &[&str]| {
        names.iter().find(|name| text(of, name).trim().is_empty()).map(|name| format!("{name} is missing"))
    };
    let address = &carrier["address"];
    let address_fault = match text(carrier, "address_sid").is_empty() {
        true => {
            missing(address, &["street", "city", "state", "zip", "country"]).map(|fault| format!("address.{fault}"))
        }
        false => None,
    };
    let names = ["customer_name", "authorized_representative", "authorized_representative_email"];
    let is_email =
        text(carrier, names[2]).split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty());
    let kind = &carrier["customer_type"];
    let is_kind = kind.is_null() || *kind == "Business" || *kind == "Individual";
    missing(carrier, &names)
        .or_else(|| (!is_email).then(|| format!("{} is no address", names[2])))
        .or_else(|| (!is_kind).then(|| "customer_type is neither Business nor Individual".to_owned()))
        .or(address_fault)
}

fn date_fault(date: &Value, today: Date) -> Option<String> {
    let Value::String(date) = date else { return (!date.is_null()).then(|| "is no date".to_owned()) };
    match date.parse::<Date>() {
        Err(_) => Some("is no date".to_owned()),
        Ok(date) if (date - today).get_days() < DAYS_AHEAD => {
            Some(format!("must be at least {DAYS_AHEAD} days in the future"))
        }
        Ok(_) => None,
    }
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or("")
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wished_day_is_a_week_ahead_or_more() {
        let today: Date = "2026-11-30".parse().expect("a date");
        let fault = |date: &str| date_fault(&json!(date), today);
        assert!(fault("2026-12-06").is_some());
        assert_eq!(fault("2026-12-07"), None);
        assert_eq!(fault("2027-11-30"), None);
        assert!(fault("2025-12-31").is_some() && fault("soon").is_some());
        assert!(date_fault(&json!(20261207), today).is_some());
        assert_eq!(date_fault(&Value::Null, today), None);
    }

    #[test]
    fn numbers_say_by_their_digits_what_they_are() {
        let state = State::default();
        for (number, kind, reason) in [
            ("+12055550171", "LOCAL", None),
            ("+12055550192", "MOBILE", None),
            ("+12055550191", "LOCAL", Some(22130)),
            ("+18005550171", "TOLL-FREE", Some(22133)),
            ("+14165550171", "LOCAL", Some(22133)),
            ("+442079460171", "UNKNOWN", Some(22133)),
        ] {
            let verdict = verdict(&state, "AC1", number);
            assert_eq!((verdict.kind, verdict.reason.map(|(_, code)| code)), (kind, reason), "{number}");
        }
    }
}
