//! Ports: numbers that move here from another carrier. May this one, the request, how far it is, and who is told.
//!
//! A request has no idempotency key. Whoever lost its answer asks `find_port` for the number before asking again. All of
//! it lies at hosts of its own (`Twilio::with_porting`), and only for local and mobile numbers of the United States.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::Date;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::json;

use crate::model::{E164, Sid, TwilioAccount};

use super::super::ProviderError;
use super::{PAGES_MAX, Twilio, address, as_account, ask};
use asked::Asked;
use found::{Document, FoundPort, FoundPortability, Made, Page};

mod asked;
mod found;
mod status;

pub use asked::{Bill, BillFormat, CustomerType, LosingCarrier, NotABill, PortAddress, PortIn, PortNumber};
pub use found::{ListedPort, Port, Portability, PortedNumber};
pub use status::{PortKind, PortNumberStatus, PortStatus};

pub(super) const OPERATIONS: [&str; 8] =
    ["portability", "upload_bill", "port_in", "port", "cancel_port", "ports", "port_webhook", "set_port_webhook"];

/// Longest an upload may take: ten mebibytes do not pass a slow line in the time of other requests.
const UPLOAD_DEADLINE: Duration = Duration::from_secs(60);

/// How many requests a page of the list has, the most there can be.
const PORTS_OF_A_PAGE: &str = "100";

/// Most requests that are looked into for a number, one question each.
const LOOKED_INTO_MAX: usize = 500;

/// What happens to a request and its numbers, as webhooks name it.
const EVENTS: [&str; 12] = [
    "PortInWaitingForSignature",
    "PortInInProgress",
    "PortInActionRequired",
    "PortInCompleted",
    "PortInCanceled",
    "PortInExpired",
    "PortInPhoneNumberWaitingForSignature",
    "PortInPhoneNumberSubmitted",
    "PortInPhoneNumberPending",
    "PortInPhoneNumberCompleted",
    "PortInPhoneNumberRejected",
    "PortInPhoneNumberCanceled",
];

/// Who is told of ports. A URL that is not set is none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PortWebhook {
    /// Where ports to Twilio are told.
    #[serde(rename = "port_in_target_url")]
    pub port_in_url: Option<String>,
    /// Where ports away from it are.
    #[serde(rename = "port_out_target_url")]
    pub port_out_url: Option<String>,
    /// Of what; of everything if nothing is named.
    #[serde(rename = "notifications_of", default)]
    events: Option<Vec<String>>,
}

impl Twilio {
    /// Can this number come to the account?
    pub async fn portability(&self, account: &TwilioAccount, number: E164) -> Result<Portability, ProviderError> {
        let operation = "portability";
        let url = self.porting(operation, &["Portability", "PhoneNumber", &number.to_string()])?;
        let secrets = [account.auth_token.reveal()];
        let ask = ask(operation, &secrets);
        let found: FoundPortability = ask.json(self.get(url, account), &self.metrics).await?;
        found.judged().ok_or_else(|| ask.nonsense("a portability that says neither yes nor no".to_owned()))
    }

    /// Uploads a bill; its SID goes into requests.
    pub async fn upload_bill(&self, account: &TwilioAccount, bill: &Bill) -> Result<Sid, ProviderError> {
        let secrets = [account.auth_token.reveal()];
        let mut ask = ask("upload_bill", &secrets);
        ask.deadline = UPLOAD_DEADLINE;
        let url = address(&self.upload, &["v1", "Documents"]);
        let url = url.ok_or_else(|| ask.nonsense("an unusable address".to_owned()))?;
        let (body, content_type) = bill.as_form();
        let request = as_account(self.http.client().post(url), account).header(CONTENT_TYPE, content_type).body(body);
        let document: Document = ask.json(request, &self.metrics).await?;
        match document.mime_type.as_deref() {
            // Twilio's sign that nothing arrived of the file.
            Some("") => Err(ask.nonsense("a document without content".to_owned())),
            _ => Ok(document.sid),
        }
    }

    /// Asks for numbers to come. It binds a customer: nothing is asked for twice.
    pub async fn port_in(&self, account: &TwilioAccount, port: &PortIn) -> Result<Sid, ProviderError> {
        let url = self.porting("port_in", &["PortIn"])?;
        let mut secrets = vec![account.auth_token.reveal()];
        secrets.extend(port.secrets());
        let asked = Asked { account_sid: &account.sid, port };
        let request = as_account(self.http.client().post(url), account).json(&asked);
        let made: Made = ask("port_in", &secrets).json(request, &self.metrics).await?;
        Ok(made.port_in_request_sid)
    }

    /// A request by its SID.
    pub async fn port(&self, account: &TwilioAccount, sid: &Sid) -> Result<Option<Port>, ProviderError> {
        let url = self.porting("port", &["PortIn", sid.as_str()])?;
        let found: Option<FoundPort> = self.one("port", url, account).await?;
        Ok(found.map(Port::of))
    }

    /// Calls a request off. One that is gone already is called off.
    pub async fn cancel_port(&self, account: &TwilioAccount, sid: &Sid) -> Result<(), ProviderError> {
        let url = self.porting("cancel_port", &["PortIn", sid.as_str()])?;
        self.delete("cancel_port", url, account).await
    }

