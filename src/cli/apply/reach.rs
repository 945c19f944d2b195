//! How a tenant is reached, planned: the numbers that lead to it, and whether its carrier, its telephone system or the
//! number itself brings the calls.
//!
//! What is bought costs every month, so each purchase is told before it is made, and refused beforehand where nobody
//! pays. Nothing is ever taken away: a number that the file does not name stays.

use serde_json::{Map, Value, json};

use super::deeds::Deed;
use super::file::{WantedNumber, WantedPhone, WantedTenant};
use super::installation::{Held, Ours};
use super::plan::{Doing, Planner, told};
use crate::admin::offline;
use crate::cli::api::text;
use crate::cli::export::{PLATFORM, SETTABLE};

/// What a number costs, in the words the business is told it in.
const COST: &str = "about $1 a month";

/// What says only how a number is got. Once it is set up the API tells it no more, and it changes nothing.
const BEFORE_SET_UP: [&str; 3] = ["areaCode", "needsPhoneNumber", "wantsTemporaryNumber"];

/// What has a meaning with one method alone.
const OF_METHOD: [(&str, &str); 5] = [
    ("phoneNumber", "ported"),
    ("currentCarrier", "ported"),
    ("wantsTemporaryNumber", "ported"),
    ("pbxType", "sip"),
    ("sourceIps", "sip"),
];

/// Where the move of a number is, when it is under way or over: nothing is to be asked for.
const IS_MOVING: [&str; 5] = ["submitted", "in_review", "waiting_for_signature", "in_progress", "completed"];

