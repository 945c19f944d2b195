//! Twilio's signature, computed as Twilio computes it. The edge has its own code for checking it; two hands must agree.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use sha1::Sha1;

/// The `X-Twilio-Signature` of a request to this address with these form parameters (none for a GET).
pub(in crate::simulator) fn sign(token: &str, url: &str, form: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = form.iter().collect();
    pairs.sort();
    pairs.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(url.as_bytes());
    for (name, value) in pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    BASE64.encode(mac.finalize().into_bytes())
}

/// The address as Twilio signs it: no fragment, no user, and over https no port.
pub(in crate::simulator) fn signed_form(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    // These fail for addresses without a host only, and those are never called.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.scheme() == "https" {
        let _ = url.set_port(None);
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    fn form(extra: &[(&str, &str)]) -> Vec<(String, String)> {
        let base = [
            ("To", "+18005551212"),
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("From", "+14158675309"),
            ("Digits", "1234"),
        ];
        base.iter().chain(extra).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_published_examples_come_out() {
        assert_eq!(sign("12345", URL, &form(&[])), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        assert_eq!(sign("12345", URL, &[]), "zYQTYrRWXE7LtzbG4PfP7/bkkGo=");
        let repeated =
            [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")];
        let repeated: Vec<_> = repeated.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(sign("12345", URL, &repeated), "IK+Dwps556ElfBT0I3Rgjkr1wJU=");
        assert_eq!(sign("12345", URL, &form(&[("Digits", "1234")])), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }

    #[test]
    fn fragment_user_and_secure_port_are_not_signed() {
        for (given, signed) in [
            ("https://u:p@example.com:8443/a?b=c#rc=1", "https://example.com/a?b=c"),
            ("http://u@example.com:8080/a#x", "http://example.com:8080/a"),
        ] {
            assert_eq!(signed_form(&Url::parse(given).expect("a url")), signed);
        }
    }
}
