//! What a text of each `format` in our schemas may say: numbers, zones, countries, names, identifiers.

use super::slug;
use crate::model::availability::{parse_date, parse_instant, zone};
use crate::model::{E164, NumberId, OrgId, Sid, SipUri, TenantId, TokenId};

/// Why a text is not of its format.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
}

impl Wrong {
    fn new(code: &'static str, detail: impl Into<String>) -> Wrong {
        Wrong { code, detail: detail.into() }
    }
}

/// Holds a text against a format; a format of nobody's making allows everything.
pub(super) fn check(format: Option<&str>, text: &str) -> Result<(), Wrong> {
    match format {
        Some("spoken") => one_line(text),
        Some("text") => plain_text(text),
        Some("e164") => {
            E164::parse(text).map(drop).map_err(|_| Wrong::new("not_e164", "this must be + and 7 to 15 digits"))
        }
        Some("iana-zone") => timezone(text).map(drop),
        Some("country") => country(text).map(drop),
        Some("slug") => slug::check(text),
        Some("sid") => Sid::parse(text)
            .map(drop)
            .map_err(|_| Wrong::new("not_an_identifier", "this must be 1 to 64 visible ASCII characters")),
        Some("sip-uri") => sip_uri(text),
        Some("date") => parse_date(text)
            .map(drop)
            .ok_or_else(|| Wrong::new("date", "this must be a day of the calendar as in 2026-11-20")),
        Some("date-time") => parse_instant(text)
            .map(drop)
            .ok_or_else(|| Wrong::new("date_time", "this must be a time as in 2026-11-20T09:00:00Z (RFC 3339)")),
        Some("tenant-id") => id(TenantId::parse(text).is_ok(), "ten_"),
        Some("org-id") => id(OrgId::parse(text).is_ok(), "org_"),
        Some("token-id") => id(TokenId::parse(text).is_ok(), "tok_"),
        Some("role") => role(text),
        Some("email") => email(text),
        Some("number-id") => id(NumberId::parse(text).is_ok(), "num_"),
        _ => Ok(()),
    }
}

fn id(good: bool, prefix: &str) -> Result<(), Wrong> {
    if good { Ok(()) } else { Err(Wrong::new("not_an_identifier", format!("this must be an identifier {prefix}…"))) }
}

/// Somebody's address, as far as it can be told without writing to it.
fn email(text: &str) -> Result<(), Wrong> {
    let is_good = |(name, host): (&str, &str)| {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        plain && !name.is_empty() && !host.contains('@') && host.split('.').filter(|part| !part.is_empty()).count() >= 2
    };
    let good = text.split_once('@').is_some_and(is_good);
    if good { Ok(()) } else { Err(Wrong::new("email", "this must be an e-mail address")) }
}

/// For whom a token speaks.
fn role(text: &str) -> Result<(), Wrong> {
    let good = match text.split_once(':') {
        Some(("org", id)) => OrgId::parse(id).is_ok(),
        Some(("tenant", id)) => TenantId::parse(id).is_ok(),
        _ => text == "operator",
    };
    if good { Ok(()) } else { Err(Wrong::new("role", "this must be operator, org:<id> or tenant:<id>")) }
}

/// A zone of the compiled-in rules, under the name those rules give it. Where the machine keeps its own rules is of
/// no interest: two machines must not disagree about when a business opens.
pub(super) fn timezone(text: &str) -> Result<String, Wrong> {
    let name = zone::named(text).and_then(|zone| zone.iana_name().map(str::to_owned));
    name.ok_or_else(|| Wrong::new("timezone", "no time zone of this name is known, write one as America/Toronto"))
}

/// A country that exists, in capitals.
pub(super) fn country(text: &str) -> Result<String, Wrong> {
    let capitals = text.to_ascii_uppercase();
    let known = capitals.len() == 2 && COUNTRIES.split(' ').any(|code| code == capitals);
    if known { Ok(capitals) } else { Err(Wrong::new("country", "this must be a country in two letters, as CA")) }
}

/// Names go into logs, pages and speech: what would break a line there is refused.
fn one_line(text: &str) -> Result<(), Wrong> {
    if text.trim().is_empty() {
        return Err(Wrong::new("too_short", "this must say something"));
    }
    without_controls(text.chars())
}

/// Notes may have lines, and may say nothing.
fn plain_text(text: &str) -> Result<(), Wrong> {
    without_controls(text.chars().filter(|letter| !matches!(letter, '\n' | '\r' | '\t')))
}

fn without_controls(mut letters: impl Iterator<Item = char>) -> Result<(), Wrong> {
    match letters.any(char::is_control) {
        true => Err(Wrong::new("control_character", "this must not contain control characters")),
        false => Ok(()),
    }
}

/// An address Twilio would dial. In settings it is written out in full, scheme and all: a forgotten one is more likely
/// a mistake than a shorthand.
fn sip_uri(text: &str) -> Result<(), Wrong> {
    let lower = text.to_ascii_lowercase();
    if !lower.starts_with("sip:") && !lower.starts_with("sips:") {
        return Err(Wrong::new("sip_uri", "this must be a SIP address as in sip:front-desk@sip.vapi.ai"));
    }
    SipUri::dialled(text).map(drop).map_err(|fault| Wrong::new("sip_uri", fault.to_string()))
}

/// ISO 3166-1 alpha-2, as assigned.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR \
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES \
    ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN \
    IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG \
    MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL \
    PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF \
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_taken_under_its_own_name() {
        assert_eq!(timezone("America/Toronto").as_deref(), Ok("America/Toronto"));
        assert_eq!(timezone("america/toronto").as_deref(), Ok("America/Toronto"));
        assert_eq!(timezone("UTC").as_deref(), Ok("UTC"));
        for bad in ["", "Toronto", "Etc/Unknown", "EST5EDT4", "+05:00", "../../etc/passwd", "America/Toronto\0"] {
            assert!(timezone(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_country_exists_and_is_kept_in_capitals() {
        assert_eq!(country("ca").as_deref(), Ok("CA"));
        assert_eq!(COUNTRIES.split(' ').filter(|code| code.len() == 2).count(), 249);
        for bad in ["", "C", "XX", "CAN", "C A", "AD AE"] {
            assert!(country(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_is_one_line_that_says_something() {
        for good in ["Smile Dental", "Café ]]> & Sons", "بيتزا", "🍕"] {
            assert_eq!(check(Some("spoken"), good), Ok(()), "{good}");
        }
        for bad in ["", "  ", "a\0b", "a\nb", "a\u{7f}b", "a\u{85}b"] {
            assert!(check(Some("spoken"), bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_note_may_have_lines() {
        for good in ["", "party", "one\n\ttwo\r\n"] {
            assert_eq!(check(Some("text"), good), Ok(()), "{good:?}");
        }
        assert!(check(Some("text"), "a\0b").is_err());
    }

    #[test]
    fn a_sip_address_names_user_and_host() {
        let good = ["sip:desk@sip.vapi.ai", "sips:d.e-s_k@10.0.0.1:5061", "SIP:a@b;transport=tls", "sip:a@b?x-a=b"];
        for uri in good {
            assert_eq!(check(Some("sip-uri"), uri), Ok(()), "{uri}");
        }
        let long = format!("sip:{}@sip.vapi.ai", "a".repeat(250));
        for bad in ["", "sip:", "sip:@host", "sip:desk@", "sip:de sk@host", "sip:a@b\"c", "http://a@b", &long] {
            assert!(check(Some("sip-uri"), bad).is_err(), "{bad}");
        }
    }
}
