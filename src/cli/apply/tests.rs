//! What a file wants against what there is, without a server.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::deeds::Deed;
use super::file::{FileFault, wanted};
use super::plan::{Item, Secrets, plan};
use super::{Held, Installation};
use crate::cli::export::{document, exported};
use crate::cli::yaml;
use crate::model::Secret;

mod reach;

const ORG: &str = "org_01kafbd2x0q7h3m8w5r9t2c6ze";

fn org() -> Value {
    json!({
        "id": ORG, "name": "Acme", "billing": "verified", "version": 3,
        "twilio": {"accountSid": "AC00000000000000000000000000000002", "hasNextToken": false, "phoneNumber": "+16475550155"},
    })
}

fn tenant(more: &Value) -> Value {
    let mut tenant = json!({
        "id": "ten_01kafbd2x0q7h3m8w5r9t2c6ze", "orgId": ORG, "slug": "smile-dental", "name": "Smile Dental",
        "timezone": "America/Toronto", "country": "CA", "target": null, "version": 7,
        "connect": {"via": "sip", "sipUri": "sip:desk@sip.vapi.ai", "username": "desk", "hasPassword": true},
    });
    for (name, value) in more.as_object().expect("an object") {
        tenant[name] = value.clone();
    }
    tenant
}

fn week(friday: Value) -> Value {
    json!({"mode": "after-hours-only", "afterHours": {"enabled": true, "businessHours": {
        "schedule": {"monday": {"open": "09:00", "close": "17:00"}, "friday": friday}}}})
}

fn there(more: &Value, availability: Value) -> Installation {
    let held = Held { tenant: tenant(more), availability, ..Held::default() };
    let tenants = BTreeMap::from([("smile-dental".to_owned(), held)]);
    Installation { orgs: vec![org()], tenants, numbers: BTreeMap::new() }
}

fn there_is() -> Installation {
    there(&json!({}), week(json!({"open": "09:00", "close": "17:00"})))
}

fn planned(source: &str, now: &Installation, again: bool) -> Result<Vec<Item>, Vec<FileFault>> {
    let look = |name: &str| (name == "GIVEN").then(|| Secret::new("a-planted-secret"));
    let (wanted, faults) = wanted(yaml::read(source).expect("YAML"));
    if faults.is_empty() { plan(wanted, now, &Secrets { look: &look, again }) } else { Err(faults) }
}

/// The lines of what would be done.
fn lines(source: &str, now: &Installation) -> Vec<String> {
    let items = planned(source, now, false).unwrap_or_else(|faults| panic!("{faults:?}"));
    items.into_iter().flat_map(|item| item.lines).collect()
}

/// Each fault as `line whose detail`.
fn faults(source: &str, now: &Installation) -> Vec<String> {
    let faults = planned(source, now, false).err().unwrap_or_default();
    faults.into_iter().map(|fault| format!("{} {}: {}", fault.line, fault.whose, fault.detail)).collect()
}

#[test]
fn what_differs_is_told_and_the_rest_is_left_alone() {
    let file = "version: 1\ntenants:\n  smile-dental:\n    country: ca\n    connect: {timeoutSeconds: 20}\n    availability:\n      \
                mode: after-hours-only\n      afterHours:\n        enabled: true\n        businessHours:\n          \
                schedule:\n            monday: {open: 09:00, close: 17:00}\n            friday: {open: 09:00, close: 15:00}\n";
    let items = planned(file, &there_is(), false).expect("no fault");
    assert_eq!(
        items[0].lines,
        [
            "+ connect.timeoutSeconds: 20",
            "~ availability.afterHours.businessHours.schedule.friday: 09:00–17:00 → 09:00–15:00",
        ]
    );
    let [Deed::ChangeTenant(body), Deed::PutAvailability(_)] = items[0].deeds.as_slice() else {
        panic!("{:?}", items[0].deeds)
    };
    assert_eq!(*body, json!({"connect": {"timeoutSeconds": 20}}));
}

