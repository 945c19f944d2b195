//! Prices, in the shapes of Twilio's own: what numbers and minutes cost in the countries there are numbers in.
//!
//! The figures are near the real ones and not theirs; bills go by them too.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::model::{Currency, Money};

use super::super::inventory;
use super::super::wire::{Reply, Request};
use super::absent;

/// The versions of the two halves of the API, the first part of their paths.
pub(super) const NUMBERS_VERSION: &str = "v1";
pub(super) const VOICE_VERSION: &str = "v2";

/// What a country costs: numbers by the month and minutes of calls to them, by kind; calls to anybody there.
struct Country {
    iso: &'static str,
    name: &'static str,
    kinds: &'static [Kind],
    outbound: &'static [(&'static str, &'static [&'static str], &'static str)],
}

struct Kind {
    word: &'static str,
    monthly: &'static str,
    inbound: &'static str,
}

const NORTH_AMERICA: &[Kind] = &[
    Kind { word: "local", monthly: "1.15", inbound: "0.0085" },
    Kind { word: "toll free", monthly: "2.15", inbound: "0.022" },
];

const TOLL_FREE: [&str; 7] = ["+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888"];

const COUNTRIES: [Country; 3] = [
    Country {
        iso: "US",
        name: "United States",
        kinds: NORTH_AMERICA,
        outbound: &[
            ("United States - Alaska", &["1907"], "0.090"),
            ("United States & Canada - Toll Free", &["1800", "1844", "1855", "1866", "1877", "1888"], "0.013"),
            ("United States & Canada", &["1"], "0.014"),
        ],
    },
    Country {
        iso: "CA",
        name: "Canada",
        kinds: NORTH_AMERICA,
        outbound: &[("United States & Canada", &["1"], "0.014"), ("Canada - Northern Territories", &["1867"], "0.2")],
    },
    Country {
        iso: "GB",
        name: "United Kingdom",
        kinds: &[
            Kind { word: "local", monthly: "1.30", inbound: "0.0100" },
            Kind { word: "national", monthly: "1.30", inbound: "0.0100" },
            Kind { word: "mobile", monthly: "1.40", inbound: "0.0100" },
            Kind { word: "toll free", monthly: "2.40", inbound: "0.0600" },
        ],
        outbound: &[("United Kingdom - Mobile", &["447"], "0.0305"), ("United Kingdom", &["44"], "0.0158")],
    },
];

/// `PhoneNumbers/Countries/{iso}`.
pub(super) fn numbers(request: &Request, iso: &str) -> Reply {
    told(request, iso, |country| {
        let prices = country.kinds.iter().map(|kind| price(kind.word, kind.monthly));
        json!({ "phone_number_prices": prices.collect::<Vec<_>>() })
    })
}

/// `Voice/Countries/{iso}`.
pub(super) fn voice(request: &Request, iso: &str) -> Reply {
    told(request, iso, |country| {
        let inbound = country.kinds.iter().map(|kind| price(kind.word, kind.inbound));
        let outbound = country.outbound.iter().map(|(place, prefixes, price)| {
            json!({
                "friendly_name": format!("Programmable Outbound Minute - {place}"),
                "destination_prefixes": prefixes,
                "origination_prefixes": ["ALL"],
                "base_price": price,
                "current_price": price,
            })
        });
        json!({
            "inbound_call_prices": inbound.collect::<Vec<_>>(),
            "outbound_prefix_prices": outbound.collect::<Vec<_>>(),
        })
    })
}

/// What a number costs each month.
pub(in crate::simulator) fn monthly(e164: &str) -> Money {
    let iso = inventory::area_of(e164).map_or("GB", inventory::country);
    let word = if TOLL_FREE.iter().any(|area| e164.starts_with(area)) { "toll free" } else { "local" };
    let kinds = COUNTRIES.iter().find(|country| country.iso == iso).map_or(NORTH_AMERICA, |country| country.kinds);
    let kind = kinds.iter().find(|kind| kind.word == word);
    kind.and_then(|kind| Money::parse(kind.monthly, Currency::USD).ok()).unwrap_or(Money::NOTHING)
}

fn told(request: &Request, iso: &str, prices: impl Fn(&Country) -> Value) -> Reply {
    let found = COUNTRIES.iter().find(|country| country.iso.eq_ignore_ascii_case(iso));
    let Some(country) = found.filter(|_| request.method == Method::GET) else { return absent(request) };
    let mut body = prices(country);
    body["country"] = json!(country.name);
    body["iso_country"] = json!(country.iso);
    body["price_unit"] = json!("USD");
    body["url"] = json!(format!("https://pricing.twilio.com{}", request.path));
    Reply::json(StatusCode::OK, &body)
}

fn price(kind: &str, price: &str) -> Value {
    json!({ "number_type": kind, "base_price": price, "current_price": price })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_billed_what_it_is_said_to_cost() {
        for (number, price) in [
            ("+12055550100", "$1.15"),
            ("+16475550123", "$1.15"),
            ("+18005550123", "$2.15"),
            ("+442079460000", "$1.30"),
        ] {
            assert_eq!(monthly(number).to_string(), price, "{number}");
        }
    }
}
