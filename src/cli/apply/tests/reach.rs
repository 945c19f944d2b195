//! What a file wants of numbers and telephones against what there is, without a server.

use serde_json::{Value, json};

use super::super::Installation;
use super::super::deeds::Deed;
use super::super::installation::Ours;
use super::{faults, org, planned, there_is};

/// The same tenant, with how it is reached and what leads to it.
fn reached(phone: Value, numbers: &[Value]) -> Installation {
    let mut now = there_is();
    let held = now.tenants.get_mut("smile-dental").expect("there");
    (held.phone, held.numbers) = (phone, numbers.to_vec());
    now
}

/// A number that leads to the tenant.
pub(super) fn number(e164: &str, more: &Value) -> Value {
    let mut number = json!({
        "id": "num_01kafbd2x0q7h3m8w5r9t2c6ze", "e164": e164, "tenantId": "ten_01kafbd2x0q7h3m8w5r9t2c6ze",
        "accountSid": "AC00000000000000000000000000000001", "twilioSid": "PN1", "vapiNumberId": null, "state": "active",
        "purpose": "calls", "alreadyOverflowed": false, "porting": "no",
    });
    more.as_object().into_iter().flatten().for_each(|(name, value)| number[name] = value.clone());
    number
}

fn of_smile_dental(more: &str) -> String {
    format!("version: 1\ntenants:\n  smile-dental:\n{more}")
}

#[test]
fn numbers_are_led_got_or_left_alone_and_never_taken_away() {
    let own = [
        number("+13125550123", &json!({})),
        number("+13125550126", &json!({})),
        number("+13125550127", &json!({"porting": "coming"})),
    ];
    let mut now = reached(Value::Null, &own);
    for (e164, state, since) in [("+13125550124", "unassigned", None), ("+13125550125", "resting", Some("a day"))] {
        let number = number(e164, &json!({"tenantId": null, "state": state, "vapiNumberId": "v1"}));
        let ours = Ours { number, whose: None, rests_since: since.map(str::to_owned) };
        now.numbers.insert(e164.to_owned(), ours);
    }
    let file = of_smile_dental(
        "    numbers:\n      - {number: +13125550123, purpose: voicemail}\n      - +13125550124\n      \
         - {number: +13125550125, alreadyOverflowed: true}\n      - +13125550128\n",
    );
    let item = planned(&file, &now, false).expect("no fault").remove(0);
    assert_eq!(
        item.lines,
        [
            "~ numbers.+13125550123.purpose: calls → voicemail",
            "+ numbers: +13125550124 (ours, from the pool)",
            "+ numbers: +13125550125, already overflowed (ours, at rest since a day)",
            "+ numbers: +13125550128 (bought, about $1 a month, unless the account has it)",
        ]
    );
    assert_eq!(item.notes, ["· +13125550126 stays: nothing is released by a file"]);
    let [Deed::ChangeNumber { .. }, Deed::LeadNumber { body, .. }, Deed::LeadNumber { .. }, Deed::GetNumber { .. }] =
        item.deeds.as_slice()
    else {
        panic!("{:?}", item.deeds)
    };
    assert_eq!(*body, json!({"e164": "+13125550124", "wire": true}));
    assert!(planned(&of_smile_dental("    country: CA\n"), &now, false).expect("no fault")[0].notes.is_empty());
}

#[test]
fn a_number_of_somebody_else_or_of_another_account_is_a_fault() {
    let mut now = there_is();
    let mut corner = org();
    (corner["id"], corner["name"]) = (json!("org_01kafbd2x0q7h3m8w5r9t2c6zz"), json!("Corner"));
    corner["twilio"]["accountSid"] = json!("AC00000000000000000000000000000009");
    now.orgs.push(corner);
    let theirs = number("+13125550123", &json!({"tenantId": "ten_01kafbd2x0q7h3m8w5r9t2c6zz"}));
    let of_account = json!({"tenantId": null, "accountSid": "AC00000000000000000000000000000009"});
    for (e164, number, whose) in [
        ("+13125550123", theirs, Some("corner-garage".to_owned())),
        ("+13125550124", number("+13125550124", &of_account), None),
    ] {
        now.numbers.insert(e164.to_owned(), Ours { number, whose, rests_since: None });
    }
    assert_eq!(
        faults(&of_smile_dental("    numbers:\n      - +13125550123\n      - +13125550124\n"), &now),
        [
            "5 tenants/smile-dental: numbers.0: +13125550123 leads to corner-garage: take it from there first (patchbay \
             numbers unassign num_01kafbd2x0q7h3m8w5r9t2c6ze)",
            "6 tenants/smile-dental: numbers.1: +13125550124 is in the Twilio account of Corner",
        ]
    );
}

#[test]
fn what_is_bought_is_paid_for_by_somebody() {
    let buys = "    numbers: [+13125550123]\n";
    let paid = |billing: &str, may_buy: bool, file: &str| {
        let mut now = there_is();
        (now.orgs[0]["billing"], now.orgs[0]["mayBuy"]) = (json!(billing), json!(may_buy));
        faults(file, &now).is_empty()
    };
    assert!(paid("verified", true, &of_smile_dental(buys)));
    assert!(paid("unverified", true, &of_smile_dental(buys)), "nobody asks for payment");
    assert!(!paid("unverified", false, &of_smile_dental(buys)));
    let verifies = "version: 1\norganizations: {Acme: {billing: verified}}\ntenants:\n  smile-dental:\n    numbers: [+13125550123]\n";
    assert!(paid("unverified", false, verifies), "the file says it");
    assert!(!paid("verified", true, &verifies.replace("billing: verified", "billing: unverified")));
    let forwarded =
        |more: &str| of_smile_dental(&format!("    phone: {{method: forwarded, clinicNumber: +14165550188{more}}}\n"));
    assert!(!paid("unverified", false, &forwarded("")));
    assert!(paid("unverified", false, &forwarded(", deploy: false")), "nothing is bought by it");
    let sip = of_smile_dental("    phone: {method: sip, clinicNumber: +14165550188, needsPhoneNumber: false}\n");
    assert!(paid("unverified", false, &sip), "nor by this");
    assert!(!paid("unverified", false, &of_smile_dental("    phone: {method: ported, phoneNumber: +13125550165}\n")));
}

