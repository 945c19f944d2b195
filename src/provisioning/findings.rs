//! What is amiss with where a number leads. Pure.

use reqwest::Url;
use serde::Serialize;

use crate::model::{Number, NumberState};
use crate::providers::{NumberKind, OwnedNumber, VapiNumber, VapiServer, Wiring};

/// What is amiss with a number, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Amiss {
    /// Vapi has made it lead there, as an import does: it is brought back.
    TakenByVapi,
    /// It leads to somebody else. Whoever did that may have had a reason: it is told, and left alone.
    LeadsElsewhere,
    /// Its provider does not have it.
    Missing,
}

impl Amiss {
    /// The word the outside sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Amiss::TakenByVapi => "takenByVapi",
            Amiss::LeadsElsewhere => "leadsElsewhere",
            Amiss::Missing => "missing",
        }
    }

    /// The word metrics have for it.
    pub(super) fn label(self) -> &'static str {
        match self {
            Amiss::TakenByVapi => "taken_by_vapi",
            Amiss::LeadsElsewhere => "leads_elsewhere",
            Amiss::Missing => "missing",
        }
    }
}

/// How a number was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It leads here.
    Here,
    /// It does not, and is not ours to judge: nobody has wired it yet.
    Unjudged,
    /// Something is amiss; in one word and in words.
    Amiss(Amiss, String),
}

/// How a number is at Twilio. `was_wired`: it was seen to lead here before.
pub(super) fn at_twilio(number: &Number, seen: Option<&OwnedNumber>, wiring: &Wiring, was_wired: bool) -> Found {
    let Some(seen) = seen else {
        return Found::Amiss(Amiss::Missing, "its account at Twilio does not have it".to_owned());
    };
    if wiring.is_of(seen) {
        return Found::Here;
    }
    // Whoever recorded it by hand may mean to wire it later; one that is called is another thing.
    if !was_wired && number.state != NumberState::Active {
        return Found::Unjudged;
    }
    let (urls, before_them) = foreign(seen, wiring);
    let is_ours = was_wired || number.twilio_sid.is_some();
    let by_an_import =
        urls.iter().any(|(_, url)| is_vapis(url)) && urls.iter().all(|(_, url)| url.is_empty() || is_vapis(url));
    if is_ours && before_them.is_none() && by_an_import {
        return Found::Amiss(Amiss::TakenByVapi, format!("Vapi has made it lead there: {}", told(&urls)));
    }
    let detail = match before_them {
        Some(before) => format!("{before} answers its calls, and our URL is not asked"),
        None if urls.iter().any(|(what, _)| *what == "voice URL") => format!("it leads elsewhere: {}", told(&urls)),
        None => format!("its calls come to us, but not all of what we set: {}", told(&urls)),
    };
    Found::Amiss(Amiss::LeadsElsewhere, detail)
}

/// How a free number is at Vapi.
pub(super) fn at_vapi(seen: Option<&VapiNumber>, server: &VapiServer) -> Found {
    let Some(seen) = seen.filter(|seen| seen.provider == NumberKind::Vapi) else {
        return Found::Amiss(Amiss::Missing, "Vapi does not have it".to_owned());
    };
    if let Some(answers) = seen.assistant_id.as_ref().or(seen.squad_id.as_ref()) {
        let detail = format!("{answers} answers its calls at Vapi, at any hour, and we are not asked");
        return Found::Amiss(Amiss::LeadsElsewhere, detail);
    }
    match seen.server_url() {
        Some(url) if url == server.url => Found::Here,
        Some(url) => Found::Amiss(Amiss::LeadsElsewhere, format!("Vapi asks {url} who answers")),
        None => Found::Amiss(Amiss::LeadsElsewhere, "Vapi asks nobody who answers".to_owned()),
    }
}

/// Which of its URLs are not ours, and what answers before they are asked.
fn foreign<'n>(seen: &'n OwnedNumber, wiring: &Wiring) -> (Vec<(&'static str, &'n str)>, Option<String>) {
    let set = |value: &'n Option<String>| value.as_deref().unwrap_or("");
    let urls = [
        ("voice URL", set(&seen.voice_url), wiring.voice_url.as_str()),
        ("fallback URL", set(&seen.voice_fallback_url), wiring.voice_fallback_url.as_str()),
        ("status callback", set(&seen.status_callback), wiring.status_callback.as_str()),
    ];
    let urls = urls.into_iter().filter(|(_, is, ours)| is != ours).map(|(what, is, _)| (what, is)).collect();
    let application = Some(set(&seen.voice_application_sid)).filter(|sid| !sid.is_empty());
    let trunk = Some(set(&seen.trunk_sid)).filter(|sid| !sid.is_empty());
    let before = application.map(|sid| format!("the application {sid}"));
    (urls, before.or_else(|| trunk.map(|sid| format!("the trunk {sid}"))))
}

