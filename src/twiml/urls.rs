//! Where Twilio calls back: our paths, the state of the call, and how patiently it tries.
//!
//! Overrides of Twilio's patience ride in the fragment, which is neither sent nor signed.

use std::fmt;

use crate::model::TenantId;
use crate::routing::Walk;

use super::document::Value;
use super::escape::push_attribute;

/// How patiently Twilio tries, as it stands in a URL and in a document.
#[derive(Clone, Copy, Debug)]
struct Patience {
    plain: &'static str,
    escaped: &'static str,
}

/// For what a caller waits for: two tries that together leave room within Twilio's 15 s.
const OF_CALLERS: Patience =
    Patience { plain: "#ct=2000&rt=4000&rc=1&rp=5xx,ct,rt", escaped: "#ct=2000&amp;rt=4000&amp;rc=1&amp;rp=5xx,ct,rt" };

/// For what must arrive: nobody waits, so it is tried again after a 5xx or a slow answer as well.
const OF_RECORDS: Patience =
    Patience { plain: "#rc=3&rp=5xx,ct,rt&rt=3000", escaped: "#rc=3&amp;rp=5xx,ct,rt&amp;rt=3000" };

/// Where callbacks go: the public base Twilio calls.
#[derive(Clone, Copy, Debug)]
pub struct Urls<'a> {
    /// `https://edge.example.com`
    pub base: &'a str,
}

/// One of them, spelled where it is written. Tenant and walk consist of unreserved characters, so nothing in its query
/// needs encoding.
#[derive(Clone, Copy, Debug)]
pub struct Url<'a> {
    base: &'a str,
    path: &'static str,
    tenant: Option<&'a TenantId>,
    walk: Option<&'a Walk>,
    /// The `s` of a screened leg's URLs.
    stage: Option<&'static str>,
    patience: Patience,
}

impl<'a> Urls<'a> {
    /// A number's VoiceUrl.
    pub fn voice(&self) -> Url<'a> {
        self.url("/api/twilio/voice", OF_CALLERS)
    }

    /// The SIP domain's VoiceUrl.
    pub fn sip(&self) -> Url<'a> {
        self.url("/api/twilio/sip", OF_CALLERS)
    }

    /// The VoiceFallbackUrl, where it is ours.
    pub fn fallback(&self) -> Url<'a> {
        self.url("/api/twilio/fallback", OF_CALLERS)
    }

    /// The StatusCallback.
    pub fn status(&self) -> Url<'a> {
        self.url("/api/twilio/status", OF_RECORDS)
    }

    /// Where a call goes on after a leg.
    pub fn next(&self, tenant: &'a TenantId, walk: &'a Walk) -> Url<'a> {
        Url { walk: Some(walk), ..self.of_tenant("/api/twilio/next", tenant, OF_CALLERS) }
    }

    /// Where whoever picks up a screened leg is asked for a key.
    pub fn screen_ask(&self, tenant: &'a TenantId, walk: &'a Walk) -> Url<'a> {
        Url { stage: Some("ask"), ..self.next(tenant, walk) }
    }

    /// Where the key that was pressed arrives.
    pub fn screen_key(&self, tenant: &'a TenantId, walk: &'a Walk) -> Url<'a> {
        Url { stage: Some("key"), ..self.next(tenant, walk) }
    }

    /// Where the AI's transfers arrive.
    pub fn refer(&self, tenant: &'a TenantId, walk: &'a Walk) -> Url<'a> {
        Url { path: "/api/twilio/refer", ..self.next(tenant, walk) }
    }

    /// Where the caller goes after leaving a message.
    pub fn voicemail_done(&self, tenant: &'a TenantId, walk: &'a Walk) -> Url<'a> {
        Url { path: "/api/twilio/voicemail/done", ..self.next(tenant, walk) }
    }

    /// Where a recording is announced.
    pub fn voicemail(&self, tenant: &'a TenantId) -> Url<'a> {
        self.of_tenant("/api/twilio/voicemail", tenant, OF_RECORDS)
    }

    /// Where a transcript arrives.
    pub fn transcription(&self, tenant: &'a TenantId) -> Url<'a> {
        self.of_tenant("/api/twilio/transcription", tenant, OF_RECORDS)
    }

    fn url(&self, path: &'static str, patience: Patience) -> Url<'a> {
        Url { base: self.base.trim_end_matches('/'), path, tenant: None, walk: None, stage: None, patience }
    }

    fn of_tenant(&self, path: &'static str, tenant: &'a TenantId, patience: Patience) -> Url<'a> {
        Url { tenant: Some(tenant), ..self.url(path, patience) }
    }
}

impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base)?;
        f.write_str(self.path)?;
        if let Some(tenant) = self.tenant {
            f.write_str("?t=")?;
            f.write_str(tenant.as_str())?;
        }
        if let Some(walk) = self.walk {
            f.write_str("&w=")?;
            walk.fmt(f)?;
        }
        if let Some(stage) = self.stage {
            f.write_str("&s=")?;
            f.write_str(stage)?;
        }
        f.write_str(self.patience.plain)
    }
}

impl Value for Url<'_> {
    // Only the base may hold what means something to XML.
    fn push_to(&self, document: &mut String) {
        push_attribute(document, self.base);
        document.push_str(self.path);
        if let Some(tenant) = self.tenant {
            document.push_str("?t=");
            document.push_str(tenant.as_str());
        }
        if let Some(walk) = self.walk {
            document.push_str("&amp;w=");
            document.push_str(&walk.spell());
        }
        if let Some(stage) = self.stage {
            document.push_str("&amp;s=");
            document.push_str(stage);
        }
        document.push_str(self.patience.escaped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Step;
    use crate::routing::sample::tenant_id;

    #[test]
    fn callbacks_carry_the_state_in_the_query_and_the_patience_in_the_fragment() {
        let urls = Urls { base: "https://edge.example.com/" };
        let (tenant, walk) = (tenant_id(), Walk::first(Step::Ai));
        let patient = "#ct=2000&rt=4000&rc=1&rp=5xx,ct,rt";
        let t = "t=ten_01hzx3v9k2m4n6p8q0r2s4t6v8";
        for (url, expected) in [
            (urls.voice(), format!("/voice{patient}")),
            (urls.sip(), format!("/sip{patient}")),
            (urls.fallback(), format!("/fallback{patient}")),
            (urls.status(), "/status#rc=3&rp=5xx,ct,rt&rt=3000".to_owned()),
            (urls.next(&tenant, &walk), format!("/next?{t}&w=ai{patient}")),
            (urls.screen_ask(&tenant, &walk), format!("/next?{t}&w=ai&s=ask{patient}")),
            (urls.screen_key(&tenant, &walk), format!("/next?{t}&w=ai&s=key{patient}")),
            (urls.refer(&tenant, &walk), format!("/refer?{t}&w=ai{patient}")),
            (urls.voicemail_done(&tenant, &walk), format!("/voicemail/done?{t}&w=ai{patient}")),
            (urls.voicemail(&tenant), format!("/voicemail?{t}#rc=3&rp=5xx,ct,rt&rt=3000")),
            (urls.transcription(&tenant), format!("/transcription?{t}#rc=3&rp=5xx,ct,rt&rt=3000")),
        ] {
            assert_eq!(url.to_string(), format!("https://edge.example.com/api/twilio{expected}"));
            let (mut escaped, mut as_text) = (String::new(), String::new());
            url.push_to(&mut escaped);
            push_attribute(&mut as_text, &url.to_string());
            assert_eq!(escaped, as_text);
        }
    }
}