#[test]
fn a_phone_is_put_where_it_differs_and_set_up_where_it_is_not() {
    let set_up = json!({"method": "forwarded", "clinicNumber": "+14165550188", "twilioForwardNumber": "+13125550123",
        "setupCompletedAt": "2026-11-20T09:00:00Z"});
    let own = [number("+13125550123", &json!({}))];
    let file =
        |more: &str| of_smile_dental(&format!("    phone: {{method: forwarded, clinicNumber: +14165550188{more}}}\n"));
    let done = |file: &str, phone: &Value, own: &[Value]| {
        let item =
            planned(file, &reached(phone.clone(), own), false).unwrap_or_else(|faults| panic!("{faults:?}")).remove(0);
        let deeds =
            item.deeds.iter().map(|deed| format!("{deed:?}").split(['(', ' ']).next().unwrap_or_default().to_owned());
        (item.lines.clone(), deeds.collect::<Vec<_>>(), item.notes)
    };
    let nothing = (Vec::new(), Vec::new(), Vec::new());
    assert_eq!(done(&file(", areaCode: 312, needsPhoneNumber: true"), &set_up, &own), nothing);

    let (lines, deeds, _) = done(&file("").replace("188", "187"), &set_up, &own);
    assert_eq!(
        lines,
        ["~ phone.clinicNumber: +14165550188 → +14165550187", "+ phone: is set up, with the number it has"]
    );
    assert_eq!(deeds, ["PutPhone", "Deploy"]);

    let mut configured = json!({"method": "forwarded", "clinicNumber": "+14165550188", "needsPhoneNumber": true});
    assert_eq!(done(&file(""), &configured, &[]).1, ["Deploy"]);
    assert_eq!(done(&file(", deploy: false"), &configured, &[]), nothing);
    configured["needsPhoneNumber"] = json!(false);
    assert_eq!(
        faults(&file(""), &reached(configured, &[])),
        [
            "4 tenants/smile-dental: phone.needsPhoneNumber: no number leads to the tenant, so there is none to forward to: \
          name one in numbers, or let it get one"
        ]
    );

    let sip = of_smile_dental("    phone: {method: sip, clinicNumber: +14165550188, sourceIps: [203.0.113.9/28]}\n");
    let (lines, deeds, notes) = done(&sip, &set_up, &own);
    assert_eq!(lines[..2], ["~ phone.method: forwarded → sip", "+ phone.sourceIps: 203.0.113.0/28"]);
    assert_eq!((deeds, notes), (vec!["PutPhone".to_owned(), "Deploy".to_owned()], vec![]));
}

#[test]
fn a_number_that_moves_is_asked_for_once_and_only_with_its_papers() {
    let phone = |stage: &str| json!({"method": "ported", "phoneNumber": "+13125550165", "portStatus": stage, "needsPhoneNumber": false});
    let file = of_smile_dental("    phone: {method: ported, clinicNumber: +13125550165}\n");
    let done = |stage: &str, missing: &[&str]| {
        let mut now = reached(phone(stage), &[]);
        let held = now.tenants.get_mut("smile-dental").expect("there");
        held.missing = missing.iter().map(|one| (*one).to_owned()).collect();
        let item = planned(&file, &now, false).expect("no fault").remove(0);
        (item.deeds.len(), item.notes.join("\n"))
    };
    assert_eq!(done("pending_configuration", &[]), (1, String::new()));
    let (deeds, told) = done("pending_configuration", &["the bill"]);
    assert!(
        deeds == 0 && told.contains("not asked for yet: the bill (patchbay tenants port papers smile-dental"),
        "{told}"
    );
    assert_eq!(done("in_review", &[]), (0, String::new()));
    let (deeds, told) = done("action_required", &[]);
    assert!(deeds == 0 && told.contains("the move is action required"), "{told}");
}

#[test]
fn what_has_no_meaning_with_a_method_is_a_fault() {
    let file = of_smile_dental(
        "    phone:\n      method: forwarded\n      clinicNumber: \"1\"\n      pbxType: FreePBX\n      sourceIps: [10.0.0.1]\n      colour: red\n      \
         deploy: later\n",
    );
    let at = |file: &str| {
        faults(file, &there_is())
            .iter()
            .map(|fault| fault.split(": ").take(2).collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(at(&file), ["9 tenants/smile-dental phone.colour", "10 tenants/smile-dental phone.deploy"]);
    let file = file.replace("      colour: red\n      deploy: later\n", "");
    assert_eq!(
        at(&file),
        [
            "6 tenants/smile-dental phone.clinicNumber",
            "7 tenants/smile-dental phone.pbxType",
            "8 tenants/smile-dental phone.sourceIps"
        ]
    );
    assert_eq!(at(&of_smile_dental("    phone: {}\n")), ["4 tenants/smile-dental phone.method"]);
    let ported = "    phone: {method: ported, phoneNumber: +13125550165, needsPhoneNumber: true}\n";
    assert_eq!(at(&of_smile_dental(ported)), ["4 tenants/smile-dental phone.needsPhoneNumber"]);
}
