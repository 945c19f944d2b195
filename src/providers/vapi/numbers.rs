//! Phone numbers at Vapi: free ones, SIP addresses, imported ones of Twilio's.
//!
//! Creating one is the purchase, and there is no idempotency key. Whoever lost the answer searches for the name (which
//! holds the job) or the address before it creates again. Vapi refuses properties it does not know.

use jiff::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::model::{E164, Secret, Sid, Target, TargetKind, TwilioAccount};

use super::super::ProviderError;
use super::super::http::address;
use super::{Vapi, ask};

pub(super) const OPERATIONS: [&str; 9] = [
    "numbers",
    "find_numbers",
    "number",
    "make_free_number",
    "make_sip_number",
    "import_number",
    "change_number",
    "delete_number",
    "target",
];

/// Ends of a call that mean that our answer did not come or was of no use.
const NOT_ANSWERED: [&str; 4] = [
    "assistant-request-failed",
    "assistant-request-returned-error",
    "assistant-request-returned-invalid-assistant",
    "assistant-request-returned-no-assistant",
];

/// Longest name Vapi takes.
const NAME_MAX: usize = 40;

/// Items of a page: hooks and fallbacks make a number long, and no answer may be longer than a mebibyte.
const PAGE: usize = 200;

/// Most pages that are read.
const PAGES_MAX: usize = 500;

/// Where a number came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum NumberKind {
    /// Vapi's own: a free one, or a SIP address.
    #[serde(rename = "vapi")]
    Vapi,
    /// Imported from Twilio.
    #[serde(rename = "twilio")]
    Twilio,
    /// None that we make.
    #[serde(other)]
    Other,
}

/// A phone number at Vapi.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VapiNumber {
    /// Vapi's id of it.
    pub id: Sid,
    /// Where it came from.
    pub provider: NumberKind,
    /// Its digits; a SIP address has none, a free number only once it is active.
    #[serde(default, deserialize_with = "readable_number")]
    pub number: Option<E164>,
    /// The address it is reached at.
    #[serde(default)]
    pub sip_uri: Option<String>,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// `active`, `activating`, `blocked`.
    #[serde(default)]
    pub status: Option<String>,
    /// The assistant that answers.
    #[serde(default)]
    pub assistant_id: Option<Sid>,
    /// The squad that answers.
    #[serde(default)]
    pub squad_id: Option<Sid>,
    /// The account at Twilio it was imported from.
    #[serde(default)]
    pub twilio_account_sid: Option<Sid>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    #[serde(default)]
    server: Option<Server>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Server {
    #[serde(default)]
    url: Option<String>,
}

impl VapiNumber {
    /// Whom Vapi asks who answers.
    pub fn server_url(&self) -> Option<&str> {
        self.server.as_ref()?.url.as_deref()
    }

    /// Does this target answer, and no other?
    pub fn is_answered_by(&self, target: &Target) -> bool {
        match target.kind {
            TargetKind::Assistant => self.assistant_id.as_ref() == Some(&target.id) && self.squad_id.is_none(),
            TargetKind::Squad => self.squad_id.as_ref() == Some(&target.id) && self.assistant_id.is_none(),
        }
    }

    /// One that counts towards the plan's limit. A SIP address is one of Vapi's own too, and free of any limit.
    pub fn is_free(&self) -> bool {
        self.provider == NumberKind::Vapi && self.sip_uri.is_none()
    }
}

/// An API key of an account at Twilio.
#[derive(Clone, Debug)]
pub struct TwilioKey {
    /// Its SID.
    pub sid: Sid,
    /// Its secret.
    pub secret: Secret,
}

/// Where Vapi tells what happens, and asks who should answer.
#[derive(Clone, Debug)]
pub struct VapiServer {
    /// The address.
    pub url: String,
    /// What proves that it is Vapi who asks.
    pub secret: Option<Secret>,
}

