//! SIP URIs as Twilio writes them in `To`, and as people write them in settings.
//!
//! Whose line a URI names is the directory's business; here it is only taken apart.

use std::net::Ipv6Addr;

/// Longest text that is read at all. Twilio's own limit is 255 for the URI and 1024 for what follows the `?`.
const TEXT_BYTES_MAX: usize = 2048;

/// Longest URI Twilio dials, without the headers after the `?`.
const DIALLED_BYTES_MAX: usize = 254;

/// Longest header part. Twilio sends 1023 bytes of it along, of which our own headers take up to 120.
const HEADERS_BYTES_MAX: usize = 900;

/// What a SIP URI says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipUri {
    /// True for `sips:`.
    pub secure: bool,
    /// The user part: decoded, lower case, without parameters and password; never empty.
    pub user: String,
    /// The host, lower case; an IPv6 address with its brackets.
    pub host: String,
    /// The port, if written.
    pub port: Option<u16>,
    /// Everything after the host and port: `;transport=tls`, `?x-a=b`.
    pub rest: String,
}

/// The text is no SIP URI, or none that Twilio would dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each variant is its own sentence")]
pub enum NotASipUri {
    #[error("a SIP URI is too long")]
    TooLong,
    #[error("a SIP URI needs a user and a host: `sip:user@host`")]
    Shape,
    #[error("the user of a SIP URI must be readable text")]
    User,
    #[error("the host of a SIP URI must be a name or an address")]
    Host,
    #[error("the port of a SIP URI must be a number from 1 to 65535")]
    Port,
    #[error("the parameters of a SIP URI must be visible characters")]
    Rest,
}

impl SipUri {
    /// Reads `sip:user@host`, with or without scheme, display name, brackets, user parameters, password, port,
    /// parameters and headers.
    pub fn parse(raw: &str) -> Result<SipUri, NotASipUri> {
        if raw.len() > TEXT_BYTES_MAX {
            return Err(NotASipUri::TooLong);
        }
        let (secure, address) = split_scheme(unwrap(raw.trim())?);
        let (user_info, place) = address.split_once('@').ok_or(NotASipUri::Shape)?;
        let user = read_user(user_info)?;
        let (host, after_host) = read_host(place)?;
        let (port, rest) = read_port(after_host)?;
        let visible = rest.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"'));
        if !(visible && (rest.is_empty() || rest.starts_with([';', '?']))) {
            return Err(NotASipUri::Rest);
        }
        Ok(SipUri { secure, user, host, port, rest: rest.to_owned() })
    }

    /// The text under which Twilio can dial this URI: with its scheme, without display name, short enough.
    pub fn dialled(raw: &str) -> Result<String, NotASipUri> {
        let uri = SipUri::parse(raw)?;
        let (_, address) = split_scheme(unwrap(raw.trim())?);
        let visible = address.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"'));
        if !visible {
            return Err(NotASipUri::User);
        }
        let dialled = format!("{}:{address}", if uri.secure { "sips" } else { "sip" });
        let headers = uri.rest.split_once('?').map_or(0, |(_, headers)| headers.len());
        let without_headers = dialled.len() - if headers > 0 { headers + 1 } else { 0 };
        if without_headers > DIALLED_BYTES_MAX || headers > HEADERS_BYTES_MAX {
            return Err(NotASipUri::TooLong);
        }
        Ok(dialled)
    }
}

/// The address inside `"Name" <…>`, `Name <…>` or `<…>`; a bare one as it stands.
fn unwrap(raw: &str) -> Result<&str, NotASipUri> {
    let unnamed = match raw.strip_prefix('"') {
        Some(quoted) => after_quotes(quoted).ok_or(NotASipUri::Shape)?,
        None => raw,
    };
    match unnamed.split_once('<') {
        Some((_, bracketed)) => bracketed.split_once('>').map(|(inside, _)| inside).ok_or(NotASipUri::Shape),
        None if unnamed.len() == raw.len() => Ok(raw),
        None => Err(NotASipUri::Shape),
    }
}

/// What follows the closing quote, a backslash hiding the character after it.
fn after_quotes(quoted: &str) -> Option<&str> {
    let mut hidden = false;
    for (at, letter) in quoted.char_indices() {
        match letter {
            _ if hidden => hidden = false,
            '\\' => hidden = true,
            '"' => return Some(&quoted[at + 1..]),
            _ => {}
        }
    }
    None
}