impl Planner<'_> {
    /// Plans the numbers. Answers whether one that takes calls leads to the tenant afterwards.
    pub(super) fn numbers(&mut self, wanted: &WantedTenant, held: Option<&Held>, doing: &mut Doing) -> bool {
        let own: &[Value] = held.map_or(&[], |held| &held.numbers);
        let named = wanted.numbers.as_deref().unwrap_or_default();
        let mut takes_calls = false;
        for wish in named {
            let e164 = wish.e164.to_string();
            let number = own.iter().find(|number| text(number, "e164") == e164);
            let now = self.now;
            takes_calls |= match (number, now.numbers.get(&e164)) {
                (Some(number), _) => change(wish, number, doing),
                (None, Some(ours)) => self.lead(wanted, held, wish, ours, doing),
                (None, None) => self.get(wanted, held, wish, doing),
            };
        }
        for number in own {
            let e164 = text(number, "e164");
            if named.iter().any(|wish| wish.e164.to_string() == e164) {
                continue;
            }
            takes_calls |= takes(number, &Map::new());
            // One that is on its way is what the phone part asks for.
            if wanted.numbers.is_some() && number["porting"] != "coming" {
                doing.notes.push(format!("· {e164} stays: nothing is released by a file"));
            }
        }
        takes_calls
    }

    /// One that is ours already.
    fn lead(
        &mut self,
        wanted: &WantedTenant,
        held: Option<&Held>,
        wish: &WantedNumber,
        ours: &Ours,
        doing: &mut Doing,
    ) -> bool {
        let number = &ours.number;
        if let Some(whose) = &ours.whose {
            let detail = format!(
                "{} leads to {whose}: take it from there first (patchbay numbers unassign {})",
                wish.e164,
                text(number, "id")
            );
            self.faults.push(wanted.place.fault(&wish.pointer, detail));
        }
        let own = self.org_of(wanted, held);
        let of_account =
            |org: &&Value| number["accountSid"].is_string() && org["twilio"]["accountSid"] == number["accountSid"];
        if let Some(org) =
            self.now.orgs.iter().find(of_account).filter(|org| own.map(|own| &own["id"]) != Some(&org["id"]))
        {
            let detail = format!("{} is in the Twilio account of {}", wish.e164, text(org, "name"));
            self.faults.push(wanted.place.fault(&wish.pointer, detail));
        }
        let from = match (text(number, "state"), &ours.rests_since) {
            ("resting", Some(since)) => format!("ours, at rest since {since}"),
            ("resting", None) => "ours, at rest".to_owned(),
            _ => "ours, from the pool".to_owned(),
        };
        let mut kept = wish.given.clone();
        for member in ["purpose", "alreadyOverflowed"] {
            kept.entry(member).or_insert_with(|| number[member].clone());
        }
        doing.lines.push(format!("+ numbers: {}{} ({from})", wish.e164, spoken(&kept)));
        let mut body = json!(wish.given);
        body["e164"] = json!(wish.e164.to_string());
        // One that no provider knows is recorded alone.
        body["wire"] = json!(number["vapiNumberId"].is_string() || number["twilioSid"].is_string());
        doing.deeds.push(Deed::LeadNumber { body, pointer: wish.pointer.clone() });
        takes(number, &wish.given)
    }

    /// One that nobody here knows.
    fn get(&mut self, wanted: &WantedTenant, held: Option<&Held>, wish: &WantedNumber, doing: &mut Doing) -> bool {
        self.hold_to_pay(wanted, held, &wish.pointer, &format!("{} is bought", wish.e164));
        let what = spoken(&wish.given);
        doing.lines.push(format!("+ numbers: {}{what} (bought, {COST}, unless the account has it)", wish.e164));
        let (e164, given) = (wish.e164.to_string(), json!(wish.given));
        doing.deeds.push(Deed::GetNumber { e164, given, pointer: wish.pointer.clone() });
        wish.given.get("purpose").is_none_or(|purpose| purpose == "calls")
    }

    /// Plans how the tenant is reached, and that it is set up.
    pub(super) fn phone(&mut self, wanted: &WantedTenant, held: Option<&Held>, has_number: bool, doing: &mut Doing) {
        let Some(phone) = &wanted.phone else { return };
        let null = Value::Null;
        let was = held.map_or(&null, |held| &held.phone);
        let given = tidied(phone, was);
        let method = given["method"].as_str().unwrap_or_else(|| text(was, "method"));
        self.name_misfits(wanted, &given, method);
        let is_same_method = was["method"] == method;
        let is_set_up = was["setupCompletedAt"].is_string();

        let before = if was.is_object() { members(&given, |name| was[name].clone()) } else { Value::Null };
        let mut after = given.clone();
        if is_same_method && is_set_up {
            let stays = |name: &str| if BEFORE_SET_UP.contains(&name) { &before[name] } else { &given[name] };
            after = members(&given, |name| stays(name).clone());
        }
        // With another method nothing of the one before is worth keeping.
        let mut body = json!({});
        if is_same_method {
            SETTABLE.iter().filter(|name| !was[**name].is_null()).for_each(|name| body[*name] = was[*name].clone());
        }
        given.as_object().into_iter().flatten().for_each(|(name, value)| body[name] = value.clone());
        body.as_object_mut().into_iter().for_each(|body| body.retain(|_, value| !value.is_null()));

        let mut lines = told(&json!({ "phone": before }), &json!({ "phone": after }));
        let is_put = was.is_null() || !lines.is_empty();
        doing.lines.append(&mut lines);
        if is_put {
            // What has no meaning with this method was named already.
            let faults = offline::phone_faults(&body).into_iter().filter(|fault| fault.code != "sip_only");
            self.faults
                .extend(faults.map(|fault| wanted.place.fault(&format!("/phone{}", fault.pointer), fault.detail)));
            if method == "sip" && body["sourceIps"].is_null() && was["sipUsername"].is_null() {
                let slug = &wanted.slug;
                doing.notes.push(format!(
                    "· its SIP password is not shown here; one that is: patchbay tenants phone {slug} --method sip \
                     --clinic-number {} --renew-sip-password",
                    text(&body, "clinicNumber")
                ));
            }
            doing.deeds.push(Deed::PutPhone(body.clone()));
        }
        if !phone.deploy || (is_set_up && !is_put) {
            return;
        }
        if let Some(job) = held.and_then(|held| held.deploying.as_ref()).filter(|_| !is_put) {
            doing.lines.push(format!("~ phone: is being set up ({job})"));
            doing.deeds.push(Deed::Deploy);
            return;
        }
        match method {
            "ported" => self.move_number(wanted, held, is_put, &body, has_number, doing),
            _ => self.set_up(wanted, held, &body, has_number, doing),
        }
    }

    /// Its own number is asked for, once all is there that its carrier wants to know.
    fn move_number(
        &mut self,
        wanted: &WantedTenant,
        held: Option<&Held>,
        is_put: bool,
        body: &Value,
        has_number: bool,
        doing: &mut Doing,
    ) {
        let slug = &wanted.slug;
        let is_same = held.is_some_and(|held| held.phone["phoneNumber"] == body["phoneNumber"]);
        let stage = held.filter(|_| is_same).map_or("pending_configuration", |held| text(&held.phone, "portStatus"));
        let missing = held.map(|held| held.missing.as_slice()).unwrap_or_default();
        match stage {
            _ if is_put => {}
            "pending_configuration" if !missing.is_empty() => {
                return doing.notes.push(not_asked_for(slug, missing));
            }
            "pending_configuration" => {}
            stage if IS_MOVING.contains(&stage) => return,
            // Somebody called it off, or its carrier refused it: asking anew is a person's decision.
            stage => {
                let stage = stage.replace('_', " ");
                return doing.notes.push(format!(
                    "· the move is {stage}: patchbay tenants port show {slug} tells why, and patchbay tenants deploy \
                     {slug} asks for it anew"
                ));
            }
        }
        self.hold_to_pay(wanted, held, "/phone", "a number that moves here is paid for");
        let meanwhile = if body["wantsTemporaryNumber"] == json!(true) && !has_number {
            format!("; meanwhile gets another: from the pool, or bought, {COST}")
        } else {
            String::new()
        };
        doing.lines.push(format!(
            "+ phone: the number is asked for, once papers and bill are there (patchbay tenants port papers {slug}, \
             patchbay tenants port bill {slug}){meanwhile}"
        ));
        doing.deeds.push(Deed::Move { slug: slug.clone() });
    }

    fn set_up(
        &mut self,
        wanted: &WantedTenant,
        held: Option<&Held>,
        body: &Value,
        has_number: bool,
        doing: &mut Doing,
    ) {
        let needs = body["needsPhoneNumber"].as_bool().unwrap_or(!has_number);
        if needs {
            self.hold_to_pay(wanted, held, "/phone", "it needs a number, and numbers are bought");
        }
        let how = match (needs, has_number) {
            (_, true) => "with the number it has".to_owned(),
            (true, false) => {
                let area = body["areaCode"].as_str().map(|code| format!(" of area {code}")).unwrap_or_default();
                format!("and gets a number{area}: from the pool, or bought, {COST}")
            }
            (false, false) if body["method"] == "forwarded" => {
                let detail = "no number leads to the tenant, so there is none to forward to: name one in numbers, or \
                              let it get one";
                self.faults.push(wanted.place.fault("/phone/needsPhoneNumber", detail));
                return;
            }
            (false, false) => "without a number: the SIP address is enough".to_owned(),
        };
        doing.lines.push(format!("+ phone: is set up, {how}"));
        doing.deeds.push(Deed::Deploy);
    }

    /// What is given and has no meaning with this method would be told as a difference for ever.
    fn name_misfits(&mut self, wanted: &WantedTenant, given: &Value, method: &str) {
        let mut misfits: Vec<(&str, String)> = Vec::new();
        if ["forwarded", "sip", "ported"].contains(&method) {
            let others = OF_METHOD.iter().filter(|(name, of)| *of != method && !given[*name].is_null());
            misfits.extend(others.map(|(name, of)| (*name, format!("has a meaning with method: {of} alone"))));
        }
        if method == "ported" && given["needsPhoneNumber"] == json!(true) {
            let detail = "the number itself comes; another one meanwhile is wantsTemporaryNumber";
            misfits.push(("needsPhoneNumber", detail.to_owned()));
        }
        let faults = misfits.into_iter();
        self.faults.extend(faults.map(|(name, detail)| wanted.place.fault(&format!("/phone/{name}"), detail)));
    }

    /// A fault where something is bought and nobody pays. The file itself may say that somebody does.
    fn hold_to_pay(&mut self, wanted: &WantedTenant, held: Option<&Held>, pointer: &str, why: &str) {
        let org = self.org_of(wanted, held);
        let key = wanted.organization.as_deref().unwrap_or_default();
        if org.is_none() && !self.new_orgs.iter().any(|new| new == key) {
            // Not for this token to see; the API knows.
            return;
        }
        let names = org.map_or([key, key], |org| [text(org, "id"), text(org, "name")]);
        let said = self.billing.iter().find(|(of, _)| names.contains(&of.as_str())).map(|(_, status)| status.as_str());
        let status = said.unwrap_or_else(|| org.map_or("unverified", |org| text(org, "billing")));
        let unverified = self.now.orgs.iter().find(|org| text(org, "billing") == "unverified");
        let is_asked_for = unverified.is_none_or(|org| org["mayBuy"] == json!(false));
        if status != "verified" && is_asked_for {
            let detail = format!(
                "{why}, and its organization's billing is not verified: an operator says that it is (billing: \
                 verified), or sets policy.require_payment = false"
            );
            self.faults.push(wanted.place.fault(pointer, detail));
        }
    }

    /// The tenant's organization, as far as it is there and to be seen.
    fn org_of(&self, wanted: &WantedTenant, held: Option<&Held>) -> Option<&Value> {
        let id = held.map_or(PLATFORM, |held| text(&held.tenant, "orgId"));
        let is_it = |org: &&Value| match wanted.organization.as_deref().filter(|_| held.is_none()) {
            Some(key) => text(org, "id") == key || text(org, "name") == key,
            None => text(org, "id") == id,
        };
        self.now.orgs.iter().find(is_it)
    }
}

