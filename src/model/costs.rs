//! What things cost: the estimates of the settings, what Twilio says instead, and which of the two holds.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Money;

/// Something that costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// A number, each month.
    NumberMonth,
    /// A number, when it is bought.
    NumberOnce,
    /// A number that comes from another carrier, when it does.
    PortOnce,
    /// A minute of a call to a number.
    MinuteInbound,
    /// A minute of a call to staff.
    MinuteOutbound,
}

/// Kinds of numbers, as far as their prices differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NumberKind {
    /// Of a place.
    Local,
    /// Of a country.
    National,
    /// Of a mobile network.
    Mobile,
    /// Its callers pay nothing.
    TollFree,
}

/// The estimates of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimates {
    /// A number, each month.
    pub number_month: Estimate,
    /// A number, when it is bought.
    pub number_once: Estimate,
    /// A number that comes from another carrier, when it does.
    pub port_once: Estimate,
    /// A minute of a call to a number.
    pub minute_inbound: Estimate,
    /// A minute of a call to staff.
    pub minute_outbound: Estimate,
    /// What a customer pays whoever runs the installation, each month.
    pub customer_month: Money,
}

/// An estimate, and what contradicts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// What is said.
    pub said: Figure,
    /// What is truer, where somebody knows better.
    pub truer: Option<Figure>,
}

/// A price, and whose word it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The price.
    pub price: Money,
    /// Who says so.
    pub source: String,
    /// Of which day that is, where it is said.
    pub as_of: Option<Date>,
}

impl Estimate {
    /// What is reckoned with.
    pub fn holds(&self) -> &Figure {
        self.truer.as_ref().unwrap_or(&self.said)
    }
}

impl Estimates {
    /// The estimate of something.
    pub fn of(&self, item: Item) -> &Estimate {
        match item {
            Item::NumberMonth => &self.number_month,
            Item::NumberOnce => &self.number_once,
            Item::PortOnce => &self.port_once,
            Item::MinuteInbound => &self.minute_inbound,
            Item::MinuteOutbound => &self.minute_outbound,
        }
    }
}

/// Twilio's prices in a country, for one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountryPrices {
    /// The country, in two letters.
    pub country: String,
    /// What a number costs each month, by kind.
    pub numbers: Vec<(NumberKind, Money)>,
    /// What a minute of a call to a number costs, by kind.
    pub inbound: Vec<(NumberKind, Money)>,
    /// What a minute of a call to somebody there costs.
    pub outbound: Option<Money>,
    /// When Twilio said so.
    pub asked_at: Timestamp,
}

impl CountryPrices {
    /// The price of something; none where Twilio tells none.
    pub fn of(&self, item: Item, kind: NumberKind) -> Option<Money> {
        let among = |prices: &[(NumberKind, Money)]| prices.iter().find(|(of, _)| *of == kind).map(|(_, price)| *price);
        match item {
            Item::NumberMonth => among(&self.numbers),
            Item::MinuteInbound => among(&self.inbound),
            Item::MinuteOutbound => self.outbound,
            Item::NumberOnce | Item::PortOnce => None,
        }
    }
}

/// A month of the calendar, in UTC: bills go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// The month of an instant.
    pub fn of(at: Timestamp) -> Month {
        let day = at.to_zoned(TimeZone::UTC).date();
        Month(i32::from(day.year()) * 12 + i32::from(day.month()) - 1)
    }

    /// The one before.
    pub fn before(self) -> Month {
        Month(self.0 - 1)
    }

    /// Its place in the row of all months, as it is kept.
    pub fn place(self) -> i32 {
        self.0
    }

    /// The month at a place.
    pub fn at(place: i32) -> Month {
        Month(place)
    }
}

/// As in `2026-11`.
impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_truer_is_reckoned_with_and_what_was_said_stays() {
        let figure = |dollars| Figure { price: Money::dollars(dollars), source: "somebody".to_owned(), as_of: None };
        let once = Estimate { said: figure(1), truer: Some(figure(0)) };
        assert_eq!((once.holds().price, once.said.price), (Money::NOTHING, Money::dollars(1)));
        let month = Estimate { said: figure(1), truer: None };
        assert_eq!(month.holds().price, Money::dollars(1));
    }

    #[test]
    fn a_price_is_of_its_kind_or_there_is_none() {
        let prices = CountryPrices {
            country: "US".to_owned(),
            numbers: vec![(NumberKind::Local, Money::usd(1_150_000)), (NumberKind::TollFree, Money::usd(2_150_000))],
            inbound: vec![(NumberKind::Local, Money::usd(8_500))],
            outbound: Some(Money::usd(13_000)),
            asked_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(prices.of(Item::NumberMonth, NumberKind::TollFree), Some(Money::usd(2_150_000)));
        assert_eq!(prices.of(Item::MinuteInbound, NumberKind::TollFree), None);
        assert_eq!(prices.of(Item::MinuteOutbound, NumberKind::Local), Some(Money::usd(13_000)));
        assert_eq!(
            prices.of(Item::NumberOnce, NumberKind::Local),
            None,
            "Twilio charges no purchase fee, and says so nowhere"
        );
    }

    #[test]
    fn months_go_by_utc_and_back_over_the_year() {
        let month = |at: &str| Month::of(at.parse().unwrap());
        assert_eq!(month("2026-11-30T23:59:59Z").to_string(), "2026-11");
        assert_eq!(month("2026-12-01T00:00:00Z").to_string(), "2026-12");
        assert_eq!(month("2027-01-15T00:00:00Z").before().to_string(), "2026-12");
        assert_eq!(Month::at(month("2027-01-15T00:00:00Z").place()).to_string(), "2027-01");
    }
}
