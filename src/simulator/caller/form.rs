//! The parameters Twilio sends with a request about a call: those of its public list, with the duplicates and the
//! empty ones that real requests carry.

use super::talk::Talk;

/// The version every request names.
const API_VERSION: &str = "2010-04-01";

/// Where the SIP calls come from: an address from the range for documentation.
const PBX: &str = "192.0.2.10";

impl Talk<'_> {
    /// The parameters of a request about this call, with some of its own.
    pub fn form(&self, extra: &[(&str, String)]) -> Vec<(String, String)> {
        let call = self.call;
        let mut form: Vec<(String, String)> = Vec::new();
        let mut put = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        put("CallSid", &self.sid);
        put("AccountSid", self.post.account());
        for (name, value) in [("From", &call.from), ("Caller", &call.from), ("To", &call.to), ("Called", &call.to)] {
            put(name, value);
            if !call.is_sip() {
                // Best effort at Twilio: some are known, some are empty.
                let country = if value.starts_with("+1") { "US" } else { "" };
                for (part, known) in [("City", ""), ("State", ""), ("Zip", ""), ("Country", country)] {
                    put(&format!("{name}{part}"), known);
                }
            }
        }
        put("CallStatus", self.status());
        put("ApiVersion", API_VERSION);
        put("Direction", "inbound");
        put("CallToken", &format!("{{\"parentCallInfoToken\":\"{}\",\"identityHeaderTokens\":[]}}", self.sip_call_id));
        if let Some(number) = &call.forwarded_from {
            put("ForwardedFrom", number);
        }
        if call.is_sip() {
            let host = call.to.split_once('@').map_or("", |(_, host)| host);
            put("SipDomain", host.split([';', '?', ':', '>']).next().unwrap_or(""));
            put("SipDomainSid", &format!("SD{:032}", 1));
            put("SipCallId", &format!("{}@{PBX}", self.sip_call_id));
            put("SipSourceIp", PBX);
            if let Some(user) = &call.sip_username {
                put("SipUsername", user);
            }
        } else if call.from.starts_with('+') {
            put("StirVerstat", "TN-Validation-Passed-A");
        }
        for (name, value) in extra {
            put(name, value);
        }
        form
    }

    /// The parameters of a request about a leg this call dials.
    pub fn leg_form(&self, leg: &str, from: &str, to: &str, extra: &[(&str, String)]) -> Vec<(String, String)> {
        let base = [
            ("CallSid", leg),
            ("ParentCallSid", &self.sid),
            ("AccountSid", self.post.account()),
            ("From", from),
            ("Caller", from),
            ("To", to),
            ("Called", to),
            ("ApiVersion", API_VERSION),
            ("Direction", "outbound-dial"),
        ];
        let base = base.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        base.chain(extra.iter().map(|(name, value)| ((*name).to_owned(), value.clone()))).collect()
    }
}