/// The name and password of a SIP address, 20 to 40 characters each.
#[derive(Clone, Debug)]
pub struct SipWords {
    /// The name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// Why Vapi does not make or import a number, as far as its words can be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// None in that area code just now; others it hints at.
    AreaCode(Vec<String>),
    /// It is there already.
    Existing(Sid),
    /// The account at Twilio has no such number.
    NotOnTwilio,
    /// Something else: a limit, a payment.
    Other,
}

#[derive(Deserialize)]
struct Found {
    results: Vec<VapiNumber>,
}

impl Vapi {
    /// Every phone number there is, the newest first.
    pub async fn numbers(&self) -> Result<Vec<VapiNumber>, ProviderError> {
        let secrets = [self.key.reveal()];
        let ask = ask("numbers", &secrets);
        let mut all: Vec<VapiNumber> = Vec::new();
        for _ in 0..PAGES_MAX {
            let mut url = self.place("numbers", &["phone-number"])?;
            url.query_pairs_mut().append_pair("limit", &PAGE.to_string());
            // There is no cursor: what was made before the last one seen comes next.
            if let Some(last) = all.last().and_then(|last| last.created_at) {
                url.query_pairs_mut().append_pair("createdAtLe", &last.to_string());
            }
            let page: Vec<VapiNumber> = ask.json(self.with_key(self.http.client().get(url)), &self.metrics).await?;
            let (is_last, before) = (page.len() < PAGE, all.len());
            let fresh = page.into_iter().filter(|number| !all.iter().rev().take(PAGE).any(|seen| seen.id == number.id));
            let fresh: Vec<VapiNumber> = fresh.collect();
            all.extend(fresh);
            if is_last || all.len() == before {
                return Ok(all);
            }
        }
        Err(ask.nonsense(format!("more than {PAGES_MAX} pages")))
    }

    /// How many free numbers there are.
    pub async fn free_numbers(&self) -> Result<u32, ProviderError> {
        let free = self.numbers().await?.iter().filter(|number| number.is_free()).count();
        Ok(u32::try_from(free).unwrap_or(u32::MAX))
    }

    /// Numbers whose name, digits or address hold this text.
    pub async fn find_numbers(&self, text: &str) -> Result<Vec<VapiNumber>, ProviderError> {
        let mut url = self.place("find_numbers", &["v2", "phone-number"])?;
        url.query_pairs_mut().append_pair("search", text).append_pair("limit", "100");
        let secrets = [self.key.reveal()];
        let request = self.with_key(self.http.client().get(url));
        let found: Found = ask("find_numbers", &secrets).json(request, &self.metrics).await?;
        Ok(found.results)
    }

    /// A number by its id.
    pub async fn number(&self, id: &Sid) -> Result<Option<VapiNumber>, ProviderError> {
        let url = self.place("number", &["phone-number", id.as_str()])?;
        let secrets = [self.key.reveal()];
        let request = self.with_key(self.http.client().get(url));
        ask("number", &secrets).json_or_absent(request, &self.metrics).await
    }

    /// Does Vapi have this assistant or squad?
    pub async fn has_target(&self, target: &Target) -> Result<bool, ProviderError> {
        let kind = match target.kind {
            TargetKind::Assistant => "assistant",
            TargetKind::Squad => "squad",
        };
        let url = self.place("target", &[kind, target.id.as_str()])?;
        let secrets = [self.key.reveal()];
        let request = self.with_key(self.http.client().get(url));
        let found: Option<serde::de::IgnoredAny> =
            ask("target", &secrets).json_or_absent(request, &self.metrics).await?;
        Ok(found.is_some())
    }

    /// Makes a free number that asks us who should answer, and sends callers on where we cannot say.
    pub async fn make_free_number(
        &self,
        area_code: &str,
        name: &str,
        server: &VapiServer,
        otherwise: Option<E164>,
    ) -> Result<VapiNumber, ProviderError> {
        let mut body = json!({
            "provider": "vapi",
            "numberDesiredAreaCode": area_code,
            "name": cut(name),
            "server": server.body(),
        });
        send_on(&mut body, otherwise);
        self.make("make_free_number", body, &[]).await
    }

