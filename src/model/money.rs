//! Money, in whole millionths of its currency: prices of a minute are fractions of a cent, and sums of many must come out
//! exact. No floating point comes near it.

use std::fmt::{self, Display, Formatter};

/// Millionths in one.
const ONE: u64 = 1_000_000;

/// Digits behind the point.
const PLACES: usize = 6;

/// Most that is read: beyond it somebody has mistyped, and sums of a hundred thousand stay far from the end of the type.
const WHOLE_MAX: u64 = 1_000_000;

/// An amount, never below nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    micros: u64,
    currency: Currency,
}

/// A currency, by its three letters (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// The text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an amount such as 1.15, with at most six digits behind the point and at most a million before it")]
pub struct NotMoney;

impl Currency {
    /// US dollars, in which everything is estimated.
    pub const USD: Currency = Currency(*b"USD");

    /// Reads three letters, in either case.
    pub fn parse(text: &str) -> Option<Currency> {
        let letters = <[u8; 3]>::try_from(text.as_bytes()).ok()?;
        letters.iter().all(u8::is_ascii_alphabetic).then(|| Currency(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("letters are ASCII")
    }
}

impl Money {
    /// Nothing, in US dollars.
    pub const NOTHING: Money = Money::usd(0);

    /// So many millionths of a US dollar.
    pub const fn usd(micros: u64) -> Money {
        Money { micros, currency: Currency::USD }
    }

    /// So many whole US dollars.
    pub const fn dollars(whole: u64) -> Money {
        Money::usd(whole * ONE)
    }

    /// Reads an amount as Twilio and people write it: `1.15`, `0.0085`, `2`.
    pub fn parse(text: &str, currency: Currency) -> Result<Money, NotMoney> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        // Providers write more zeros than mean anything.
        let (told, beyond) = fraction.split_at_checked(PLACES).unwrap_or((fraction, ""));
        if !are_digits(whole) || !are_digits(told) || beyond.bytes().any(|byte| byte != b'0') {
            return Err(NotMoney);
        }
        let whole: u64 = whole.parse().ok().filter(|whole| *whole <= WHOLE_MAX).ok_or(NotMoney)?;
        let fraction: u64 = format!("{told:0<PLACES$}").parse().map_err(|_| NotMoney)?;
        Ok(Money { micros: whole * ONE + fraction, currency })
    }

    /// In millionths.
    pub fn micros(self) -> u64 {
        self.micros
    }

    /// What it is counted in.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// It so many times.
    pub fn times(self, count: u64) -> Money {
        Money { micros: self.micros.saturating_mul(count), ..self }
    }

    /// Both together; none where they are of different currencies.
    pub fn plus(self, other: Money) -> Option<Money> {
        let micros = self.micros.saturating_add(other.micros);
        (self.currency == other.currency).then_some(Money { micros, ..self })
    }

    /// What falls on each of so many, to the nearest millionth; nothing where there is nobody.
    pub fn each(self, count: u64) -> Money {
        let half = count / 2;
        let micros = self.micros.saturating_add(half).checked_div(count).unwrap_or_default();
        Money { micros, ..self }
    }

    /// What share of it is left when `cost` is paid, in thousandths; below nothing where it is not enough. None of nothing.
    pub fn margin_permille(self, cost: Money) -> Option<i64> {
        let (own, cost) = (i128::from(self.micros), i128::from(cost.micros));
        let permille = ((own - cost) * 1_000 * 2 + own).div_euclid(own.checked_mul(2).filter(|own| *own != 0)?);
        i64::try_from(permille).ok()
    }
}

/// For people: `$60`, `$1.15`, `$0.0085`, `$25,000`, `EUR 0.90`.
impl Display for Money {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.currency {
            Currency::USD => f.write_str("$")?,
            currency => write!(f, "{} ", currency.as_str())?,
        }
        let digits = (self.micros / ONE).to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        let fraction = self.micros % ONE;
        if fraction == 0 {
            return Ok(());
        }
        let fraction = format!("{fraction:06}");
        write!(f, ".{:0<2}", fraction.trim_end_matches('0'))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<u64, NotMoney> {
        Money::parse(text, Currency::USD).map(Money::micros)
    }

    #[test]
    fn an_amount_is_read_to_the_millionth_and_never_guessed() {
        for (text, micros) in [
            ("1.15", 1_150_000),
            ("0.0085", 8_500),
            ("2", 2_000_000),
            ("0", 0),
            ("0.000001", 1),
            ("0.0085000000", 8_500),
            ("1.0000000", 1_000_000),
            ("00.5", 500_000),
            ("1000000", 1_000_000_000_000),
        ] {
            assert_eq!(read(text), Ok(micros), "{text}");
        }
        for bad in
            ["", ".", "1.", ".5", "-1", "+1", "1,15", "1e3", " 1", "$1", "0.0000001", "1000001", "1.2.3", "NaN", "١"]
        {
            assert_eq!(read(bad), Err(NotMoney), "{bad}");
        }
    }

    #[test]
    fn money_is_spelled_as_people_write_it() {
        for (micros, shown) in [
            (0, "$0"),
            (1, "$0.000001"),
            (8_500, "$0.0085"),
            (500_000, "$0.50"),
            (1_150_000, "$1.15"),
            (1_200_000, "$1.20"),
            (60_000_000, "$60"),
            (999_000_000, "$999"),
            (2_500_000_000, "$2,500"),
            (1_234_567_890_000, "$1,234,567.89"),
        ] {
            assert_eq!(Money::usd(micros).to_string(), shown);
        }
        let euros = Money::parse("0.9", Currency::parse("eur").unwrap()).unwrap();
        assert_eq!(euros.to_string(), "EUR 0.90");
    }

    #[test]
    fn sums_are_exact_and_of_one_currency() {
        assert_eq!(Money::usd(8_500).times(1_000), Money::usd(8_500_000));
        assert_eq!(Money::usd(1).plus(Money::usd(2)), Some(Money::usd(3)));
        let euro = Money::parse("1", Currency::parse("EUR").unwrap()).unwrap();
        assert_eq!(euro.plus(Money::usd(1)), None);
        assert_eq!(Money::usd(u64::MAX).times(2).micros(), u64::MAX, "it stays at its end");
    }

    #[test]
    fn what_falls_on_each_is_rounded_and_nobody_pays_nothing() {
        assert_eq!(Money::dollars(40).each(50), Money::usd(800_000));
        assert_eq!(Money::usd(2).each(3), Money::usd(1));
        assert_eq!(Money::usd(1).each(3), Money::usd(0));
        assert_eq!(Money::dollars(1).each(0), Money::usd(0));
    }

    #[test]
    fn a_margin_is_what_is_left_in_thousandths() {
        let margin = |revenue, cost| Money::dollars(revenue).margin_permille(Money::dollars(cost));
        assert_eq!(margin(500, 0), Some(1_000));
        assert_eq!(margin(2_500, 60), Some(976));
        assert_eq!(margin(25_000, 600), Some(976));
        assert_eq!(margin(10, 10), Some(0));
        assert_eq!(margin(10, 15), Some(-500));
        assert_eq!(margin(0, 5), None);
    }

    #[test]
    fn a_currency_is_three_letters() {
        assert_eq!(Currency::parse("usd"), Some(Currency::USD));
        for bad in ["", "US", "USDX", "U$D", "ÄÖ"] {
            assert_eq!(Currency::parse(bad), None, "{bad}");
        }
    }
}
