//! Whoever picks up a forwarded call presses 1, or an answering machine would take it.

use bytes::Bytes;

use crate::routing::{Script, Walk};

use super::document::{Attribute, Document, Plain};
use super::{Urls, canned, words};

/// How long whoever picked up may take to press the key. The caller hears ringing meanwhile.
const KEY_TIMEOUT_SECONDS: &str = "8";

/// Where the screening of a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Somebody picked up: ask for the key.
    Ask,
    /// They pressed 1: connect them with the caller.
    Accepted,
    /// They pressed something else, or nothing.
    Refused,
}

impl Screen {
    /// Reads the stage from the callback's URL and the key from Twilio's `Digits`. What is not ours refuses.
    pub fn read(stage: &str, digits: Option<&str>) -> Screen {
        match (stage, digits) {
            ("ask", _) => Screen::Ask,
            ("key", Some("1")) => Screen::Accepted,
            _ => Screen::Refused,
        }
    }
}

/// The answer to whoever picked up. It runs on their leg, not the caller's; an empty one connects the two.
pub fn screening(script: &Script, walk: &Walk, screen: Screen, urls: &Urls<'_>) -> Bytes {
    match screen {
        Screen::Ask => ask(script, walk, urls),
        Screen::Accepted => canned::empty(),
        Screen::Refused => canned::hang_up(),
    }
}

fn ask(script: &Script, walk: &Walk, urls: &Urls<'_>) -> Bytes {
    let key = urls.screen_key(script.tenant(), walk);
    let mut document = Document::new();
    let gather: [Attribute<'_>; 3] =
        [("numDigits", &Plain("1")), ("timeout", &Plain(KEY_TIMEOUT_SECONDS)), ("action", &key)];
    document.open("Gather", gather);
    document.say(script.spoken(), &words::accept(script.name()));
    document.close("Gather");
    document.empty("Hangup", []);
    document.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_one_accepts() {
        for (stage, digits, screen) in [
            ("ask", None, Screen::Ask),
            ("ask", Some("1"), Screen::Ask),
            ("key", Some("1"), Screen::Accepted),
            ("key", Some("2"), Screen::Refused),
            ("key", Some("11"), Screen::Refused),
            ("key", Some(""), Screen::Refused),
            ("key", None, Screen::Refused),
            ("", Some("1"), Screen::Refused),
            ("accepted", Some("1"), Screen::Refused),
        ] {
            assert_eq!(Screen::read(stage, digits), screen, "{stage} {digits:?}");
        }
    }
}
