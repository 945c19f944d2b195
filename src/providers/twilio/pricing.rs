//! Prices: what numbers and minutes cost an account in a country. They lie at a host of their own
//! (`Twilio::with_pricing`), and are what this account pays: Twilio gives the list price beside it.

use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

use crate::model::{Currency, Money, NumberKind, TwilioAccount};

use super::super::ProviderError;
use super::{Twilio, address, ask};

pub(super) const OPERATIONS: [&str; 2] = ["number_prices", "voice_prices"];

/// Longest a question for a price may take: somebody waits for the page, and an estimate is as good for the moment.
const DEADLINE: Duration = Duration::from_secs(3);

/// Twilio's mark of a price that holds wherever the call is from.
const FROM_ANYWHERE: &str = "ALL";

/// What numbers cost in a country, each month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberPrices {
    /// What they are counted in.
    pub currency: Currency,
    /// By kind.
    pub monthly: Vec<(NumberKind, Money)>,
}

/// What minutes cost in a country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoicePrices {
    /// What they are counted in.
    pub currency: Currency,
    /// A minute of a call to a number, by its kind.
    pub inbound: Vec<(NumberKind, Money)>,
    /// A minute of a call to most of the country; places and networks with prices of their own are left out.
    pub outbound: Option<Money>,
}

#[derive(Deserialize)]
struct NumbersFound {
    phone_number_prices: Option<Vec<Priced>>,
    price_unit: Option<String>,
}

#[derive(Deserialize)]
struct VoiceFound {
    inbound_call_prices: Option<Vec<Priced>>,
    outbound_prefix_prices: Option<Vec<Prefixed>>,
    price_unit: Option<String>,
}

/// A price by kind. Twilio's description says that prices are numbers, its answers hold texts.
#[derive(Deserialize)]
struct Priced {
    number_type: Option<String>,
    current_price: Value,
}

#[derive(Deserialize)]
struct Prefixed {
    #[serde(default)]
    destination_prefixes: Vec<String>,
    #[serde(default)]
    origination_prefixes: Vec<String>,
    current_price: Value,
}

impl Twilio {
    /// What numbers cost in a country (ISO 3166-1 alpha-2). None where Twilio has none.
    pub async fn number_prices(
        &self,
        account: &TwilioAccount,
        country: &str,
    ) -> Result<Option<NumberPrices>, ProviderError> {
        let operation = "number_prices";
        let url = self.price(operation, &["v1", "PhoneNumbers", "Countries", country])?;
        let secrets = [account.auth_token.reveal()];
        let mut ask = ask(operation, &secrets);
        ask.deadline = DEADLINE;
        let found: Option<NumbersFound> = ask.json_or_absent(self.get(url, account), &self.metrics).await?;
        let Some(found) = found else { return Ok(None) };
        let nonsense = || ask.nonsense("prices that cannot be read".to_owned());
        let currency = currency(found.price_unit.as_deref()).ok_or_else(nonsense)?;
        let monthly = by_kind(found.phone_number_prices, currency).ok_or_else(nonsense)?;
        Ok(Some(NumberPrices { currency, monthly }))
    }

    /// What minutes cost in a country. None where Twilio carries none.
    pub async fn voice_prices(
        &self,
        account: &TwilioAccount,
        country: &str,
    ) -> Result<Option<VoicePrices>, ProviderError> {
        let operation = "voice_prices";
        let url = self.price(operation, &["v2", "Voice", "Countries", country])?;
        let secrets = [account.auth_token.reveal()];
        let mut ask = ask(operation, &secrets);
        ask.deadline = DEADLINE;
        let found: Option<VoiceFound> = ask.json_or_absent(self.get(url, account), &self.metrics).await?;
        let Some(found) = found else { return Ok(None) };
        let nonsense = || ask.nonsense("prices that cannot be read".to_owned());
        let currency = currency(found.price_unit.as_deref()).ok_or_else(nonsense)?;
        let inbound = by_kind(found.inbound_call_prices, currency).ok_or_else(nonsense)?;
        let outbound = general(found.outbound_prefix_prices.unwrap_or_default(), currency).ok_or_else(nonsense)?;
        Ok(Some(VoicePrices { currency, inbound, outbound }))
    }

    fn price(&self, operation: &'static str, parts: &[&str]) -> Result<Url, ProviderError> {
        address(&self.pricing, parts).ok_or_else(|| ask(operation, &[]).nonsense("an unusable address".to_owned()))
    }
}

