//! The requests of a plan, one by one, and what comes of each. What takes a while is begun here, and waited for in
//! `report`; a number that is bought is waited for at once, for what comes after it counts on it.

use std::collections::HashMap;

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

use super::installation::missing;
use super::reach::not_asked_for;
use crate::cli::api::text;
use crate::cli::jobs::watched;
use crate::cli::remote::{Answer, Remote};

/// One request.
#[derive(Debug)]
pub(super) enum Deed {
    CreateOrg(Value),
    ChangeOrg(Value),
    PutTwilio(Value),
    DeleteTwilio,
    PutBilling(Value),
    /// The tenant, and its organization's name or id where one is named.
    CreateTenant(Value, Option<String>),
    ChangeTenant(Value),
    PutAvailability(Value),
    /// A number of ours that leads to nobody leads to the tenant.
    LeadNumber {
        body: Value,
        pointer: String,
    },
    /// What the calls of one of its numbers are for.
    ChangeNumber {
        id: String,
        change: Value,
        pointer: String,
    },
    /// A number nobody here knows: taken from the account, or bought. Then what its calls are for.
    GetNumber {
        e164: String,
        given: Value,
        pointer: String,
    },
    PutPhone(Value),
    /// How it is reached is set up.
    Deploy,
    /// Its own number is asked for, unless something is missing.
    Move {
        slug: String,
    },
}

/// What came of a request.
#[derive(Debug)]
pub(super) enum Came {
    Done(Answer),
    /// It is done, or left for later, and this is to be said of it.
    Told(String),
    /// This job does it.
    Begun(String),
    /// It is not done yet, and what comes after it cannot be.
    Waits(String),
    /// It could not be done, and what comes after it cannot be either.
    Failed(String),
}

impl Deed {
    /// Where in its part of the file stands what is sent.
    pub fn pointer(&self) -> &str {
        match self {
            Deed::PutAvailability(_) => "/availability",
            Deed::PutTwilio(_) | Deed::DeleteTwilio => "/twilio",
            Deed::PutBilling(_) => "/billing",
            Deed::LeadNumber { pointer, .. } | Deed::ChangeNumber { pointer, .. } | Deed::GetNumber { pointer, .. } => {
                pointer
            }
            Deed::PutPhone(_) | Deed::Deploy | Deed::Move { .. } => "/phone",
            Deed::CreateOrg(_) | Deed::ChangeOrg(_) | Deed::CreateTenant(..) | Deed::ChangeTenant(_) => "",
        }
    }
}

/// Whoever sends them.
pub(super) struct Hand<'a> {
    remote: &'a Remote,
    /// Whether to stay until a number is got.
    waits: bool,
    /// Ids of organizations by their names.
    pub orgs: HashMap<String, String>,
}

impl<'a> Hand<'a> {
    pub fn new(remote: &'a Remote, waits: bool, orgs: &[Value]) -> Hand<'a> {
        let named = orgs.iter().map(|org| (text(org, "name").to_owned(), text(org, "id").to_owned()));
        Hand { remote, waits, orgs: named.collect() }
    }

    /// Does it to the organization or tenant of this id; where a tag is given, if it has not changed since.
    pub async fn carry_out(&self, deed: &Deed, id: &str, tag: Option<&HeaderValue>) -> anyhow::Result<Came> {
        let remote = self.remote;
        let path = |of: &str, part: &str| format!("/api/{of}/{id}{part}");
        let (method, path, body, tag) = match deed {
            Deed::CreateOrg(body) => return Ok(Came::Done(remote.post_if("/api/orgs", body, None).await?)),
            Deed::CreateTenant(body, org) => {
                let mut body = body.clone();
                if let Some(org) = org {
                    body["orgId"] = json!(self.orgs.get(org).unwrap_or(org));
                }
                return Ok(Came::Done(remote.post_if("/api/tenants", &body, None).await?));
            }
            Deed::LeadNumber { body, .. } => {
                let mut body = body.clone();
                body["tenantId"] = json!(id);
                let answer = remote.post_if("/api/numbers/owned", &body, None).await?;
                return Ok(begun_or_done(answer));
            }
            Deed::GetNumber { e164, given, .. } => return self.get(id, e164, given).await,
            Deed::Deploy => return self.deploy(id).await,
            Deed::Move { slug } => {
                let missing = missing(remote, id, &json!({ "method": "ported" })).await?;
                return match missing.is_empty() {
                    true => self.deploy(id).await,
                    false => Ok(Came::Told(not_asked_for(slug, &missing))),
                };
            }
            Deed::ChangeNumber { id, change, .. } => (Method::PATCH, format!("/api/numbers/{id}"), Some(change), None),
            Deed::PutPhone(body) => (Method::PUT, path("tenants", "/phone-integration"), Some(body), None),
            Deed::ChangeOrg(body) => (Method::PATCH, path("orgs", ""), Some(body), tag),
            Deed::PutTwilio(body) => (Method::PUT, path("orgs", "/twilio"), Some(body), tag),
            Deed::DeleteTwilio => (Method::DELETE, path("orgs", "/twilio"), None, tag),
            Deed::PutBilling(body) => (Method::PUT, path("orgs", "/billing"), Some(body), tag),
            Deed::ChangeTenant(body) => (Method::PATCH, path("tenants", ""), Some(body), tag),
            Deed::PutAvailability(body) => (Method::PUT, path("tenants", "/availability"), Some(body), tag),
        };
        Ok(Came::Done(remote.change(method, &path, body, tag).await?))
    }

    async fn deploy(&self, id: &str) -> anyhow::Result<Came> {
        let path = format!("/api/tenants/{id}/deploy");
        Ok(begun_or_done(self.remote.post_if(&path, &Value::Null, None).await?))
    }

    async fn get(&self, id: &str, e164: &str, given: &Value) -> anyhow::Result<Came> {
        let begun = self.remote.post("/api/numbers", &json!({ "projectId": id, "number": e164 })).await?;
        let job = text(&begun, "jobId");
        let mut number = begun["phoneNumber"]["id"].clone();
        if begun["success"] != json!(true) {
            let is_open = ["queued", "running", "waiting"].contains(&text(&begun, "state"));
            if is_open && !self.waits {
                let why =
                    format!("· {job} gets {e164}; once it is there, apply the file again for what comes after it");
                return Ok(Came::Waits(why));
            }
            let over = watched(self.remote, job, false).await?;
            if over["state"] != "succeeded" {
                let detail = text(&over, "detail").replace('\n', "; ");
                return Ok(Came::Failed(format!("✗ {job} got no {e164}: {}: {detail}", text(&over, "state"))));
            }
            number = over["result"]["numberId"].clone();
        }
        if *given != json!({}) {
            let path = format!("/api/numbers/{}", number.as_str().unwrap_or_default());
            self.remote.change(Method::PATCH, &path, Some(given), None).await?;
        }
        Ok(Came::Told(format!("✓ {job} got {e164}")))
    }
}

fn begun_or_done(answer: Answer) -> Came {
    match answer.body["jobId"].as_str() {
        Some(job) => Came::Begun(job.to_owned()),
        None => Came::Done(answer),
    }
}
