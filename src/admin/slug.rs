//! A tenant's name in SIP addresses: which forms are allowed, and how one is made from a business's name.

use super::formats::Wrong;

/// The longest label DNS and SIP users are comfortable with.
const LENGTH_MAX: usize = 63;

/// Is this a slug a tenant may have?
///
/// Some forms already mean something as the user part of a SIP address and would take another tenant's calls.
pub(super) fn check(text: &str) -> Result<(), Wrong> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > LENGTH_MAX || !text.bytes().all(allowed) {
        let detail = "this must be 1 to 63 lower-case letters, digits and hyphens".to_owned();
        return Err(Wrong { code: "slug_form", detail });
    }
    if is_reserved(text) {
        let detail = "clinic-… is an alias of every tenant, and digits alone are a number".to_owned();
        return Err(Wrong { code: "slug_reserved", detail });
    }
    Ok(())
}

fn is_reserved(slug: &str) -> bool {
    slug.starts_with("clinic-") || (slug.len() >= 7 && slug.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The slug of a name; `suffix` tells apart those who share one.
pub(super) fn from_name(name: &str, suffix: Option<&str>) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        match plain(letter) {
            Some(plain) => slug.push_str(plain),
            None if letter.is_ascii_alphanumeric() => slug.push(letter),
            // Apostrophes leave no gap: O'Hara is ohara.
            None if matches!(letter, '\'' | '’') => {}
            None if slug.ends_with('-') || slug.is_empty() => {}
            None => slug.push('-'),
        }
    }
    let mut slug = slug.trim_end_matches('-').to_owned();
    if slug.is_empty() || slug.bytes().all(|byte| byte.is_ascii_digit()) {
        slug = format!("tenant-{slug}").trim_end_matches('-').to_owned();
    }
    if slug == "clinic" || is_reserved(&slug) {
        slug = format!("the-{slug}");
    }
    let tail = suffix.map(|suffix| format!("-{suffix}")).unwrap_or_default();
    slug.truncate(LENGTH_MAX - tail.len());
    format!("{}{tail}", slug.trim_end_matches('-'))
}

/// The plain letters of an accented one, for the alphabets of Europe.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ő' => "o",
        'ö' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ů' | 'ű' | 'ū' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_to_sixty_three_lower_case_letters_digits_and_hyphens() {
        let longest = "a".repeat(63);
        for good in ["a", "smile-dental", "9", "123456", "clinic", "-", longest.as_str()] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let too_long = "a".repeat(64);
        for (bad, code) in [
            ("", "slug_form"),
            ("Smile", "slug_form"),
            ("smile dental", "slug_form"),
            ("sip_ca5ecdfd", "slug_form"),
            ("café", "slug_form"),
            (too_long.as_str(), "slug_form"),
            ("clinic-123", "slug_reserved"),
            ("clinic-", "slug_reserved"),
            ("16475550123", "slug_reserved"),
        ] {
            assert_eq!(check(bad).map_err(|wrong| wrong.code), Err(code), "{bad}");
        }
    }

    #[test]
    fn a_slug_is_made_from_the_name() {
        for (name, slug) in [
            ("Smile Dental", "smile-dental"),
            ("  Café Brûlé & Söhne!  ", "cafe-brule-soehne"),
            ("O'Hara’s", "oharas"),
            ("Clinic North", "the-clinic-north"),
            ("Clinic", "the-clinic"),
            ("16475550123", "tenant-16475550123"),
            ("美容院", "tenant"),
            ("---", "tenant"),
        ] {
            assert_eq!(from_name(name, None), slug, "{name}");
        }
        assert_eq!(from_name("Smile Dental", Some("2")), "smile-dental-2");
    }

    #[test]
    fn every_slug_made_is_a_slug_allowed() {
        let long = "Acme Pizza ".repeat(20);
        for name in ["Clinic", "Clinic North", "", "1", "1234567", "sip_12345678", "é", long.as_str(), "a\0b"] {
            for suffix in [None, Some("2"), Some("q7x2m")] {
                let slug = from_name(name, suffix);
                assert_eq!(check(&slug), Ok(()), "{name} {suffix:?} {slug}");
            }
        }
    }
}