#[test]
fn a_new_tenant_needs_a_name_and_may_join_an_organization_of_the_same_file() {
    let file = "version: 1\norganizations:\n  Corner: {}\ntenants:\n  corner-garage: {name: Corner Garage, organization: Corner}\n";
    let items = planned(file, &there_is(), false).expect("no fault");
    assert!(matches!(items[0].deeds.as_slice(), [Deed::CreateOrg(_)]));
    assert!(matches!(items[1].deeds.as_slice(), [Deed::CreateTenant(_, Some(org))] if org == "Corner"));
    assert_eq!(items[1].lines, ["+ organization: Corner", "+ name: Corner Garage"]);
    let nameless = "version: 1\ntenants:\n  corner-garage: {country: US}\n";
    assert_eq!(
        faults(nameless, &there_is()),
        ["3 tenants/corner-garage: is not there yet, and a new tenant needs a name",]
    );
}

#[test]
fn every_fault_is_named_with_its_line_at_once() {
    let file = "version: 1\n\
                organizations:\n  Acme: {billing: maybe, colour: red}\n  org_01kafbd2x0q7h3m8w5r9t2c6zz: {}\n\
                tenants:\n  smile-dental:\n    name: 5\n    connect:\n      password: typed-in-here\n";
    assert_eq!(
        faults(file, &there_is()),
        [
            "3 organizations/Acme: colour: is not known here; there are name, billing, twilio",
            "3 organizations/Acme: billing: must be verified or unverified",
            "9 tenants/smile-dental: connect.password: a secret is never written here: name the environment variable that holds it, {env: NAME}",
        ]
    );
    let file = "version: 1\n\
                organizations:\n  org_01kafbd2x0q7h3m8w5r9t2c6zz: {}\n\
                tenants:\n  smile-dental:\n    timezone: Toronto\n    organization: Elsewhere\n    availability:\n      \
                mode: sometimes\n      fallback:\n        type: forward\n        forwardNumber: \"1\"\n  \
                Bad Slug:\n    name: x\n";
    let found = faults(file, &there_is());
    let places: Vec<&str> = found.iter().map(|fault| fault.split(": ").next().expect("a place")).collect();
    assert_eq!(
        places,
        [
            "3 organizations/org_01kafbd2x0q7h3m8w5r9t2c6zz",
            "6 tenants/smile-dental",
            "7 tenants/smile-dental",
            "9 tenants/smile-dental",
            "12 tenants/smile-dental",
            "13 tenants/Bad Slug",
        ],
        "{found:?}"
    );
}

#[test]
fn a_file_says_which_form_it_has_and_names_nobody_twice() {
    for (source, expected) in [
        ("tenants: {}\n", "1 the document: must say `version: 1`"),
        ("version: 2\n", "1 version: only 1 is known to this patchbay"),
        ("- version\n", "1 the document: must have `version`, and `organizations` or `tenants`"),
        ("version: 1\nteanants: {}\n", "2 teanants: is not known here; there are version, organizations and tenants"),
        (
            "version: 1\ntenants: [smile-dental]\n",
            "2 tenants: must name each by its slug or name, with its settings under it",
        ),
        (
            "version: 1\ntenants: {a: {name: A}}\n---\nversion: 1\ntenants: {a: {name: A}}\n",
            "5 tenants/a: is there twice",
        ),
    ] {
        assert_eq!(faults(source, &there_is()), [expected]);
    }
}

#[test]
fn a_tenant_does_not_move_to_another_organization() {
    for other in ["organizations: {Corner: {}}\ntenants:", "tenants:"] {
        let file = format!("version: 1\n{other}\n  smile-dental: {{organization: Corner}}\n");
        assert_eq!(faults(&file, &there_is()).len(), 1, "{file}");
    }
    assert_eq!(lines("version: 1\ntenants: {smile-dental: {organization: Acme}}\n", &there_is()), [""; 0]);
}

