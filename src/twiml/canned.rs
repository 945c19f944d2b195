//! Answers that need nothing: no tenant, no settings, no memory that could fail to be had.

use bytes::Bytes;

macro_rules! document {
    ($($part:expr),*) => {
        Bytes::from_static(concat!(r#"<?xml version="1.0" encoding="UTF-8"?>"#, $($part),*).as_bytes())
    };
}

/// Runs no verb: a callback's answer, or the end of a call whose caller has left.
pub fn empty() -> Bytes {
    document!("<Response/>")
}

/// Hangs up.
pub fn hang_up() -> Bytes {
    document!("<Response><Hangup/></Response>")
}

/// Does not answer the call at all.
pub fn reject() -> Bytes {
    document!("<Response><Reject/></Response>")
}

/// To a number nobody has.
pub fn unknown_number() -> Bytes {
    document!(
        "<Response><Say>The number you have called is not in service. Please check it and call again. Goodbye.</Say>",
        "<Hangup/></Response>"
    )
}

/// To a SIP name nobody has.
pub fn unknown_sip_name() -> Bytes {
    document!(
        "<Response><Say>The business you are calling was not found. Please check the address and call again. Goodbye.</Say>",
        "<Hangup/></Response>"
    )
}

/// When nobody can tell whose line it is, or a handler panicked.
pub fn trouble() -> Bytes {
    document!(
        "<Response><Say>This line is having trouble right now. Please try again in a few minutes.</Say>",
        "<Hangup/></Response>"
    )
}

/// Nobody can come to the phone, in nobody's particular voice.
pub fn busy() -> Bytes {
    document!(
        "<Response><Say>We're unable to take your call right now. Please try again later.</Say>",
        "<Hangup/></Response>"
    )
}

/// After a message whose tenant is no longer known.
pub fn goodbye() -> Bytes {
    document!("<Response><Say>Thank you. Goodbye.</Say><Hangup/></Response>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twiml::words;

    #[test]
    fn the_canned_sentences_are_the_words_kept_for_them() {
        for (document, words) in [
            (unknown_number(), words::UNKNOWN_NUMBER),
            (unknown_sip_name(), words::UNKNOWN_SIP_NAME),
            (trouble(), words::TROUBLE),
            (busy(), words::BUSY),
            (goodbye(), words::GOODBYE),
        ] {
            let text = std::str::from_utf8(&document).expect("UTF-8");
            assert!(text.contains(&format!("<Say>{words}</Say><Hangup/></Response>")), "{text}");
        }
    }
}
