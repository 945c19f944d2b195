//! What a save is held against besides the form of the settings: the countries a forward may ring, forwards that come
//! back, and what is allowed but will not do what somebody hopes.
//!
//! The rules themselves are pure and live in `routing`; here they get their facts from the store.

use std::collections::HashSet;

use serde_json::Value;

use super::AdminState;
use super::error::Problem;
use crate::model::availability::{Availability, Strictness};
use crate::model::{E164, Fault, Number, NumberState, PhoneMethod, Purpose, Tenant, TenantId};
use crate::routing::dialing::{forward_countries, forward_fault};
use crate::routing::guard::{Lead, LoopSearch};
use crate::routing::{self};
use crate::store::TenantLoad;

/// Holds settings against everything, and answers the doubts; every fault at once otherwise.
pub(super) async fn availability(admin: &AdminState, tenant: &Tenant, given: &Value) -> Result<Vec<Fault>, Problem> {
    let load = admin.store.load_tenant(&tenant.id).await?;
    let load = load.ok_or_else(|| Problem::not_found("tenant", tenant.id.as_str()))?;
    let mut faults = forward_faults(admin, &load, given).await?;
    match Availability::read(given, Strictness::Save) {
        Ok(reading) if faults.is_empty() => {
            // By a carrier or a telephone system, which may send only what staff could not take.
            let is_sent_on = admin.store.phone_integration(&tenant.id).await?.is_some();
            Ok(doubts(admin, &load, is_sent_on, given, reading.warnings))
        }
        Ok(_) => Err(Problem::invalid(faults)),
        Err(found) => {
            faults.splice(0..0, found);
            Err(Problem::invalid(without_repetition(faults)))
        }
    }
}

/// A carrier that sends this number's calls on to us must not get them back from a forward, the tenant's own or that of
/// somebody it leads to.
pub(super) async fn is_no_loop(admin: &AdminState, tenant: &Tenant, clinic_number: E164) -> Result<(), Problem> {
    let Some(load) = admin.store.load_tenant(&tenant.id).await? else { return Ok(()) };
    let mut own = own_numbers(&load.numbers);
    own.push(clinic_number);
    let forwards: Vec<E164> = forwards(&tenant.availability).into_iter().map(|(_, number)| number).collect();
    match leads_back(admin, &tenant.id, &own, &forwards).await? {
        None => Ok(()),
        Some(_) => {
            let detail =
                "the tenant's fallback forwards calls so that they come back to this number: change that first";
            Err(Problem::fault("/clinicNumber", "loop", detail))
        }
    }
}

/// Would this number, leading to this tenant, bring a forward of the tenant back to it?
pub(super) async fn closes_loop(admin: &AdminState, id: &TenantId, number: &Number) -> Result<bool, Problem> {
    if number.purpose == Purpose::Voicemail {
        return Ok(false);
    }
    let Some(load) = admin.store.load_tenant(id).await? else { return Ok(false) };
    let mut own = own_numbers(&load.numbers);
    own.push(number.e164);
    own.extend(forwarded_number(admin, id).await?);
    let forwards: Vec<E164> = forwards(&load.tenant.availability).into_iter().map(|(_, number)| number).collect();
    Ok(leads_back(admin, id, &own, &forwards).await?.is_some())
}

/// What forbids to ring the numbers of a forward.
async fn forward_faults(admin: &AdminState, load: &TenantLoad, given: &Value) -> Result<Vec<Fault>, Problem> {
    let numbers: Vec<E164> = load.numbers.iter().map(|number| number.e164).collect();
    let countries = forward_countries(&admin.around.forward_countries, &numbers, &load.tenant.country);
    let mut own = own_numbers(&load.numbers);
    own.extend(forwarded_number(admin, &load.tenant.id).await?);
    let mut faults = Vec::new();
    for (pointer, number) in forwards(given) {
        // Without numbers nothing can ring it yet, and what it will be called from is not known.
        let refused = if numbers.is_empty() { None } else { forward_fault(number, &countries) };
        if let Some(fault) = refused {
            faults.push(Fault { pointer, ..fault });
        } else if leads_back(admin, &load.tenant.id, &own, &[number]).await?.is_some() {
            let detail = format!("calls forwarded to {number} would come back to this tenant");
            faults.push(Fault::new(pointer, "loop", detail));
        }
    }
    Ok(faults)
}

/// The number whose calls the tenant's carrier sends on to us.
async fn forwarded_number(admin: &AdminState, id: &TenantId) -> Result<Option<E164>, Problem> {
    let found = admin.store.phone_integration(id).await?;
    let forwarded = found.filter(|(phone, _)| phone.method == PhoneMethod::Forwarded);
    Ok(forwarded.map(|(phone, _)| phone.clinic_number))
}

/// Follows forwards from tenant to tenant; the forward that comes back, if one does.
async fn leads_back(
    admin: &AdminState,
    id: &TenantId,
    own: &[E164],
    forwards: &[E164],
) -> Result<Option<E164>, Problem> {
    let mut search = LoopSearch::new(id, own, forwards);
    while let Some(number) = search.ask() {
        let lead = lead(admin, number).await?;
        search.learn(lead);
    }
    Ok(search.found())
}

