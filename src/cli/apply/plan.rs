//! From what a file wants and what there is: what differs, in words, and what is to be done about it.
//!
//! Everything that can be known beforehand is held against the API's own rules here, so that a file with a fault
//! changes nothing at all.

use serde_json::{Map, Value, json};

use super::deeds::Deed;
use super::file::{FileFault, Place, SecretName, Wanted, WantedOrg, WantedTenant, WantedTwilio};
use super::installation::{Held, Installation};
use crate::admin::offline;
use crate::cli::api::text;
use crate::cli::differences::{Difference, between};
use crate::model::Secret;
use crate::model::availability::{Availability, Strictness};

/// What is to be done about one organization or tenant.
#[derive(Debug)]
pub(super) struct Item {
    pub place: Place,
    /// Its id, where it is there already.
    pub id: Option<String>,
    /// The version it was read at.
    pub version: Option<u64>,
    /// What changes.
    pub lines: Vec<String>,
    /// What is to be known, and changes nothing.
    pub notes: Vec<String>,
    pub deeds: Vec<Deed>,
}

impl Item {
    pub fn state(&self) -> &'static str {
        match (self.id.is_some(), self.deeds.is_empty()) {
            (false, _) => "new",
            (true, false) => "changed",
            (true, true) => "same",
        }
    }
}

/// What is found to be done about one tenant, bit by bit.
#[derive(Default)]
pub(super) struct Doing {
    pub lines: Vec<String>,
    pub notes: Vec<String>,
    pub deeds: Vec<Deed>,
}

/// How the plan gets secrets, and whether it sends those that are there already.
pub(super) struct Secrets<'a> {
    pub look: &'a dyn Fn(&str) -> Option<Secret>,
    pub again: bool,
}

/// Plans everything a file wants; every fault at once.
pub(super) fn plan(wanted: Wanted, now: &Installation, secrets: &Secrets<'_>) -> Result<Vec<Item>, Vec<FileFault>> {
    let new_orgs = wanted.orgs.iter().map(|org| org.key.clone()).collect();
    let billing = wanted.orgs.iter().filter_map(|org| Some((org.key.clone(), org.billing.clone()?))).collect();
    let mut planner = Planner { now, secrets, faults: Vec::new(), new_orgs, billing };
    let orgs: Vec<Item> = wanted.orgs.into_iter().map(|org| planner.org(org)).collect();
    let tenants: Vec<Item> = wanted.tenants.into_iter().map(|tenant| planner.tenant(tenant)).collect();
    planner.faults.sort();
    if planner.faults.is_empty() { Ok(orgs.into_iter().chain(tenants).collect()) } else { Err(planner.faults) }
}

pub(super) struct Planner<'a> {
    pub now: &'a Installation,
    secrets: &'a Secrets<'a>,
    pub faults: Vec<FileFault>,
    /// The keys of the file's own organizations.
    pub new_orgs: Vec<String>,
    /// What the file says of their billing.
    pub billing: Vec<(String, String)>,
}

impl<'a> Planner<'a> {
    fn org(&mut self, wanted: WantedOrg) -> Item {
        let place = &wanted.place;
        let found = self.found_org(place, "", &wanted.key);
        let null = Value::Null;
        let before = found.unwrap_or(&null);
        let (mut lines, mut deeds) = (Vec::new(), Vec::new());
        let name = wanted.name.as_deref().or(found.is_none().then_some(wanted.key.as_str()));
        if let Some(name) = name.filter(|name| *name != text(before, "name")) {
            let body = json!({ "name": name });
            let faults = offline::org_faults(&body).into_iter().map(|fault| place.fault(&fault.pointer, fault.detail));
            self.faults.extend(faults);
            if found.is_none() {
                deeds.push(Deed::CreateOrg(body));
            } else {
                lines.extend(told(&json!({ "name": before["name"] }), &body));
                deeds.push(Deed::ChangeOrg(body));
            }
        }
        match &wanted.twilio {
            Some(Some(twilio)) => self.twilio(place, twilio, &before["twilio"], &mut lines, &mut deeds),
            Some(None) if !before["twilio"].is_null() => {
                lines.push(format!("- twilio: {}", text(&before["twilio"], "accountSid")));
                deeds.push(Deed::DeleteTwilio);
            }
            Some(None) | None => {}
        }
        // A new one is unverified.
        let billing = found.map_or("unverified", |org| text(org, "billing"));
        if let Some(status) = wanted.billing.as_deref().filter(|status| *status != billing) {
            lines.push(match found {
                Some(_) => format!("~ billing: {billing} → {status}"),
                None => format!("+ billing: {status}"),
            });
            deeds.push(Deed::PutBilling(json!({ "status": status })));
        }
        let (id, version) = known(before);
        Item { id, version, lines, notes: Vec::new(), deeds, place: wanted.place }
    }

