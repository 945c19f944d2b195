//! Who is told of ports: where to, of what, and the telling itself, signed as Twilio signs JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::{Method, StatusCode, header};
use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::model::Secret;

use super::super::super::caller::{client, sign, signed_form};
use super::super::super::wire::{Reply, Request, fresh_uuid};
use super::super::{Identity, problem};
use super::Ports;
use super::shown::written;

/// Longest that one telling may take. Twilio waits longer; whoever turns the crank here waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who is told of an account's ports, and of its subaccounts'.
#[derive(Clone)]
pub(super) struct Hook {
    /// What signs: the token of whoever set it.
    token: Secret,
    in_url: Option<String>,
    out_url: Option<String>,
    /// Of what; of everything if nothing is named.
    events: Vec<String>,
    at: Timestamp,
}

/// Something to be told.
pub(in crate::simulator) struct Telling {
    pub event: String,
    url: String,
    token: Secret,
    body: Value,
}

pub(super) fn answer(
    hooks: &mut BTreeMap<String, Hook>,
    request: &Request,
    identity: &Identity,
    kind: &[&str],
) -> Option<Reply> {
    match (&request.method, kind) {
        (&Method::GET, []) => {
            // Where nobody is told there are no addresses: of a 404 Twilio's description says nothing.
            let hook = hooks.get(&identity.account).cloned().unwrap_or_else(|| Hook::none(identity));
            Some(Reply::json(StatusCode::OK, &hook.json(true)))
        }
        (&Method::POST, []) => Some(match Hook::read(request, identity) {
            Ok(hook) => {
                let reply = Reply::json(StatusCode::CREATED, &hook.json(false));
                hooks.insert(identity.account.clone(), hook);
                reply
            }
            Err(fault) => problem(StatusCode::BAD_REQUEST, 20422, &fault),
        }),
        (&Method::DELETE, [kind @ ("PORT_IN" | "PORT_OUT")]) => {
            let hook = hooks.get_mut(&identity.account)?;
            let url = if *kind == "PORT_IN" { &mut hook.in_url } else { &mut hook.out_url };
            url.take().map(|_| Reply::empty(StatusCode::NO_CONTENT))
        }
        _ => None,
    }
}

impl Hook {
    fn none(identity: &Identity) -> Hook {
        let (token, events, at) = (identity.token.clone(), Vec::new(), Timestamp::now());
        Hook { token, in_url: None, out_url: None, events, at }
    }

    /// What is said replaces what was.
    fn read(request: &Request, identity: &Identity) -> Result<Hook, String> {
        let asked = request.json()?;
        let url = |name: &str| match &asked[name] {
            Value::Null => Ok(None),
            Value::String(url) if url.starts_with("https://") || url.starts_with("http://") => Ok(Some(url.clone())),
            _ => Err(format!("{name} is not a valid URL")),
        };
        let events = match &asked["notifications_of"] {
            Value::Null => Some(Vec::new()),
            Value::Array(names) => names.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        Ok(Hook {
            token: identity.token.clone(),
            in_url: url("port_in_target_url")?,
            out_url: url("port_out_target_url")?,
            events: events
                .filter(|names: &Vec<String>| names.iter().all(|name| name.starts_with("Port")))
                .ok_or("notifications_of names no events")?,
            at: Timestamp::now(),
        })
    }

    fn json(&self, with_dates: bool) -> Value {
        let mut body = json!({
            "url": "https://numbers.twilio.com/v1/Porting/Configuration/Webhook",
            "port_in_target_url": self.in_url,
            "port_out_target_url": self.out_url,
            "notifications_of": self.events,
        });
        if with_dates {
            body["port_in_target_date_created"] = json!(self.in_url.as_ref().map(|_| written(self.at)));
            body["port_out_target_date_created"] = json!(self.out_url.as_ref().map(|_| written(self.at)));
        }
        body
    }

    fn tells(&self, event: &str, body: Value) -> Option<Telling> {
        let is_wanted = self.events.is_empty() || self.events.iter().any(|wanted| wanted == event);
        let url = self.in_url.clone().filter(|_| is_wanted)?;
        Some(Telling { event: event.to_owned(), url, token: self.token.clone(), body })
    }
}

impl Ports {
    /// What an account is told of an event, if it wants to hear of it.
    pub(super) fn telling(&self, account: &str, event: &str, body: Value) -> Option<Telling> {
        self.hooks.get(account)?.tells(event, body)
    }
}

/// Tells one after the other, and says what was answered: a status, or why there is none.
pub(in crate::simulator) async fn deliver(tellings: Vec<Telling>) -> Vec<Value> {
    let mut told = Vec::new();
    for telling in tellings {
        let answered = telling.deliver().await.map_or_else(Value::String, |status| json!(status));
        told.push(json!({ "event": telling.event, "url": telling.url, "answered": answered }));
    }
    told
}

impl Telling {
    async fn deliver(&self) -> Result<u16, String> {
        let mut url = Url::parse(&self.url).map_err(|error| error.to_string())?;
        let body = self.body.to_string();
        let digest: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
        // No form is signed here: the digest in the address stands for the body.
        url.query_pairs_mut().append_pair("bodySHA256", &digest);
        url.set_fragment(None);
        let signature = sign(self.token.reveal(), &signed_form(&url), &[]);
        let client = client(&url).map_err(|error| error.to_string())?;
        let request = client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-Twilio-Signature", signature)
            .header("I-Twilio-Idempotency-Token", fresh_uuid())
            .timeout(PATIENCE)
            .body(body);
        let answer = request.send().await.map_err(|error| error.without_url().to_string())?;
        Ok(answer.status().as_u16())
    }
}
