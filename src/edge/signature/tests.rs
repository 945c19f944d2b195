//! Which signatures count, against the published ones and against an obvious way to do the same.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::edge::origin::PublicUrl;

/// What the official libraries and documentation say of one request. The one case that only a single library
/// accepts, because it rewrites the query, stands here as refused.
#[derive(Deserialize)]
struct Vector {
    name: String,
    token: String,
    url: String,
    parameters: Vec<(String, Option<String>)>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    settings: Option<String>,
    signature: String,
    accepted: bool,
}

#[test]
fn every_published_signature_is_judged_as_the_official_libraries_do() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("../../../tests/data/signature_vectors.json")).unwrap();
    assert_eq!(vectors.len(), 34);
    for vector in vectors {
        let form = form(vector.parameters.iter().map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or(""))));
        let content = match &vector.body {
            Some(body) => Content::Raw(body.as_bytes()),
            None => Content::Form(&form),
        };
        let claim = Claim { signature: Some(&vector.signature), settings: vector.settings.as_deref() };
        let verdict = check(&vector.url, content, claim, &[&vector.token]);
        assert_eq!(verdict.is_ok(), vector.accepted, "{}: {verdict:?}", vector.name);
    }
}

const URL: &str = "https://edge.example/api/twilio/voice?step=1";

#[test]
fn the_current_and_the_next_token_both_count_and_no_other_does() {
    let signature = sign(URL, None, &key("next"));
    let claim = Claim { signature: Some(&signature), settings: None };
    assert_eq!(check(URL, Content::Nothing, claim, &["current", "next"]), Ok(()));
    assert_eq!(check(URL, Content::Nothing, claim, &["next"]), Ok(()));
    for tokens in [&["current"][..], &["current", "Next", ""], &[]] {
        assert!(matches!(check(URL, Content::Nothing, claim, tokens), Err(Unsigned::Mismatch { .. })), "{tokens:?}");
    }
}

#[test]
fn any_of_several_public_urls_may_have_been_signed() {
    let bases = ["https://one.example", "https://two.example:8443/phone"].map(|url| PublicUrl::parse(url).unwrap());
    let bases = bases.iter().flat_map(|url| url.signed().to_vec()).collect::<Vec<_>>();
    let urls = SignedUrls { bases: bases.into(), path: "/api/twilio/voice", query: "" };
    for (url, expected) in [
        ("https://one.example/api/twilio/voice", true),
        ("https://one.example:443/api/twilio/voice", true),
        ("https://two.example/phone/api/twilio/voice", true),
        ("https://two.example:8443/phone/api/twilio/voice", true),
        ("https://one.example/api/twilio/voice?", true),
        ("https://two.example:443/phone/api/twilio/voice", false),
        ("https://two.example/api/twilio/voice", false),
        ("http://one.example/api/twilio/voice", false),
        ("https://one.example/api/twilio/voice/", false),
        ("https://one.example/api/twilio/Voice", false),
    ] {
        let signature = sign(url, None, &key("12345"));
        let claim = Claim { signature: Some(&signature), settings: None };
        let verdict = verify(&urls, Content::Nothing, claim, &[key("12345")]);
        assert_eq!(verdict.is_ok(), expected, "{url}");
    }
}

#[test]
fn a_refusal_tells_the_operator_which_urls_were_tried() {
    let claim = Claim { signature: Some("RSOYDt4T1cUTdK1PDd93/VVr8B8="), settings: None };
    let refusal = check(URL, Content::Nothing, claim, &["12345"]).unwrap_err();
    let path = "/api/twilio/voice?…";
    let tried = ["https://edge.example", "https://edge.example:443"].map(|base| format!("{base}{path}")).to_vec();
    assert_eq!(refusal, Unsigned::Mismatch { tried });
    assert_eq!(refusal.cause(), "mismatch");
    assert!(refusal.to_string().contains(path) && refusal.to_string().contains("edge.public_url"), "{refusal}");

    let nowhere = SignedUrls { bases: Cow::Borrowed(&[]), path: "/", query: "" };
    let refusal = verify(&nowhere, Content::Nothing, claim, &[key("12345")]).unwrap_err();
    assert!(refusal.to_string().contains("the public one is not known"), "{refusal}");
}

#[test]
fn a_missing_signature_is_told_from_a_wrong_one() {
    for signature in [None, Some("")] {
        let verdict = check(URL, Content::Nothing, Claim { signature, settings: None }, &["12345"]);
        assert_eq!(verdict.unwrap_err().cause(), "missing");
    }
}

