//! Which telephone numbers a call may be sent on to: by country, never to premium-rate ranges.
//!
//! A number need not be assigned: what counts is the country it belongs to and the kind of line it is.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region};

use crate::model::{E164, Fault, NumberKind};

/// A country by its two letters (ISO 3166-1 alpha-2), as a compiled tenant keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Country([u8; 2]);

impl Country {
    /// What is not two letters is no country, and nothing may be dialled there.
    pub fn parse(code: &str) -> Option<Country> {
        let letters = <[u8; 2]>::try_from(code.as_bytes()).ok()?;
        letters.is_ascii().then_some(Country(letters))
    }
}

impl AsRef<str> for Country {
    fn as_ref(&self) -> &str {
        str::from_utf8(&self.0).expect("letters are ASCII")
    }
}

/// Where a number belongs and what kind of line it is, as far as its digits tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Nature {
    region: Option<Region>,
    kind: PhoneNumberType,
}

/// The country a number belongs to (ISO 3166-1 alpha-2); none for satellites and other numbers of no country.
pub fn country_of(number: E164) -> Option<String> {
    let region = nature(number).region?;
    (region != Region::World).then(|| region.to_string())
}

/// The kind of a number, as far as its digits tell: in North America mobile numbers look like those of a place.
pub fn kind_of(number: E164) -> NumberKind {
    match nature(number).kind {
        PhoneNumberType::TollFree => NumberKind::TollFree,
        PhoneNumberType::Mobile => NumberKind::Mobile,
        PhoneNumberType::UAN | PhoneNumberType::SharedCost | PhoneNumberType::VoIP => NumberKind::National,
        _ => NumberKind::Local,
    }
}

/// The countries to which a tenant's calls may be sent on: the setting, else those of its own numbers, else its own.
pub fn forward_countries(setting: &[String], own: &[E164], home: &str) -> Vec<String> {
    if !setting.is_empty() {
        return setting.to_vec();
    }
    let mut countries: Vec<String> = own.iter().copied().filter_map(country_of).collect();
    countries.sort();
    countries.dedup();
    if countries.is_empty() { vec![home.to_owned()] } else { countries }
}

/// What forbids to send calls on to this number, if anything does. The pointer is for the caller to set.
pub fn forward_fault<C: AsRef<str>>(number: E164, countries: &[C]) -> Option<Fault> {
    let nature = nature(number);
    if nature.kind == PhoneNumberType::PremiumRate || is_premium_exchange(number) {
        return Some(Fault::new(
            "",
            "premium_rate",
            format!("could not forward to {number}: it is a premium-rate number"),
        ));
    }
    let Some(region) = nature.region.filter(|region| *region != Region::World) else {
        let detail =
            format!("could not forward to {number}: it belongs to no country (satellite and service networks do not)");
        return Some(Fault::new("", "no_country", detail));
    };
    let country = region.to_string();
    let allowed = countries.iter().any(|allowed| allowed.as_ref().eq_ignore_ascii_case(&country));
    (!allowed).then(|| {
        let allowed = countries.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
        let detail =
            format!("could not forward to {number}: it is in {country}, and calls may be sent on to {allowed} only");
        Fault::new("", "country_not_allowed", detail)
    })
}

fn nature(number: E164) -> Nature {
    let digits = number.to_string();
    let Ok(parsed) = PHONE_NUMBER_UTIL.parse(&digits, None) else {
        return Nature { region: None, kind: PhoneNumberType::Unknown };
    };
    let found = Nature { region: parsed.get_region_code(), kind: parsed.get_type() };
    if found.region.is_some() && found.kind != PhoneNumberType::Unknown {
        return found;
    }
    // Unassigned, or kept for fiction. Its country is still plain from the code, in North America from the area code:
    // some other number there tells.
    let neighbour = neighbour(&digits).unwrap_or(Nature { region: None, kind: PhoneNumberType::Unknown });
    let main_region = || PHONE_NUMBER_UTIL.get_region_for_country_code(parsed.country_code);
    Nature { region: found.region.or(neighbour.region).or_else(main_region), kind: neighbour.kind }
}