    fn twilio(
        &mut self,
        place: &Place,
        wanted: &WantedTwilio,
        before: &Value,
        lines: &mut Vec<String>,
        deeds: &mut Vec<Deed>,
    ) {
        let shown = |member: &str| (member.to_owned(), before[member].clone());
        let was: Map<String, Value> = wanted.given.keys().map(|member| shown(member)).collect();
        let mut told = told(&json!({ "twilio": was }), &json!({ "twilio": wanted.given }));
        let has_next = before["hasNextToken"] == json!(true);
        let new_next = wanted.auth_token_next.as_ref().filter(|_| !has_next);
        if told.is_empty() && new_next.is_none() && !self.secrets.again {
            return;
        }
        let mut body = Value::Object(wanted.given.clone());
        match &wanted.auth_token {
            None => {
                let detail = "a change of the account needs its token: authToken: {env: NAME}";
                self.faults.push(place.fault("/twilio", detail));
            }
            Some(name) => {
                told.push(secret_line("twilio.authToken", !before.is_null(), name));
                body["authToken"] = self.secret(place, name);
            }
        }
        match &wanted.auth_token_next {
            Some(name) => {
                told.push(secret_line("twilio.authTokenNext", has_next, name));
                body["authTokenNext"] = self.secret(place, name);
            }
            None if has_next => told.push("- twilio.authTokenNext".to_owned()),
            None => {}
        }
        let faults = offline::twilio_faults(&body).into_iter();
        // What is missing was named already.
        let faults = faults.filter(|fault| fault.code != "required");
        self.faults.extend(faults.map(|fault| place.fault(&format!("/twilio{}", fault.pointer), fault.detail)));
        lines.append(&mut told);
        deeds.push(Deed::PutTwilio(body));
    }

    fn tenant(&mut self, wanted: WantedTenant) -> Item {
        let found = self.now.tenants.get(&wanted.slug);
        let null = Value::Null;
        let before = found.map_or(&null, |held| &held.tenant);
        let mut after = Value::Object(wanted.fields.clone());
        offline::as_kept(&mut after);
        let mut was = json!({});
        for (name, value) in after.as_object().into_iter().flatten() {
            was[name] = match value.as_object().filter(|_| name == "connect") {
                Some(parts) => parts.keys().map(|part| (part.clone(), before["connect"][part].clone())).collect(),
                None => before[name].clone(),
            };
        }
        let differences = between(&was, &after);
        let mut lines: Vec<String> = differences.iter().flat_map(Difference::told).collect();
        let mut body = if found.is_some() { changed_only(&was, &after) } else { after.clone() };
        self.password(&wanted, before, &mut body, &mut lines);
        self.tenant_faults(&wanted, found, &body);
        let mut deeds = Vec::new();
        match found {
            None => {
                body["slug"] = json!(wanted.slug);
                deeds.push(Deed::CreateTenant(body, wanted.organization.clone()));
                if let Some(org) = &wanted.organization {
                    lines.insert(0, format!("+ organization: {org}"));
                }
            }
            Some(_) if body != json!({}) => deeds.push(Deed::ChangeTenant(body)),
            Some(_) => {}
        }
        if let Some(availability) = &wanted.availability {
            let was = found.map_or(&null, |held| &held.availability);
            let mut told = told(&json!({ "availability": was }), &json!({ "availability": availability }));
            if !told.is_empty() {
                lines.append(&mut told);
                self.availability_faults(&wanted, availability);
                deeds.push(Deed::PutAvailability(availability.clone()));
            }
        }
        let mut doing = Doing { lines, notes: Vec::new(), deeds };
        let has_number = self.numbers(&wanted, found, &mut doing);
        self.phone(&wanted, found, has_number, &mut doing);
        let (id, version) = known(before);
        let Doing { lines, notes, deeds } = doing;
        Item { id, version, lines, notes, deeds, place: wanted.place }
    }

    /// A password is sent where there is none, where its user changes, and where somebody asks for it: whether it is
    /// another one, nobody can see.
    fn password(&mut self, wanted: &WantedTenant, before: &Value, body: &mut Value, lines: &mut Vec<String>) {
        let has_one = before["connect"]["hasPassword"] == json!(true);
        let other_user = body["connect"].get("username").is_some();
        match &wanted.password {
            Some(Some(name)) if !has_one || other_user || self.secrets.again => {
                lines.push(secret_line("connect.password", has_one, name));
                body["connect"]["password"] = self.secret(&wanted.place, name);
            }
            Some(None) if has_one => {
                lines.push("- connect.password".to_owned());
                body["connect"]["password"] = Value::Null;
            }
            _ => {}
        }
        if body["connect"].is_null() {
            body.as_object_mut().expect("made as an object").remove("connect");
        }
    }