#[test]
fn a_secret_is_read_only_where_it_is_needed_and_never_shown() {
    let password = |name: &str, more: &str| {
        format!("version: 1\ntenants:\n  smile-dental:\n    connect: {{password: {{env: {name}}}{more}}}\n")
    };
    assert_eq!(lines(&password("NOT_SET", ""), &there_is()), [""; 0]);
    assert_eq!(
        lines(&password("GIVEN", ", username: other"), &there_is()),
        ["~ connect.username: desk → other", "~ connect.password: from $GIVEN",]
    );
    assert_eq!(
        faults(&password("NOT_SET", ", username: other"), &there_is()),
        ["4 tenants/smile-dental: the environment variable NOT_SET is not set, and its secret is needed",]
    );
    let again = planned(&password("GIVEN", ""), &there_is(), true).expect("no fault");
    assert_eq!(again[0].lines, ["~ connect.password: from $GIVEN"]);
    let [Deed::ChangeTenant(body)] = again[0].deeds.as_slice() else { panic!("{:?}", again[0].deeds) };
    assert_eq!(*body, json!({"connect": {"password": "a-planted-secret"}}));
}

#[test]
fn an_account_changes_with_its_token_or_not_at_all() {
    let twilio = |more: &str| {
        format!(
            "version: 1\norganizations:\n  Acme:\n    twilio: {{accountSid: AC00000000000000000000000000000003{more}}}\n"
        )
    };
    assert_eq!(
        faults(&twilio(""), &there_is()),
        ["4 organizations/Acme: twilio: a change of the account needs its token: authToken: {env: NAME}",]
    );
    assert_eq!(
        lines(&twilio(", authToken: {env: GIVEN}"), &there_is()),
        [
            "~ twilio.accountSid: AC00000000000000000000000000000002 → AC00000000000000000000000000000003",
            "~ twilio.authToken: from $GIVEN",
        ]
    );
    assert_eq!(
        lines("version: 1\norganizations: {Acme: {twilio: null}}\n", &there_is()),
        ["- twilio: AC00000000000000000000000000000002",]
    );
}

#[test]
fn of_two_organizations_of_one_name_one_is_named_by_its_id() {
    let mut now = there_is();
    let mut twin = org();
    twin["id"] = json!("org_01kafbd2x0q7h3m8w5r9t2c6zz");
    now.orgs.push(twin);
    assert_eq!(faults("version: 1\norganizations: {Acme: {}}\n", &now).len(), 1);
    let file = exported(&document(&now)).expect("written");
    assert!(file.contains("organization: org_01kafbd2x0q7h3m8w5r9t2c6ze"), "{file}");
    assert_eq!(lines(&file, &now), [""; 0]);
}

fn phone() -> impl Strategy<Value = Value> {
    let is_set_up = any::<bool>().prop_map(|is| if is { json!("2026-11-20T09:00:00Z") } else { Value::Null });
    let forwarded =
        json!({"method": "forwarded", "clinicNumber": "+14165550188", "areaCode": "312", "needsPhoneNumber": true});
    let sip = json!({"method": "sip", "clinicNumber": "+14165550188", "pbxType": "no", "sourceIps": ["203.0.113.7"],
        "sipUrl": "sip:smile-dental@example.com", "needsPhoneNumber": false});
    let stage = prop::sample::select(vec!["pending_configuration", "submitted", "canceled"]);
    let ported = stage.prop_map(|stage| {
        json!({"method": "ported", "phoneNumber": "+13125550165", "currentCarrier": "1e3", "portStatus": stage,
            "wantsTemporaryNumber": true, "needsPhoneNumber": false})
    });
    let configured = (prop_oneof![Just(forwarded), Just(sip), ported], is_set_up).prop_map(|(mut phone, at)| {
        if !at.is_null() {
            for name in ["areaCode", "needsPhoneNumber", "wantsTemporaryNumber"] {
                phone.as_object_mut().expect("an object").remove(name);
            }
        }
        phone["setupCompletedAt"] = at;
        phone
    });
    prop_oneof![Just(Value::Null), configured]
}

fn some_numbers() -> impl Strategy<Value = Vec<Value>> {
    let one = (any::<bool>(), any::<bool>(), prop::sample::select(vec!["no", "coming", "arrived"]));
    prop::collection::btree_map(0u32..100, one, 0..4).prop_map(|numbers| {
        let of = |(last, (voicemail, overflowed, porting)): (u32, (bool, bool, &str))| {
            let purpose = if voicemail { "voicemail" } else { "calls" };
            let more = json!({"purpose": purpose, "alreadyOverflowed": overflowed, "porting": porting});
            reach::number(&format!("+131255501{last:02}"), &more)
        };
        numbers.into_iter().map(of).collect()
    })
}