fn currency(unit: Option<&str>) -> Option<Currency> {
    Currency::parse(unit?)
}

/// The prices of the kinds we know; none if one of them cannot be read.
fn by_kind(listed: Option<Vec<Priced>>, currency: Currency) -> Option<Vec<(NumberKind, Money)>> {
    let known = listed.unwrap_or_default().into_iter().filter_map(|priced| {
        let kind = kind(priced.number_type.as_deref()?)?;
        Some(money(&priced.current_price, currency).map(|price| (kind, price)))
    });
    known.collect()
}

/// A price that is there or not; none if it cannot be read.
///
/// The shortest prefix is the country's own, the longer ones are of places and networks in it. Where several have it, the
/// one for calls from anywhere is meant.
fn general(listed: Vec<Prefixed>, currency: Currency) -> Option<Option<Money>> {
    let shortest = |row: &Prefixed| row.destination_prefixes.iter().map(String::len).min();
    let from_anywhere = |row: &Prefixed| {
        row.origination_prefixes.is_empty() || row.origination_prefixes.iter().any(|from| from == FROM_ANYWHERE)
    };
    let rows = listed.iter().filter_map(|row| Some(((shortest(row)?, !from_anywhere(row)), row)));
    let Some((_, row)) = rows.min_by_key(|(rank, _)| *rank) else { return Some(None) };
    money(&row.current_price, currency).map(Some)
}

fn kind(word: &str) -> Option<NumberKind> {
    match word {
        "local" => Some(NumberKind::Local),
        "national" => Some(NumberKind::National),
        "mobile" => Some(NumberKind::Mobile),
        "toll free" => Some(NumberKind::TollFree),
        _ => None,
    }
}

fn money(price: &Value, currency: Currency) -> Option<Money> {
    match price {
        Value::String(text) => Money::parse(text, currency).ok(),
        // Written out as it came, and read like a text.
        Value::Number(number) => Money::parse(&number.to_string(), currency).ok(),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outbound(rows: Value) -> Option<Option<Money>> {
        general(serde_json::from_value(rows).unwrap(), Currency::USD)
    }

    fn row(prefixes: &[&str], from: &[&str], price: &str) -> Value {
        json!({ "destination_prefixes": prefixes, "origination_prefixes": from, "current_price": price })
    }

    #[test]
    fn a_price_is_a_text_or_a_number() {
        let read = |price: Value| money(&price, Currency::USD);
        assert_eq!(read(json!("0.0085")), Some(Money::usd(8_500)));
        assert_eq!(read(json!(0.0085)), Some(Money::usd(8_500)));
        assert_eq!(read(json!(2)), Some(Money::dollars(2)));
        for bad in [json!(null), json!("free"), json!(-1), json!({}), json!(1e-9)] {
            assert_eq!(read(bad.clone()), None, "{bad}");
        }
    }

    #[test]
    fn calls_to_a_country_cost_what_its_shortest_prefix_does() {
        let rows = json!([
            row(&["1907"], &["ALL"], "0.090"),
            row(&["1800", "1844"], &["ALL"], "0.013"),
            row(&["1"], &["44"], "0.5"),
            row(&["1"], &["ALL"], "0.014"),
        ]);
        assert_eq!(outbound(rows), Some(Some(Money::usd(14_000))));
        assert_eq!(outbound(json!([])), Some(None), "nobody says");
        assert_eq!(outbound(json!([row(&["44"], &[], "a lot")])), None, "nobody knows what it means");
    }

    #[test]
    fn kinds_nobody_knows_are_passed_over_and_prices_nobody_can_read_are_not() {
        let listed = |rows: Value| by_kind(serde_json::from_value(rows).unwrap(), Currency::USD);
        let rows = json!([
            { "number_type": "local", "base_price": "1.50", "current_price": "1.15" },
            { "number_type": "lunar", "current_price": "a lot" },
            { "number_type": "toll free", "current_price": 2.15 },
        ]);
        let expected = vec![(NumberKind::Local, Money::usd(1_150_000)), (NumberKind::TollFree, Money::usd(2_150_000))];
        assert_eq!(listed(rows), Some(expected));
        assert_eq!(listed(json!([{ "number_type": "local", "current_price": "a lot" }])), None);
        assert_eq!(by_kind(None, Currency::USD), Some(Vec::new()));
    }
}