/// Why a number is not asked for, and what to do about it.
pub(super) fn not_asked_for(slug: &str, missing: &[String]) -> String {
    format!(
        "· the number is not asked for yet: {} (patchbay tenants port papers {slug}, patchbay tenants port bill {slug})",
        missing.join("; ")
    )
}

/// One that leads to the tenant already.
fn change(wish: &WantedNumber, number: &Value, doing: &mut Doing) -> bool {
    let e164 = wish.e164.to_string();
    let given = Value::Object(wish.given.clone());
    let before = members(&given, |name| number[name].clone());
    let mut lines = told(&json!({ "numbers": { &e164: before } }), &json!({ "numbers": { &e164: given } }));
    if !lines.is_empty() {
        doing.lines.append(&mut lines);
        let (id, change) = (text(number, "id").to_owned(), given);
        doing.deeds.push(Deed::ChangeNumber { id, change, pointer: wish.pointer.clone() });
    }
    takes(number, &wish.given)
}

/// Does it bring calls that are decided, once this is said of it?
fn takes(number: &Value, given: &Map<String, Value>) -> bool {
    let is_free = number["vapiNumberId"].is_string() && number["accountSid"].is_null() && number["twilioSid"].is_null();
    let purpose = given.get("purpose").unwrap_or(&number["purpose"]);
    purpose == "calls" && !is_free && number["porting"] != "coming"
}