fn greeting() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{1,60}", "([ -~]{0,20}\n){1,4}[ -~]{0,20}", "(yes|no|on|off|null|~|08:00|007|\\+16475550123|1e3)"]
        .prop_map(|text: String| text)
}

fn hours() -> impl Strategy<Value = Value> {
    let span = (0u32..12, 12u32..24)
        .prop_map(|(open, close)| json!({"open": format!("{open:02}:00"), "close": format!("{close:02}:30")}));
    prop_oneof![
        Just(Value::Null),
        span.clone(),
        Just(json!([{"open": "08:00", "close": "12:00"}, {"open": "13:00", "close": "24:00"}])),
    ]
}

fn settings() -> impl Strategy<Value = Value> {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let week = prop::collection::vec(hours(), 7);
    let holidays = prop::collection::vec("(2026-12-2[0-9]|--0[1-9]-1[0-9])", 0..4);
    let rules = prop::collection::vec(
        (0u32..7, "(enable|disable)").prop_map(
            |(day, action)| json!({"dayOfWeek": day, "startTime": "08:00", "endTime": "09:30", "action": action}),
        ),
        0..3,
    );
    let kept = prop_oneof![greeting().prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(json!([{}, []]))];
    (week, holidays, rules, greeting(), any::<bool>(), "[a-z~/ .:]{1,8}", kept).prop_map(
        move |(week, holidays, rules, greeting, enabled, unknown, kept)| {
            let schedule: serde_json::Map<String, Value> = days.iter().map(|day| (*day).to_owned()).zip(week).collect();
            let mut settings = json!({
                "mode": "combined",
                "afterHours": {"enabled": enabled, "businessHours": {
                    "timezone": "America/Toronto", "schedule": schedule, "holidays": holidays}},
                "highVolume": {"enabled": false, "threshold": 5},
                "customSchedule": {"enabled": enabled, "rules": rules},
                "fallback": {"type": "voicemail", "voicemailGreeting": greeting, "forwardNumber": "+16475550199"},
            });
            settings[format!("x{unknown}")] = kept;
            settings
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn what_was_exported_applies_without_a_difference(
        availability in settings(),
        name in greeting(),
        language in prop::option::of(Just("fr-CA")),
        phone in phone(),
        numbers in some_numbers(),
    ) {
        let mut now = there(&json!({"name": name, "language": language}), availability);
        let held = now.tenants.get_mut("smile-dental").expect("there");
        (held.phone, held.numbers) = (phone, numbers);
        let file = exported(&document(&now)).expect("written");
        let items = planned(&file, &now, false).map_err(|faults| TestCaseError::fail(format!("{faults:?}\n{file}")))?;
        let undone: Vec<&Item> = items.iter().filter(|item| !item.deeds.is_empty() || !item.lines.is_empty()).collect();
        prop_assert!(undone.is_empty(), "{:?}\n{}", undone, file);
        prop_assert_eq!(items.len(), 2);
        let back = yaml::read(&file).expect("YAML").remove(0).value();
        prop_assert_eq!(&back, &document(&now));
    }

    /// The other direction: what a file changes is what its lines say, and nothing else.
    #[test]
    fn every_difference_is_told_and_only_those(before in settings(), after in settings()) {
        let now = there(&json!({}), before.clone());
        let wished = there(&json!({}), after.clone());
        let file = exported(&document(&wished)).expect("written");
        let items = planned(&file, &now, false).map_err(|faults| TestCaseError::fail(format!("{faults:?}")))?;
        let tells = items.iter().any(|item| !item.lines.is_empty());
        let does = items.iter().any(|item| !item.deeds.is_empty());
        prop_assert_eq!(tells, does);
        prop_assert_eq!(does, !crate::cli::differences::between(&before, &after).is_empty());
    }
}