fn split_scheme(address: &str) -> (bool, &str) {
    let scheme = |name: &str| address.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    if scheme("sips:") {
        (true, &address[5..])
    } else if scheme("sip:") {
        (false, &address[4..])
    } else {
        (false, address)
    }
}

fn read_user(user_info: &str) -> Result<String, NotASipUri> {
    let end = user_info.find([';', ':']).unwrap_or(user_info.len());
    let decoded = percent_decode(&user_info[..end]).ok_or(NotASipUri::User)?;
    let readable = !decoded.chars().any(|letter| letter.is_control() || letter.is_whitespace());
    if decoded.is_empty() || !readable {
        return Err(NotASipUri::User);
    }
    Ok(decoded.to_lowercase())
}

fn percent_decode(text: &str) -> Option<String> {
    let hex = |byte: u8| char::from(byte).to_digit(16);
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let (high, low) = (hex(bytes.next()?)?, hex(bytes.next()?)?);
            decoded.push((high * 16 + low) as u8);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// The host and what follows it.
fn read_host(place: &str) -> Result<(String, &str), NotASipUri> {
    if let Some(bracketed) = place.strip_prefix('[') {
        let (address, rest) = bracketed.split_once(']').ok_or(NotASipUri::Host)?;
        let address: Ipv6Addr = address.parse().map_err(|_| NotASipUri::Host)?;
        return Ok((format!("[{address}]"), rest));
    }
    let end = place.find([':', ';', '?']).unwrap_or(place.len());
    let (host, rest) = place.split_at(end);
    let named = host.split('.').all(|label| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    });
    if !named || host.len() > 253 {
        return Err(NotASipUri::Host);
    }
    Ok((host.to_ascii_lowercase(), rest))
}