fn spoken(given: &Map<String, Value>) -> String {
    let voicemail =
        if given.get("purpose").is_some_and(|purpose| purpose == "voicemail") { ", for voicemail" } else { "" };
    let overflowed = if given.get("alreadyOverflowed") == Some(&json!(true)) { ", already overflowed" } else { "" };
    format!("{voicemail}{overflowed}")
}

/// What is given, as the API shows it: what says nothing is nothing.
fn tidied(phone: &WantedPhone, was: &Value) -> Value {
    let mut given = Value::Object(phone.given.clone());
    offline::phone_as_kept(&mut given);
    let method = given["method"].as_str().unwrap_or_else(|| text(was, "method")).to_owned();
    for (name, nothing) in [("sourceIps", json!([])), ("wantsTemporaryNumber", json!(false))] {
        if let Some(value) = given.get_mut(name).filter(|value| **value == nothing) {
            *value = Value::Null;
        }
    }
    if let Some(given) = given.as_object_mut().filter(|_| method == "ported")
        && let Some(number) = given.remove("clinicNumber")
    {
        given.entry("phoneNumber").or_insert(number);
    }
    given
}

/// The same members with other values.
fn members(of: &Value, value: impl Fn(&str) -> Value) -> Value {
    of.as_object().into_iter().flatten().map(|(name, _)| (name.clone(), value(name))).collect()
}
