//! What it means that requests are refused for their signature, and what a person does about it, cause by cause.

use crate::edge::RefusedSignature;

/// What the edge refused since the start.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    /// The bases whose signature counts, as the settings give them.
    pub public_urls: Vec<String>,
    /// How often for each cause.
    pub failures: Vec<(&'static str, u64)>,
    /// The last few, newest first.
    pub recent: Vec<RefusedSignature>,
}

/// A cause in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// What it means.
    pub meaning: &'static str,
    /// What a person does now.
    pub next: &'static str,
}

const WORDS: [(&str, Words); 8] = [
    (
        "missing",
        Words {
            meaning: "The request carries no X-Twilio-Signature: it is not Twilio's, or something in front of the edge \
                      takes the header away.",
            next: "Look in the log for \"signature refused\" and the client that called; if it was Twilio, let the proxy \
                   in front pass the header X-Twilio-Signature on unchanged. A scanner needs nothing.",
        },
    ),
    (
        "mismatch",
        Words {
            meaning: "The signature fits none of the public URLs with the tokens known here: Twilio called another URL \
                      than these, signed with another token, or the form was changed on its way.",
            next: "Compare publicUrls with the URL that the number has at Twilio, in scheme, host, port and path, and set \
                   edge.public_url to what Twilio calls. If the URLs are alike and the token was rotated, give the new \
                   one: twilio.auth_token for the installation's account, `patchbay orgs set-twilio` for an \
                   organization's. If both are right, something between Twilio and the edge rewrites bodies.",
        },
    ),
    (
        "unknown_account",
        Words {
            meaning: "The request names an AccountSid that no organization has, and that is not the installation's.",
            next: "If the account is a customer's, give it to their organization with `patchbay orgs set-twilio`; if it \
                   is the installation's own, set twilio.account_sid and twilio.auth_token. Else a number somewhere \
                   leads here that should not.",
        },
    ),
    (
        "wrong-body",
        Words {
            meaning: "The body is not the one whose digest the URL names (bodySHA256): it was changed on its way.",
            next: "Let nothing between Twilio and the edge change bodies: no filter of a firewall, no decompression, no \
                   other encoding.",
        },
    ),
    (
        "unknown-algorithm",
        Words {
            meaning: "The request asks for a signature algorithm that is neither HMAC_SHA1 nor HMAC_SHA256.",
            next: "Set the algorithm of webhook signatures at Twilio to HMAC-SHA256 or back to the default, or use a newer \
                   patchbay.",
        },
    ),
    (
        "no_public_url",
        Words {
            meaning: "The signature is right, and under which URL the edge is reached is not known: answers could not \
                      name where to call next.",
            next: "Set edge.public_url to the base that Twilio calls, as https://calls.example.com, and restart.",
        },
    ),
    (
        "vapi",
        Words {
            meaning: "A message to the webhook of Vapi carried neither the secret nor a signature made with it.",
            next: "Compare vapi.webhook_secret with the secret of the server at Vapi, and deploy the tenants whose server \
                   has another (`patchbay tenants deploy`). If Vapi did not send it, nothing is to be done.",
        },
    ),
    (
        "other",
        Words {
            meaning: "The request was refused for a reason that has no word of its own here.",
            next: "Look in the log for \"signature refused\": the line tells the cause.",
        },
    ),
];

/// A cause in words; one without words of its own is told like any other.
pub fn words(cause: &str) -> Words {
    let known = WORDS.iter().find(|(known, _)| *known == cause);
    known.or(WORDS.last()).map_or(Words { meaning: "", next: "" }, |(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Metrics;

    #[test]
    fn every_cause_has_words_of_its_own() {
        let causes: Vec<&str> = Metrics::new().signature_failures().iter().map(|(cause, _)| *cause).collect();
        let known: Vec<&str> = WORDS.iter().map(|(cause, _)| *cause).collect();
        assert_eq!(known, causes);
        for (cause, words) in WORDS {
            for text in [words.meaning, words.next] {
                assert!(text.len() > 20 && text.ends_with('.'), "{cause}: {text}");
            }
        }
        assert_eq!(words("of a newer edge"), words("other"));
    }
}