/// The port, where one is written, and what follows it.
fn read_port(after_host: &str) -> Result<(Option<u16>, &str), NotASipUri> {
    let Some(written) = after_host.strip_prefix(':') else {
        return Ok((None, after_host));
    };
    let end = written.find([';', '?']).unwrap_or(written.len());
    let (digits, rest) = written.split_at(end);
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse::<u16>() {
        Ok(port) if only_digits && port > 0 => Ok((Some(port), rest)),
        _ => Err(NotASipUri::Port),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_in_which_twilio_writes_to_names_the_same_user() {
        for (raw, user, host, port, rest) in [
            ("sip:smile-dental@acme.sip.twilio.com", "smile-dental", "acme.sip.twilio.com", None, ""),
            ("sips:Smile-Dental@ACME.sip.twilio.com", "smile-dental", "acme.sip.twilio.com", None, ""),
            ("SIP:smile-dental@acme.sip.twilio.com:5061", "smile-dental", "acme.sip.twilio.com", Some(5061), ""),
            ("smile-dental@acme.sip.twilio.com", "smile-dental", "acme.sip.twilio.com", None, ""),
            ("sip:a@h.sip.dublin.twilio.com;transport=tls", "a", "h.sip.dublin.twilio.com", None, ";transport=tls"),
            ("sip:a@h:5060;lr?x-a=b%20c", "a", "h", Some(5060), ";lr?x-a=b%20c"),
            ("sip:a@h?x-a=b@c", "a", "h", None, "?x-a=b@c"),
            ("sip:%2B16475550123@h", "+16475550123", "h", None, ""),
            ("sip:+16475550123@h", "+16475550123", "h", None, ""),
            ("sip:caf%C3%A9@h", "café", "h", None, ""),
            ("sip:a;phone-context=b:secret@h", "a", "h", None, ""),
            ("sip:a:secret@h", "a", "h", None, ""),
            ("\"Smile; <Dental> \\\"North\\\"\" <sip:a@h:5060>;tag=1", "a", "h", Some(5060), ""),
            ("Smile <sip:a@h>", "a", "h", None, ""),
            ("  <sips:a@h;transport=tls>  ", "a", "h", None, ";transport=tls"),
            ("sip:a@[2001:DB8::1]:5060", "a", "[2001:db8::1]", Some(5060), ""),
            ("sip:a@192.0.2.7", "a", "192.0.2.7", None, ""),
        ] {
            let uri = SipUri::parse(raw).unwrap_or_else(|fault| panic!("{raw}: {fault}"));
            let found = (uri.user.as_str(), uri.host.as_str(), uri.port, uri.rest.as_str());
            assert_eq!(found, (user, host, port, rest), "{raw}");
        }
        assert!(SipUri::parse("sips:a@h").unwrap().secure);
        assert!(!SipUri::parse("sip:a@h").unwrap().secure);
    }

    #[test]
    fn what_is_no_uri_is_refused_with_its_reason() {
        for (raw, fault) in [
            ("", NotASipUri::Shape),
            ("sip:", NotASipUri::Shape),
            ("sip:host.example", NotASipUri::Shape),
            ("+16475550123", NotASipUri::Shape),
            ("tel:+16475550123", NotASipUri::Shape),
            ("\"never closed <sip:a@h>", NotASipUri::Shape),
            ("\"Name\" sip:a@h", NotASipUri::Shape),
            ("<sip:a@h", NotASipUri::Shape),
            ("sip:@h", NotASipUri::User),
            ("sip:;x=y@h", NotASipUri::User),
            ("sip:%ff@h", NotASipUri::User),
            ("sip:%2@h", NotASipUri::User),
            ("sip:%zz@h", NotASipUri::User),
            ("sip:a%00b@h", NotASipUri::User),
            ("sip:a b@h", NotASipUri::User),
            ("sip:a@", NotASipUri::Host),
            ("sip:a@.h", NotASipUri::Host),
            ("sip:a@h..i", NotASipUri::Host),
            ("sip:a@h\u{e9}", NotASipUri::Host),
            ("sip:a@[::1", NotASipUri::Host),
            ("sip:a@[nonsense]", NotASipUri::Host),
            ("sip:a@h:", NotASipUri::Port),
            ("sip:a@h:0", NotASipUri::Port),
            ("sip:a@h:+80", NotASipUri::Port),
            ("sip:a@h:65536", NotASipUri::Port),
            ("sip:a@h;x y", NotASipUri::Rest),
            ("sip:a@[::1]x", NotASipUri::Rest),
        ] {
            assert_eq!(SipUri::parse(raw), Err(fault), "{raw}");
        }
        assert_eq!(SipUri::parse(&format!("sip:{}@h", "a".repeat(4000))), Err(NotASipUri::TooLong));
    }

    #[test]
    fn twilio_dials_at_most_254_characters_before_the_headers() {
        assert_eq!(SipUri::dialled("ten_1@sip.vapi.ai").unwrap(), "sip:ten_1@sip.vapi.ai");
        assert_eq!(SipUri::dialled("<SIPS:a@h?x-a=b>").unwrap(), "sips:a@h?x-a=b");
        let uri = |length: usize| format!("sip:{}@h.example", "a".repeat(length - "sip:@h.example".len()));
        assert!(SipUri::dialled(&uri(254)).is_ok());
        assert_eq!(SipUri::dialled(&uri(255)), Err(NotASipUri::TooLong));
        assert!(SipUri::dialled(&format!("{}?x-a={}", uri(254), "b".repeat(896))).is_ok());
        assert_eq!(SipUri::dialled(&format!("sip:a@h?x-a={}", "b".repeat(897))), Err(NotASipUri::TooLong));
        assert_eq!(SipUri::dialled("sip:caf\u{e9}@h"), Err(NotASipUri::User));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(raw in "\\PC*") {
            let _ = SipUri::parse(&raw);
            let _ = SipUri::dialled(&raw);
        }

        #[test]
        fn near_misses_do_not_panic_and_what_is_read_is_clean(
            raw in "(\"[a-z\\\\\"<]{0,3}\" ?)?<?(sips?:|SIP:)?[a-z%2B0é;:]{0,8}@?[a-z.\\[\\]:;?=0-9]{0,12}>?"
        ) {
            if let Ok(uri) = SipUri::parse(&raw) {
                prop_assert!(!uri.user.is_empty() && !uri.host.is_empty());
                prop_assert_eq!(uri.user.to_lowercase(), uri.user);
            }
        }
    }
}
