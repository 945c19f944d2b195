//! What a guide says of this tenant and of no other: what has to be done first, and what has to be minded.

use serde_json::{Value, json};

use super::*;

#[test]
fn what_is_not_there_yet_is_said_first_with_its_command() {
    let mut world = World::new();
    assert_eq!(
        world.first(Method::Forwarded),
        [
            "patchbay tenants phone smile-dental --method forwarded --clinic-number YOUR_NUMBER",
            "patchbay tenants deploy smile-dental",
        ]
    );
    let ported = world.first(Method::Ported);
    assert!(ported[0].starts_with("patchbay tenants phone smile-dental --method ported --clinic-number"), "{ported:?}");
    assert!(ported[1].starts_with("patchbay tenants port papers smile-dental"), "{ported:?}");
    (world.domain, world.is_paid, world.has_target) = (None, false, false);
    let first = world.first(Method::Sip);
    assert_eq!(first[0], "PATCHBAY_SIP__DOMAIN=example.sip.twilio.com patchbay serve");
    assert!(first[2].starts_with("patchbay orgs billing org_") && first[2].ends_with(" verified"), "{first:?}");
    assert_eq!(first[3], "patchbay tenants change smile-dental --target assistant:ASSISTANT_ID");
    assert_eq!(first.len(), 5);
}

#[test]
fn a_business_that_is_set_up_has_nothing_to_do_first() {
    for (method, of) in [(PhoneMethod::Forwarded, Method::Forwarded), (PhoneMethod::Sip, Method::Sip)] {
        let mut world = World::with(method);
        world.is_paid = false;
        let guide = world.of(of);
        assert!(guide.is_ready && guide.first.is_empty(), "{guide:?}");
    }
}

#[test]
fn a_number_that_no_longer_leads_here_is_not_forwarded_to() {
    let mut world = World::with(PhoneMethod::Forwarded);
    world.numbers[0].state = NumberState::Resting;
    let guide = world.of(Method::Forwarded);
    assert!(!said(&world.guide(None, None)).contains(OURS), "{guide:?}");
    assert_eq!(world.first(Method::Forwarded), ["patchbay tenants deploy smile-dental"]);
}

#[test]
fn a_guide_names_the_newest_name_to_sign_in_with_and_the_first_to_dial() {
    let mut world = World::with(PhoneMethod::Sip);
    let seat = |id: i64, username: &str, is_leaving| SipSeat {
        id,
        username: Some(username.to_owned()),
        place: None,
        credential: None,
        entries: 1,
        good_since: None,
        older_since: None,
        first_call_at: None,
        last_call_at: None,
        is_leaving,
    };
    world.phone().seats =
        vec![seat(1, "sip_ca5ecdfd", false), seat(2, "sip_00000002", true), seat(3, "sip_00000003", false)];
    let guide = world.of(Method::Sip);
    let value =
        |label: &str| guide.values.iter().find(|value| value.label == label).and_then(|told| told.value.clone());
    assert_eq!(value("User name").as_deref(), Some("sip_00000003"));
    assert_eq!(value("SIP address (URI)").as_deref(), Some("sip:sip_ca5ecdfd@example.sip.twilio.com"));
    assert!(!said(&world.guide(Some(Method::Sip), None)).contains("sip_00000002"), "it is good no more");
}

#[test]
fn who_is_configured_for_another_method_is_told_how_to_change() {
    let world = World::with(PhoneMethod::Sip);
    let first = world.first(Method::Forwarded);
    assert_eq!(first[0], "patchbay tenants phone smile-dental --method forwarded --clinic-number +14165550188");
}

#[test]
fn every_warning_is_of_a_tenant_it_is_true_of() {
    let rings = |number: &str| json!({"type": "forward", "forwardNumber": number});
    let hours = json!({"businessHours": {"schedule": {"monday": {"open": "09:00", "close": "17:00"}}}});
    let rows: [(Value, Method, &[&str]); 14] = [
        (json!({"mode": "always"}), Method::Forwarded, &[]),
        (json!({"mode": "disabled"}), Method::Forwarded, &["disabled"]),
        (json!({"mode": "always", "fallback": rings(CLINIC)}), Method::Forwarded, &["circle"]),
        (json!({"mode": "always", "fallback": rings(CLINIC)}), Method::Ported, &["circle", "abroad"]),
        (json!({"mode": "always", "fallback": rings(CLINIC)}), Method::Sip, &["circle"]),
        (json!({"mode": "always", "fallback": rings(STAFF)}), Method::Forwarded, &["staff_lines"]),
        (json!({"mode": "always", "fallback": rings(STAFF)}), Method::Sip, &[]),
        (json!({"mode": "after-hours-only", "afterHours": hours}), Method::Forwarded, &["nobody_rings"]),
        (json!({"mode": "after-hours-only", "afterHours": hours}), Method::Sip, &["two_clocks"]),
        (
            json!({"mode": "after-hours-only", "afterHours": hours, "fallback": rings(STAFF)}),
            Method::Ported,
            &["abroad"],
        ),
        (json!({"mode": "overflow-only"}), Method::Forwarded, &["nobody_rings", "overflow_unseen"]),
        (json!({"mode": "overflow-only"}), Method::Sip, &["overflow_unseen"]),
        (json!({"mode": "overflow-only"}), Method::Ported, &["nobody_rings", "abroad"]),
        (json!({"nothing": "that can be read"}), Method::Sip, &["disabled"]),
    ];
    for (availability, method, expected) in rows {
        let mut world = World::with(PhoneMethod::Forwarded);
        world.tenant.availability = availability.clone();
        let expected: Vec<&str> = expected.iter().copied().chain(["refer"]).collect();
        assert_eq!(world.minds(method), expected, "{method:?} {availability}");
    }
}

#[test]
fn what_stills_a_warning_stills_it() {
    let mut world = World::with(PhoneMethod::Forwarded);
    world.tenant.connect.via = Via::Bypass;
    world.tenant.availability = json!({"mode": "overflow-only"});
    world.numbers[0].already_overflowed = true;
    assert_eq!(world.minds(Method::Forwarded), ["nobody_rings"]);
    world.tenant.availability = json!({"mode": "always"});
    world.phone().clinic_number = number("+13125550101");
    assert_eq!(world.minds(Method::Ported), [""; 0], "a number of the United States");
    let mut free = world.line("+12055550140");
    (free.account_sid, free.twilio_sid, free.vapi_number_id) = (None, None, Some(Sid::parse("v-1").expect("an id")));
    world.numbers.push(free);
    assert_eq!(world.minds(Method::Forwarded), ["free_number"]);
    world.has_caller_id = false;
    world.tenant.availability = json!({"mode": "always", "fallback": {"type": "forward", "forwardNumber": STAFF}});
    assert_eq!(world.minds(Method::Sip), ["no_caller_id"]);
}