    /// Makes a SIP address at which a target answers.
    pub async fn make_sip_number(
        &self,
        uri: &str,
        words: &SipWords,
        target: &Target,
        name: &str,
        server: &VapiServer,
    ) -> Result<VapiNumber, ProviderError> {
        let mut body = json!({
            "provider": "vapi",
            "sipUri": uri,
            "authentication": { "username": words.username, "password": words.password.reveal() },
            "name": cut(name),
            "server": server.body(),
        });
        answer_with(&mut body, target);
        self.make("make_sip_number", body, &[words.password.reveal()]).await
    }

    /// Imports a number of an account at Twilio, which Vapi looks up with the key, or else with the account's token. It
    /// then leads to Vapi, and has to be wired back.
    pub async fn import_number(
        &self,
        account: &TwilioAccount,
        key: Option<&TwilioKey>,
        number: E164,
        target: Option<&Target>,
        name: &str,
    ) -> Result<VapiNumber, ProviderError> {
        let mut body = json!({
            "provider": "twilio",
            "number": number.to_string(),
            "twilioAccountSid": account.sid.as_str(),
            "smsEnabled": false,
            "name": cut(name),
        });
        let secret = match key {
            Some(key) => {
                body["twilioApiKey"] = json!(key.sid.as_str());
                body["twilioApiSecret"] = json!(key.secret.reveal());
                &key.secret
            }
            None => {
                body["twilioAuthToken"] = json!(account.auth_token.reveal());
                &account.auth_token
            }
        };
        if let Some(target) = target {
            answer_with(&mut body, target);
        }
        self.make("import_number", body, &[secret.reveal()]).await
    }

    /// Gives a SIP address other words, and makes this target answer at it.
    pub async fn renew_sip_number(
        &self,
        id: &Sid,
        words: &SipWords,
        target: &Target,
        server: &VapiServer,
    ) -> Result<VapiNumber, ProviderError> {
        let mut body = json!({
            "provider": "vapi",
            "assistantId": null,
            "squadId": null,
            "authentication": { "username": words.username, "password": words.password.reveal() },
            "server": server.body(),
        });
        answer_with(&mut body, target);
        self.change(id, body, &[words.password.reveal()]).await
    }

    /// Makes a free number ask us who should answer, and nobody else.
    pub async fn rewire_free_number(
        &self,
        id: &Sid,
        server: &VapiServer,
        otherwise: Option<E164>,
    ) -> Result<VapiNumber, ProviderError> {
        let mut body = json!({ "provider": "vapi", "assistantId": null, "squadId": null, "server": server.body() });
        send_on(&mut body, otherwise);
        self.change(id, body, &[]).await
    }

    /// Makes another target answer a number. One of Twilio's has to be wired back afterwards.
    pub async fn retarget_number(&self, number: &VapiNumber, target: &Target) -> Result<VapiNumber, ProviderError> {
        let provider = match number.provider {
            NumberKind::Vapi => "vapi",
            NumberKind::Twilio => "twilio",
            NumberKind::Other => return Err(ask("change_number", &[]).nonsense("a number we never make".to_owned())),
        };
        let mut body = json!({ "provider": provider, "assistantId": null, "squadId": null });
        answer_with(&mut body, target);
        self.change(&number.id, body, &[]).await
    }

    /// Deletes a number. One that is gone already is deleted.
    pub async fn delete_number(&self, id: &Sid) -> Result<(), ProviderError> {
        let url = self.place("delete_number", &["phone-number", id.as_str()])?;
        let secrets = [self.key.reveal()];
        ask("delete_number", &secrets).gone(self.with_key(self.http.client().delete(url)), &self.metrics).await
    }

    async fn make(&self, operation: &'static str, body: Value, secrets: &[&str]) -> Result<VapiNumber, ProviderError> {
        let url = self.place(operation, &["phone-number"])?;
        let secrets = [&[self.key.reveal()], secrets].concat();
        let request = self.with_key(self.http.client().post(url)).json(&body);
        ask(operation, &secrets).json(request, &self.metrics).await
    }

