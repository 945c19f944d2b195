//! Where Twilio calls back: our paths, the state of the call, and how patiently it tries.
//!
//! Overrides of Twilio's patience ride in the fragment, which is neither sent nor signed.

use crate::model::TenantId;
use crate::routing::Walk;

/// For what a caller waits for: two tries that together leave room within Twilio's 15 s.
const PATIENCE_OF_CALLERS: &str = "#ct=2000&rt=4000&rc=1&rp=5xx,ct,rt";

/// For what must arrive: nobody waits, so it is tried again after a 5xx or a slow answer as well.
const PATIENCE_OF_RECORDS: &str = "#rc=3&rp=5xx,ct,rt&rt=3000";

/// Where callbacks go: the public base Twilio calls.
#[derive(Clone, Copy, Debug)]
pub struct Urls<'a> {
    /// `https://edge.example.com`
    pub base: &'a str,
}

impl Urls<'_> {
    /// A number's VoiceUrl.
    pub fn voice(&self) -> String {
        self.url("/api/twilio/voice", "", PATIENCE_OF_CALLERS)
    }

    /// The SIP domain's VoiceUrl.
    pub fn sip(&self) -> String {
        self.url("/api/twilio/sip", "", PATIENCE_OF_CALLERS)
    }

    /// The VoiceFallbackUrl, where it is ours.
    pub fn fallback(&self) -> String {
        self.url("/api/twilio/fallback", "", PATIENCE_OF_CALLERS)
    }

    /// The StatusCallback.
    pub fn status(&self) -> String {
        self.url("/api/twilio/status", "", PATIENCE_OF_RECORDS)
    }

    /// Where a call goes on after a leg.
    pub fn next(&self, tenant: &TenantId, walk: &Walk) -> String {
        self.url("/api/twilio/next", &state(tenant, walk), PATIENCE_OF_CALLERS)
    }

    /// Where whoever picks up a screened leg is asked for a key.
    pub fn screen_ask(&self, tenant: &TenantId, walk: &Walk) -> String {
        self.url("/api/twilio/next", &format!("{}&s=ask", state(tenant, walk)), PATIENCE_OF_CALLERS)
    }

    /// Where the key that was pressed arrives.
    pub fn screen_key(&self, tenant: &TenantId, walk: &Walk) -> String {
        self.url("/api/twilio/next", &format!("{}&s=key", state(tenant, walk)), PATIENCE_OF_CALLERS)
    }

    /// Where the AI's transfers arrive.
    pub fn refer(&self, tenant: &TenantId, walk: &Walk) -> String {
        self.url("/api/twilio/refer", &state(tenant, walk), PATIENCE_OF_CALLERS)
    }

    /// Where the caller goes after leaving a message.
    pub fn voicemail_done(&self, tenant: &TenantId, walk: &Walk) -> String {
        self.url("/api/twilio/voicemail/done", &state(tenant, walk), PATIENCE_OF_CALLERS)
    }

    /// Where a recording is announced.
    pub fn voicemail(&self, tenant: &TenantId) -> String {
        self.url("/api/twilio/voicemail", &format!("?t={tenant}"), PATIENCE_OF_RECORDS)
    }

    /// Where a transcript arrives.
    pub fn transcription(&self, tenant: &TenantId) -> String {
        self.url("/api/twilio/transcription", &format!("?t={tenant}"), PATIENCE_OF_RECORDS)
    }

    fn url(&self, path: &str, query: &str, fragment: &str) -> String {
        let base = self.base.trim_end_matches('/');
        let mut url = String::with_capacity(base.len() + path.len() + query.len() + fragment.len());
        for part in [base, path, query, fragment] {
            url.push_str(part);
        }
        url
    }
}

/// Both are spelled in unreserved characters, so nothing needs escaping.
fn state(tenant: &TenantId, walk: &Walk) -> String {
    format!("?t={tenant}&w={}", walk.spell())
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
            assert_eq!(url, format!("https://edge.example.com/api/twilio{expected}"));
        }
    }
}