    /// The requests of an account, those made on this day or later if there is one.
    pub async fn ports(&self, account: &TwilioAccount, since: Option<Date>) -> Result<Vec<ListedPort>, ProviderError> {
        let mut first = self.porting("ports", &["PortIn", "PortInRequests"])?;
        first.query_pairs_mut().append_pair("Size", PORTS_OF_A_PAGE);
        if let Some(before) = since.and_then(|since| since.checked_sub(1.day()).ok()) {
            // Whether the day itself counts as after it, and in which zone it begins, Twilio does not say.
            first.query_pairs_mut().append_pair("CreatedAfter", &before.to_string());
        }
        let secrets = [account.auth_token.reveal()];
        let ask = ask("ports", &secrets);
        let (mut found, mut next) = (Vec::new(), Some(first.clone()));
        for _ in 0..PAGES_MAX {
            let Some(url) = next.take() else { return Ok(found) };
            let page: Page = ask.json(self.get(url, account), &self.metrics).await?;
            let (listed, token) = page.read();
            found.extend(listed);
            next = token.map(|token| {
                let mut url = first.clone();
                url.query_pairs_mut().append_pair("Token", &token);
                url
            });
        }
        Err(ask.nonsense(format!("more than {PAGES_MAX} pages")))
    }

    /// The request that brings this number, made on this day or later: the newest that was not given up.
    pub async fn find_port(
        &self,
        account: &TwilioAccount,
        number: E164,
        since: Date,
    ) -> Result<Option<Port>, ProviderError> {
        let mut listed = self.ports(account, Some(since)).await?;
        listed.retain(|port| !port.status.has_failed());
        if listed.len() > LOOKED_INTO_MAX {
            return Err(ask("ports", &[]).nonsense(format!("more than {LOOKED_INTO_MAX} requests since {since}")));
        }
        let mut newest: Option<Port> = None;
        for port in listed {
            let Some(port) = self.port(account, &port.sid).await? else { continue };
            let holds_it = port.numbers.iter().any(|one| one.e164 == number && !one.was_canceled());
            let holds_it = holds_it && !port.status.has_failed();
            if holds_it && newest.as_ref().is_none_or(|newest| newest.created < port.created) {
                newest = Some(port);
            }
        }
        Ok(newest)
    }

    /// Who is told of ports, if anybody is.
    pub async fn port_webhook(&self, account: &TwilioAccount) -> Result<Option<PortWebhook>, ProviderError> {
        let url = self.porting("port_webhook", &["Configuration", "Webhook"])?;
        let found: Option<PortWebhook> = self.one("port_webhook", url, account).await?;
        Ok(found.filter(PortWebhook::is_set))
    }

    /// Has ports to Twilio told at this address; that they are already is as good.
    ///
    /// What is said replaces what was: where ports away are told, and of what else somebody wanted to hear, is said again.
    pub async fn set_port_webhook(&self, account: &TwilioAccount, target: &str) -> Result<(), ProviderError> {
        let found = self.port_webhook(account).await?;
        if found.as_ref().is_some_and(|found| found.tells(target)) {
            return Ok(());
        }
        let url = self.porting("set_port_webhook", &["Configuration", "Webhook"])?;
        let wanted = found.as_ref().map(PortWebhook::wanted).unwrap_or_default();
        let mut body = json!({ "port_in_target_url": target, "notifications_of": wanted });
        if let Some(away) = found.and_then(|found| found.port_out_url).filter(|away| !away.is_empty()) {
            body["port_out_target_url"] = json!(away);
        }
        let secrets = [account.auth_token.reveal()];
        let request = as_account(self.http.client().post(url), account).json(&body);
        ask("set_port_webhook", &secrets).done(request, &self.metrics).await
    }

    /// An address of porting; an identifier that fits none is the asker's fault.
    fn porting(&self, operation: &'static str, rest: &[&str]) -> Result<Url, ProviderError> {
        let parts: Vec<&str> = ["v1", "Porting"].iter().chain(rest).copied().collect();
        address(&self.numbers, &parts).ok_or_else(|| ask(operation, &[]).nonsense("an unusable address".to_owned()))
    }
}

impl PortWebhook {
    /// Is this address told all there is to know of ports to Twilio?
    pub fn tells(&self, target: &str) -> bool {
        let events = self.events.as_deref().unwrap_or_default();
        let hears_all = || EVENTS.iter().all(|event| events.iter().any(|wanted| wanted == event));
        self.port_in_url.as_deref() == Some(target) && (events.is_empty() || hears_all())
    }

    fn is_set(&self) -> bool {
        [&self.port_in_url, &self.port_out_url].into_iter().flatten().any(|url| !url.is_empty())
    }

    /// What is to be told, with ours among it; nothing named is everything.
    fn wanted(&self) -> Vec<String> {
        let mut wanted = self.events.clone().unwrap_or_default();
        if !wanted.is_empty() {
            let missing = EVENTS.into_iter().filter(|event| !wanted.iter().any(|wanted| wanted == event));
            wanted.extend(missing.map(str::to_owned).collect::<Vec<_>>());
        }
        wanted
    }
}
