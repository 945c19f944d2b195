//! Numbers that can be bought.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::super::inventory;
use super::super::wire::{Reply, Request};
use super::super::world::State;
use super::{absent, problem};

/// How many are listed, unless asked otherwise, and at most.
const LISTED: usize = 30;
const LISTED_MAX: usize = 100;

pub(super) fn answer(state: &State, request: &Request, country: &str, file: &str) -> Reply {
    let area = match request.query("AreaCode").filter(|text| !text.is_empty()).map(str::parse::<u16>) {
        None => None,
        Some(Ok(code)) if inventory::is_area_code(code) => Some(code),
        Some(_) => return problem(StatusCode::BAD_REQUEST, 21451, "Invalid area code"),
    };
    let local = match (file, inventory::at_twilio(country, area)) {
        ("Local.json", Some(local)) => local,
        ("TollFree.json" | "Mobile.json", Some(_)) => Box::new(std::iter::empty()),
        _ => return absent(request),
    };
    let wanted = request.query("Contains").unwrap_or("");
    let size = request.query("PageSize").and_then(|text| text.parse().ok()).unwrap_or(LISTED).min(LISTED_MAX);
    let found = local.filter(|number| !state.is_taken(number) && contains(number, wanted)).take(size);
    let listed: Vec<Value> = found.map(|number| number_json(country, &number)).collect();
    // As Twilio's: no word of further pages.
    Reply::json(StatusCode::OK, &json!({ "available_phone_numbers": listed, "uri": request.path }))
}

/// `Contains`: digits anywhere, `*` for any one of them.
fn contains(number: &str, wanted: &str) -> bool {
    let wanted = wanted.trim_start_matches('+').as_bytes();
    let digits = number.trim_start_matches('+').as_bytes();
    let fits = |part: &[u8]| part.iter().zip(wanted).all(|(digit, wanted)| *wanted == b'*' || digit == wanted);
    wanted.is_empty() || digits.windows(wanted.len()).any(fits)
}

fn number_json(country: &str, number: &str) -> Value {
    json!({
        "phone_number": number,
        "friendly_name": number,
        "lata": null,
        "locality": "Springfield",
        "rate_center": null,
        "latitude": null,
        "longitude": null,
        "region": null,
        "postal_code": null,
        "iso_country": country,
        "address_requirements": "none",
        "beta": false,
        "capabilities": { "voice": true, "SMS": true, "MMS": country != "GB" },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains_looks_anywhere_and_a_star_is_any_digit() {
        assert!(contains("+12055550100", ""));
        assert!(contains("+12055550100", "+1205"));
        assert!(contains("+12055550100", "5550*0"));
        assert!(!contains("+12055550100", "206"));
        assert!(!contains("+12055550100", "*************"));
    }
}