/// A number in the same North American area code that could be anybody's.
fn neighbour(digits: &str) -> Option<Nature> {
    let area = digits.strip_prefix("+1").filter(|national| national.len() == 10)?.get(..3)?;
    let other: PhoneNumber = PHONE_NUMBER_UTIL.parse(format!("+1{area}2345678"), None).ok()?;
    Some(Nature { region: other.get_region_code(), kind: other.get_type() })
}

/// In North America the exchange 976 is premium-rate in every area code.
fn is_premium_exchange(number: E164) -> bool {
    let digits = number.to_string();
    digits.len() == 12 && digits.starts_with("+1") && &digits[5..8] == "976"
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn number(digits: &str) -> E164 {
        E164::parse(digits).unwrap()
    }

    #[test]
    fn the_digits_tell_the_kind_of_a_number() {
        for (digits, kind) in [
            ("+16475550123", NumberKind::Local),
            ("+12055550100", NumberKind::Local),
            ("+18005550123", NumberKind::TollFree),
            ("+18885550123", NumberKind::TollFree),
            ("+442079460123", NumberKind::Local),
            ("+447400123456", NumberKind::Mobile),
            ("+448081570123", NumberKind::TollFree),
            ("+9991234567", NumberKind::Local),
        ] {
            assert_eq!(kind_of(number(digits)), kind, "{digits}");
        }
    }

    #[test]
    fn a_number_belongs_to_the_country_of_its_code_and_area_assigned_or_not() {
        for (digits, country) in [
            ("+16475550123", Some("CA")),
            ("+16472345678", Some("CA")),
            ("+12125550123", Some("US")),
            ("+12055550100", Some("US")),
            ("+18765550123", Some("JM")),
            ("+18095550123", Some("DO")),
            ("+15551234567", Some("US")),
            ("+18005550123", Some("US")),
            ("+442079460123", Some("GB")),
            ("+447700900123", Some("GB")),
            ("+493023125000", Some("DE")),
            ("+33199000123", Some("FR")),
            ("+61255501234", Some("AU")),
            ("+77012345678", Some("KZ")),
            ("+881612345678", None),
            ("+882161234567", None),
            ("+883510001234567", None),
            ("+870773111632", None),
            ("+979123456789", None),
            ("+9991234567", None),
            ("+0000000", None),
        ] {
            assert_eq!(country_of(number(digits)).as_deref(), country, "{digits}");
        }
    }

    #[test]
    fn only_allowed_countries_and_never_premium_rate() {
        let countries = ["CA".to_owned(), "gb".to_owned()];
        for (digits, code) in [
            ("+16475550123", None),
            ("+442079460123", None),
            ("+12125550123", Some("country_not_allowed")),
            ("+18765550123", Some("country_not_allowed")),
            ("+881612345678", Some("no_country")),
            ("+979123456789", Some("premium_rate")),
            ("+19005550123", Some("premium_rate")),
            ("+19002345678", Some("premium_rate")),
            ("+14169765550", Some("premium_rate")),
            ("+449098790123", Some("premium_rate")),
        ] {
            let fault = forward_fault(number(digits), &countries);
            assert_eq!(fault.map(|fault| fault.code).as_deref(), code, "{digits}");
        }
        let everywhere = ["US".to_owned(), "CA".to_owned(), "GB".to_owned(), "001".to_owned()];
        for digits in ["+19005550123", "+449098790123", "+881612345678", "+979123456789"] {
            assert!(forward_fault(number(digits), &everywhere).is_some(), "{digits}");
        }
    }

    #[test]
    fn the_setting_comes_before_the_tenants_numbers_and_these_before_its_country() {
        let own = [number("+16475550123"), number("+14165550123"), number("+12125550123")];
        assert_eq!(forward_countries(&["GB".to_owned()], &own, "CA"), ["GB"]);
        assert_eq!(forward_countries(&[], &own, "DE"), ["CA", "US"]);
        assert_eq!(forward_countries(&[], &[], "DE"), ["DE"]);
    }
}
