//! Where Vapi's messages keep what we look for. Their shape is open: every place may be missing.

use serde_json::Value;

use crate::model::Sid;

/// The `message` of a server message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a>(pub &'a Value);

impl<'a> Message<'a> {
    pub fn kind(self) -> &'a str {
        self.text("/type").unwrap_or("")
    }

    pub fn text(self, pointer: &str) -> Option<&'a str> {
        self.0.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    pub fn number(self, pointer: &str) -> Option<f64> {
        self.0.pointer(pointer)?.as_f64()
    }

    /// Vapi's id of the call.
    pub fn vapi_call(self) -> Option<Sid> {
        sid(self.text("/call/id")?)
    }

    /// Our own header, as it arrived with a call that we dialled.
    pub fn our_header(self, name: &str) -> Option<&'a str> {
        let header = format!("x-{name}");
        let variables = ["/call/assistantOverrides/variableValues", "/call/squadOverrides/variableValues"];
        let headers = ["/call/phoneCallProviderDetails/sip/headers", "/call/transport/sip/headers"];
        headers
            .iter()
            .find_map(|place| lookup(self.0.pointer(place)?, &header))
            .or_else(|| variables.iter().find_map(|place| lookup(self.0.pointer(place)?, name)))
    }

    /// Every name under which the ledger may know this call, the surest first.
    pub fn call_sids(self) -> Vec<Sid> {
        let named = [
            self.our_header("callsid"),
            self.text("/call/phoneCallProviderId"),
            self.text("/call/transport/callSid"),
            self.text("/call/id"),
        ];
        named.into_iter().flatten().filter_map(sid).collect()
    }
}

fn sid(raw: &str) -> Option<Sid> {
    Sid::parse(raw).ok()
}

/// Header names arrive in any case, and a header as a text or a list of them.
fn lookup<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    let (_, value) = object.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    value.as_str().or_else(|| value.as_array()?.first()?.as_str()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn our_call_is_found_wherever_vapi_puts_its_headers() {
        for call in [
            json!({"id": "v1", "phoneCallProviderDetails": {"sip": {"headers": {"X-CallSid": "CA1"}}}}),
            json!({"id": "v1", "transport": {"sip": {"headers": {"x-callsid": ["CA1"]}}}}),
            json!({"id": "v1", "assistantOverrides": {"variableValues": {"callsid": "CA1"}}}),
            json!({"id": "v1", "phoneCallProviderId": "CA1"}),
        ] {
            let message = json!({"call": call});
            let sids = Message(&message).call_sids();
            assert_eq!(sids.first().map(Sid::as_str), Some("CA1"), "{message}");
            assert_eq!(sids.last().map(Sid::as_str), Some("v1"), "{message}");
        }
    }

    #[test]
    fn a_message_of_any_shape_is_read_without_harm() {
        for message in [json!(null), json!([]), json!({"call": 7}), json!({"call": {"id": ["x"]}}), json!({"type": 1})]
        {
            assert!(Message(&message).call_sids().is_empty());
            assert_eq!(Message(&message).kind(), "");
        }
    }
}