#[test]
fn a_signature_of_any_length_or_alphabet_is_only_wrong() {
    let good = sign(URL, None, &key("12345"));
    let long = good.repeat(1000);
    let cut = &good[..27];
    let url_safe = good.replace('+', "-").replace('/', "_");
    let padded = format!(" {good}");
    let emoji = "📞".repeat(11);
    for signature in ["=", "A", "AAAA", cut, &good[..24], &padded, &long, &emoji, "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "\0"]
    {
        let claim = Claim { signature: Some(signature), settings: None };
        let verdict = check(URL, Content::Nothing, claim, &["12345"]);
        assert_eq!(verdict.unwrap_err().cause(), "mismatch", "{signature}");
    }
    // A digest with no character that differs between the alphabets would prove nothing here.
    if url_safe != good {
        let claim = Claim { signature: Some(&url_safe), settings: None };
        assert!(check(URL, Content::Nothing, claim, &["12345"]).is_err());
    }
}

#[test]
fn a_body_that_is_no_form_counts_only_with_its_digest_in_the_signed_url() {
    let body = br#"{"property": "value", "boolean": true}"#;
    let digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
    let judged = |query: &str, body: &[u8]| {
        let url = format!("https://edge.example/hook?{query}");
        let signature = sign(&url, None, &key("12345"));
        let claim = Claim { signature: Some(&signature), settings: None };
        check(&url, Content::Raw(body), claim, &["12345"]).map_err(|refusal| refusal.cause())
    };
    assert_eq!(judged(&format!("a=1&bodySHA256={digest}"), body), Ok(()));
    for query in ["a=1", "bodySHA256=", "bodySHA256", &format!("bodysha256={digest}"), &format!("bodySHA256={digest}0")]
    {
        assert_eq!(judged(query, body), Err("wrong-body"), "{query}");
    }
    assert_eq!(judged(&format!("bodySHA256={digest}"), b"{}"), Err("wrong-body"));
}

#[test]
fn an_unknown_algorithm_is_refused_and_a_known_one_is_not_taken_for_another() {
    let signature = sign(URL, None, &key("12345"));
    let judged = |settings| {
        let claim = Claim { signature: Some(&signature), settings: Some(settings) };
        check(URL, Content::Nothing, claim, &["12345"]).map_err(|refusal| refusal.cause())
    };
    assert_eq!(judged(""), Ok(()));
    assert_eq!(judged("key=k"), Ok(()));
    assert_eq!(judged("key=k, algorithm=hmac_sha1"), Ok(()));
    assert_eq!(judged("key=k,algorithm=HMAC_SHA256"), Err("mismatch"));
    assert_eq!(judged("key=k,algorithm=HMAC_MD5"), Err("unknown-algorithm"));
    assert_eq!(judged("algorithm=none"), Err("unknown-algorithm"));
}

#[test]
fn parameters_are_signed_by_name_then_value_each_pair_once() {
    let form = form([
        ("b", "2"),
        ("a", "1"),
        ("ab", ""),
        ("b", "10"),
        ("b", "2"),
        ("longer-than-eight", "é"),
        ("longer-t", "x"),
    ]);
    with_signed_parameters(Some(&form), |text| {
        assert_eq!(std::str::from_utf8(text).unwrap(), "a1abb10b2longer-txlonger-than-eighté");
    });
}

#[test]
fn the_key_does_not_show_in_debug_output() {
    assert_eq!(format!("{:?}", key("12345")), "SigningKey(…)");
}

proptest! {
    #[test]
    fn the_order_of_parameters_does_not_matter_and_the_signed_text_is_the_obvious_one(
        pairs in prop::collection::vec(("[a-cA-C\0é]{0,10}", "[a-b\0📞]{0,3}"), 0..30).prop_shuffle(),
    ) {
        let form = form(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut obvious = pairs.clone();
        obvious.sort();
        obvious.dedup();
        let obvious = obvious.into_iter().map(|(name, value)| name + &value).collect::<String>();
        with_signed_parameters(Some(&form), |text| assert_eq!(text, obvious.as_bytes()));
    }

    #[test]
    fn one_changed_bit_anywhere_is_noticed(place in 0..500usize, bit in 0..7u32, what in 0..3) {
        let mut url = URL.to_owned().into_bytes();
        let mut value = b"+16475550123".to_vec();
        let form = |value: &[u8]| self::form([("To", std::str::from_utf8(value).unwrap())]);
        let signature = sign(URL, Some(&form(&value)), &key("12345"));
        let mut signature = signature.into_bytes();
        let changed = match what {
            // Scheme and host are ours, not the request's, and a path always begins with a slash.
            0 => &mut url[21..],
            1 => &mut value[..],
            _ => &mut signature[..],
        };
        let place = place % changed.len();
        changed[place] ^= 1 << bit;
        let (url, signature) = (String::from_utf8(url).unwrap(), String::from_utf8(signature).unwrap());
        // The two bits that pad the last character are not part of the digest; a strict decoder refuses them too.
        let form = form(&value);
        let claim = Claim { signature: Some(&signature), settings: None };
        prop_assert!(check(&url, Content::Form(&form), claim, &["12345"]).is_err());
    }
}

fn check(url: &str, content: Content<'_>, claim: Claim<'_>, tokens: &[&str]) -> Result<(), Unsigned> {
    let path = url.find("//").and_then(|start| url[start + 2..].find('/').map(|slash| start + 2 + slash)).unwrap();
    let (path_only, query) = url[path..].split_once('?').unwrap_or((&url[path..], ""));
    let base = PublicUrl::parse(&url[..path]).unwrap();
    let urls = SignedUrls { bases: base.signed().into(), path: path_only, query };
    let keys = tokens.iter().map(|token| key(token)).collect::<Vec<_>>();
    verify(&urls, content, claim, &keys)
}

fn key(token: &str) -> SigningKey {
    SigningKey::new(&crate::model::Secret::new(token))
}

fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Form {
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pieces = pairs.into_iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    Form::parse(pieces.collect::<Vec<_>>().join("&").as_bytes()).unwrap()
}