    async fn change(&self, id: &Sid, body: Value, secrets: &[&str]) -> Result<VapiNumber, ProviderError> {
        let url = self.place("change_number", &["phone-number", id.as_str()])?;
        let secrets = [&[self.key.reveal()], secrets].concat();
        let request = self.with_key(self.http.client().patch(url)).json(&body);
        ask("change_number", &secrets).json(request, &self.metrics).await
    }

    fn place(&self, operation: &'static str, parts: &[&str]) -> Result<Url, ProviderError> {
        address(&self.base, parts).ok_or_else(|| ask(operation, &[]).nonsense("an unusable address".to_owned()))
    }
}

impl VapiServer {
    fn body(&self) -> Value {
        match &self.secret {
            Some(secret) => json!({ "url": self.url, "headers": { "X-Vapi-Secret": secret.reveal() } }),
            None => json!({ "url": self.url }),
        }
    }
}

impl Denial {
    /// Reads a refusal; none where it is no refusal of what was asked, but of who asks, or how often.
    pub fn of(error: &ProviderError) -> Option<Denial> {
        let ProviderError::Refused { status: 400 | 402 | 404 | 409 | 422, message, .. } = error else { return None };
        Some(Denial::read(message))
    }

    fn read(message: &str) -> Denial {
        if let Some((_, hinted)) = message.split_once("Hint: Try one of ") {
            let codes = hinted.trim_end_matches('.').split(',').map(|code| code.trim().to_owned());
            return Denial::AreaCode(codes.filter(|code| code.len() == 3 && code.parse::<u16>().is_ok()).collect());
        }
        let existing = message.split_once("Existing Phone Number ").map(|(_, rest)| rest);
        if let Some(Ok(id)) = existing.and_then(|rest| rest.split_whitespace().next()).map(Sid::parse) {
            return Denial::Existing(id);
        }
        if message.contains("Number Not Found on Twilio") { Denial::NotOnTwilio } else { Denial::Other }
    }
}

fn answer_with(body: &mut Value, target: &Target) {
    let name = match target.kind {
        TargetKind::Assistant => "assistantId",
        TargetKind::Squad => "squadId",
    };
    body[name] = json!(target.id.as_str());
}

/// Where a caller goes when we do not answer, or Vapi does not understand us.
fn send_on(body: &mut Value, number: Option<E164>) {
    let Some(number) = number else {
        // What is not said stays: the hook goes, and what Vapi falls back to by itself cannot be taken away.
        body["hooks"] = json!([]);
        return;
    };
    let destination = json!({ "type": "number", "number": number.to_string() });
    body["hooks"] = json!([{
        "on": "call.ending",
        "filters": [{ "type": "oneOf", "key": "call.endedReason", "oneOf": NOT_ANSWERED }],
        "do": { "type": "transfer", "destination": destination.clone() },
    }]);
    body["fallbackDestination"] = destination;
}

fn cut(name: &str) -> String {
    name.chars().take(NAME_MAX).collect()
}

/// Digits that cannot be read (masked ones have been seen) are none.
fn readable_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<E164>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| E164::parse(&text).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_understood_by_their_words() {
        let hint = "This area code is currently not available. Hint: Try one of 562, 662, 716.";
        let codes = ["562", "662", "716"].map(str::to_owned).to_vec();
        assert_eq!(Denial::read(hint), Denial::AreaCode(codes));
        let there = "Existing Phone Number 5f1f6b34-0000-4000-8000-000000000001 Has Identical `number`";
        let id = Sid::parse("5f1f6b34-0000-4000-8000-000000000001").expect("an id");
        assert_eq!(Denial::read(there), Denial::Existing(id));
        assert_eq!(Denial::read("Number Not Found on Twilio."), Denial::NotOnTwilio);
        assert_eq!(Denial::read("You have reached your limit."), Denial::Other);
    }

    #[test]
    fn masked_digits_are_none() {
        let number = json!({ "id": "1", "provider": "byo-phone-number", "number": "+165****8621", "new": true });
        let number: VapiNumber = serde_json::from_value(number).expect("read");
        assert_eq!((number.number, number.provider), (None, NumberKind::Other));
    }
}