    fn tenant_faults(&mut self, wanted: &WantedTenant, found: Option<&Held>, body: &Value) {
        let place = &wanted.place;
        let mut checked = body.clone();
        if found.is_none() {
            checked["slug"] = json!(wanted.slug);
            if body["name"].is_null() {
                self.faults.push(place.fault("", "is not there yet, and a new tenant needs a name"));
            }
        }
        for fault in offline::tenant_faults(&checked) {
            let pointer = if fault.pointer == "/slug" { "" } else { &fault.pointer };
            let detail = if pointer.is_empty() { format!("its slug: {}", fault.detail) } else { fault.detail };
            self.faults.push(place.fault(pointer, detail));
        }
        let before = found.map(|held| &held.tenant["connect"]);
        let has = |part: &str, held: bool| match body["connect"].get(part) {
            Some(given) => !given.is_null(),
            None => held,
        };
        let has_user = has("username", before.is_some_and(|connect| connect["username"].is_string()));
        let has_password = has("password", before.is_some_and(|connect| connect["hasPassword"] == json!(true)));
        if has_user != has_password {
            self.faults.push(place.fault("/connect", "username and password come together"));
        }
        if let Some(org) = &wanted.organization {
            let named = self.found_org(place, "/organization", org);
            match (named, found) {
                (Some(named), Some(held)) if text(named, "id") != text(&held.tenant, "orgId") => {
                    let detail = "this tenant is in another organization, and tenants cannot be moved";
                    self.faults.push(place.fault("/organization", detail));
                }
                (None, _) if !self.new_orgs.contains(org) => {
                    let detail = "no organization of this name or id is there or in the file";
                    self.faults.push(place.fault("/organization", detail));
                }
                (None, Some(_)) => {
                    let detail = "this tenant is in another organization, and tenants cannot be moved";
                    self.faults.push(place.fault("/organization", detail));
                }
                _ => {}
            }
        }
    }

    fn availability_faults(&mut self, wanted: &WantedTenant, availability: &Value) {
        for fault in Availability::read(availability, Strictness::Save).err().into_iter().flatten() {
            self.faults.push(wanted.place.fault(&format!("/availability{}", fault.pointer), fault.detail));
        }
    }

    /// The organization of this name or id. One of an id must be there.
    fn found_org(&mut self, place: &Place, pointer: &str, key: &str) -> Option<&'a Value> {
        let by = if key.starts_with("org_") { "id" } else { "name" };
        let mut found = self.now.orgs.iter().filter(|org| text(org, by) == key);
        let first = found.next();
        if found.next().is_some() {
            let detail = format!("several organizations are called `{key}`; use the id (org_…)");
            self.faults.push(place.fault(pointer, detail));
        }
        if first.is_none() && by == "id" && pointer.is_empty() {
            self.faults.push(place.fault(pointer, "no organization has this id"));
        }
        first
    }

    fn secret(&mut self, place: &Place, name: &SecretName) -> Value {
        match (self.secrets.look)(&name.env) {
            Some(secret) => json!(secret.reveal()),
            None => {
                let detail = format!("the environment variable {} is not set, and its secret is needed", name.env);
                self.faults.push(FileFault { line: name.line, whose: place.whose.clone(), detail });
                // Stands in for it while the rest is checked.
                json!("unset")
            }
        }
    }
}

pub(super) fn told(before: &Value, after: &Value) -> Vec<String> {
    between(before, after).iter().flat_map(Difference::told).collect()
}

fn secret_line(place: &str, has_one: bool, name: &SecretName) -> String {
    let mark = if has_one { '~' } else { '+' };
    format!("{mark} {place}: from ${}", name.env)
}

/// The members that differ; of `connect`, the parts.
fn changed_only(before: &Value, after: &Value) -> Value {
    let mut changed = json!({});
    for (name, value) in after.as_object().into_iter().flatten() {
        if name == "connect" && value.is_object() {
            let parts = changed_only(&before[name], value);
            if parts != json!({}) {
                changed[name] = parts;
            }
        } else if !between(&before[name], value).is_empty() {
            changed[name] = value.clone();
        }
    }
    changed
}

fn known(before: &Value) -> (Option<String>, Option<u64>) {
    (before["id"].as_str().map(str::to_owned), before["version"].as_u64())
}