/// Where a number leads, if its calls are decided like any call. A line for voicemail ends there.
async fn lead(admin: &AdminState, number: E164) -> Result<Option<Lead>, Problem> {
    let ours = admin.store.number_by_e164(number).await?.filter(|number| number.purpose == Purpose::Calls);
    let id = match ours.and_then(|number| number.tenant_id) {
        Some(id) => Some(id),
        // Somebody else's carrier may send it on to us.
        None => admin
            .store
            .tenant_known_by(number)
            .await?
            .filter(|(how, _)| *how == PhoneMethod::Forwarded)
            .map(|(_, id)| id),
    };
    let Some(id) = id else { return Ok(None) };
    let Some(tenant) = admin.store.tenant(&id).await? else { return Ok(None) };
    let forwards = forwards(&tenant.availability).into_iter().map(|(_, number)| number).collect();
    Ok(Some(Lead { tenant: id, forwards }))
}

/// The numbers whose calls are decided for the tenant.
fn own_numbers(numbers: &[Number]) -> Vec<E164> {
    numbers.iter().filter(|number| number.purpose == Purpose::Calls).map(|number| number.e164).collect()
}

/// The numbers a fallback rings, each with its place. Read from the JSON itself, so that a fault elsewhere in the
/// settings does not hide one here.
fn forwards(availability: &Value) -> Vec<(String, E164)> {
    let fallback = &availability["fallback"];
    if fallback["type"] != "forward" {
        return Vec::new();
    }
    let pointer = "/fallback/forwardNumber";
    let read = |pointer: String, value: &Value| Some((pointer, E164::parse(value.as_str()?).ok()?));
    match &fallback["forwardNumber"] {
        Value::Array(several) => {
            several.iter().enumerate().filter_map(|(place, value)| read(format!("{pointer}/{place}"), value)).collect()
        }
        one => read(pointer.to_owned(), one).into_iter().collect(),
    }
}

/// What is allowed but will not do what somebody hopes.
fn doubts(admin: &AdminState, load: &TenantLoad, is_sent_on: bool, given: &Value, read: Vec<Fault>) -> Vec<Fault> {
    let mut tenant = load.tenant.clone();
    tenant.availability = given.clone();
    let (_, doubts) = routing::compile(&tenant, &load.numbers, load.account.as_ref(), &admin.around);
    // What compiling doubts besides the settings (the connection, the voice) is no business of this save.
    let of_fallback = doubts.into_iter().filter(|doubt| doubt.pointer.starts_with("/fallback"));
    let mut doubts = read;
    doubts.extend(of_fallback);
    doubts.extend(doubt_overflow(&load.numbers, is_sent_on, given));
    doubts.extend(doubt_voicemail(&load.numbers, given));
    without_repetition(doubts)
}

/// Our count knows only calls that come through here. Where the PBX filters, it stays at zero.
fn doubt_overflow(numbers: &[Number], is_sent_on: bool, given: &Value) -> Option<Fault> {
    let mut lines = active(numbers).filter(|number| number.purpose == Purpose::Calls).peekable();
    let by_sip = is_sent_on || lines.peek().is_none() || lines.clone().any(|number| number.sip_uri.is_some());
    let filtered = lines.any(|number| number.already_overflowed);
    let doubtful = given["mode"] == "overflow-only" && by_sip && !filtered;
    doubtful.then(|| {
        let detail = "a PBX or carrier that sends only what staff could not take sends no calls to count: \
                      say alreadyOverflowed on its number, or the AI never answers";
        Fault::new("/mode", "overflow_unseen", detail)
    })
}

/// Vapi's own numbers cannot take a message.
fn doubt_voicemail(numbers: &[Number], given: &Value) -> Option<Fault> {
    let kind = given["fallback"]["type"].as_str().unwrap_or("voicemail");
    let mut lines = active(numbers).peekable();
    let all_free = lines.peek().is_some() && lines.all(Number::is_free);
    (kind == "voicemail" && all_free).then(|| {
        let detail = "this tenant has free Vapi numbers only, which cannot take a message: \
                      callers hear a sentence instead, until it has a Twilio number";
        Fault::new("/fallback/type", "voicemail_needs_twilio", detail)
    })
}

fn active(numbers: &[Number]) -> impl Iterator<Item = &Number> + Clone {
    numbers.iter().filter(|number| number.state == NumberState::Active)
}

fn without_repetition(mut faults: Vec<Fault>) -> Vec<Fault> {
    let mut seen = HashSet::new();
    faults.retain(|fault| seen.insert((fault.pointer.clone(), fault.code.clone())));
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(fallback: Value, expected: &[&str]) {
        let found = forwards(&json!({"fallback": fallback}));
        let found: Vec<String> = found.into_iter().map(|(pointer, number)| format!("{pointer} {number}")).collect();
        assert_eq!(found, expected, "{fallback}");
    }

    #[test]
    fn every_number_of_a_forward_is_found_with_its_place() {
        let (one, two) = ("+16475550123", "+16475550124");
        check(json!({"type": "forward", "forwardNumber": one}), &["/fallback/forwardNumber +16475550123"]);
        check(
            json!({"type": "forward", "forwardNumber": [one, "nonsense", two]}),
            &["/fallback/forwardNumber/0 +16475550123", "/fallback/forwardNumber/2 +16475550124"],
        );
        check(json!({"type": "voicemail", "forwardNumber": one}), &[]);
        check(json!({"type": "forward"}), &[]);
        check(json!("forward"), &[]);
        check(json!(null), &[]);
    }
}