fn is_vapis(url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase));
    host.is_some_and(|host| host == "vapi.ai" || host.ends_with(".vapi.ai"))
}

fn told(urls: &[(&str, &str)]) -> String {
    let each = urls.iter().map(|(what, url)| match *url {
        "" => format!("{what} is empty"),
        url => format!("{what} is {}", shown(url)),
    });
    each.collect::<Vec<_>>().join(", ")
}

/// A foreign URL without what may be secret in it.
fn shown(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut parsed) => {
            parsed.set_query(None);
            parsed.set_fragment(None);
            let _ = parsed.set_username("");
            let _ = parsed.set_password(None);
            parsed.to_string()
        }
        Err(_) => "no URL".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{E164, NumberId, Purpose, Sid};

    fn wiring() -> Wiring {
        Wiring {
            voice_url: "https://patchbay.example/api/twilio/voice".to_owned(),
            voice_fallback_url: "https://patchbay.example/api/twilio/fallback".to_owned(),
            status_callback: "https://patchbay.example/api/twilio/status".to_owned(),
        }
    }

    fn number(state: NumberState, sid: bool) -> Number {
        Number {
            id: NumberId::parse("num_01kafbd2x0q7h3m8w5r9t2c6ze").unwrap(),
            e164: E164::parse("+16475550123").unwrap(),
            sip_uri: None,
            tenant_id: None,
            account_sid: None,
            twilio_sid: sid.then(|| Sid::parse("PN1").unwrap()),
            vapi_number_id: None,
            state,
            purpose: Purpose::Calls,
            already_overflowed: false,
            ported: false,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn seen(voice: &str, fallback: &str, status: &str) -> OwnedNumber {
        serde_json::from_value(serde_json::json!({
            "sid": "PN1", "phone_number": "+16475550123", "voice_url": voice, "voice_fallback_url": fallback,
            "status_callback": status
        }))
        .unwrap()
    }

    fn word(found: Found) -> &'static str {
        match found {
            Found::Here => "here",
            Found::Unjudged => "unjudged",
            Found::Amiss(amiss, _) => amiss.as_str(),
        }
    }

    #[test]
    fn what_an_import_does_is_told_from_what_a_person_does() {
        let ours = wiring();
        let judge = |seen: &OwnedNumber| word(at_twilio(&number(NumberState::Active, true), Some(seen), &ours, true));
        let (voice, fallback, status) = (&*ours.voice_url, &*ours.voice_fallback_url, &*ours.status_callback);
        assert_eq!(judge(&seen(voice, fallback, status)), "here");
        let inbound = "https://api.vapi.ai/twilio/inbound_call";
        assert_eq!(judge(&seen(inbound, fallback, "https://api.vapi.ai/twilio/status")), "takenByVapi");
        assert_eq!(judge(&seen(inbound, "", status)), "takenByVapi");
        assert_eq!(judge(&seen(voice, fallback, "https://api.vapi.ai/twilio/status")), "takenByVapi");
        assert_eq!(judge(&seen("https://elsewhere.example/voice", fallback, status)), "leadsElsewhere");
        assert_eq!(judge(&seen(inbound, fallback, "https://elsewhere.example/status")), "leadsElsewhere");
        assert_eq!(judge(&seen("https://vapi.ai.elsewhere.example/", fallback, status)), "leadsElsewhere");
        let mut trunked = seen(voice, fallback, status);
        trunked.trunk_sid = Some("TK1".to_owned());
        assert_eq!(judge(&trunked), "leadsElsewhere");
        assert_eq!(judge(&seen("", fallback, status)), "leadsElsewhere", "somebody took the URL away");
    }

    #[test]
    fn one_nobody_has_wired_yet_is_left_alone_until_it_is_called() {
        let elsewhere = seen("https://api.vapi.ai/twilio/inbound_call", "", "");
        let judge =
            |state, sid, was_wired| word(at_twilio(&number(state, sid), Some(&elsewhere), &wiring(), was_wired));
        assert_eq!(judge(NumberState::Unassigned, false, false), "unjudged");
        assert_eq!(judge(NumberState::Unassigned, false, true), "takenByVapi");
        assert_eq!(judge(NumberState::Active, false, false), "leadsElsewhere");
        assert_eq!(judge(NumberState::Active, true, false), "takenByVapi");
        assert_eq!(word(at_twilio(&number(NumberState::Resting, true), None, &wiring(), true)), "missing");
    }

    #[test]
    fn what_may_be_secret_in_a_foreign_url_is_not_told() {
        let foreign = seen("https://me:hidden@elsewhere.example/voice?key=hidden#hidden", "", "");
        let Found::Amiss(_, told) = at_twilio(&number(NumberState::Active, true), Some(&foreign), &wiring(), true)
        else {
            panic!("amiss");
        };
        assert!(told.contains("https://elsewhere.example/voice") && !told.contains("hidden"), "{told}");
    }
}
