//! Words: those of the documents as they stand there, and what is said where the documents are wrong.

use serde_json::json;

use super::*;
use crate::model::{Estimate, Figure, Money};

#[test]
fn labels_pros_and_cons_are_those_of_the_documents() {
    let words: [(Method, &[&str]); 3] = [
        (
            Method::Ported,
            &[
                "Port Number to Twilio (Best Quality)",
                "Best call quality (no forwarding hop)",
                "Perfect caller ID preservation",
                "Full control over routing",
                "Can use clinic number for outbound caller ID",
                "Supports all Twilio features",
                "Requires LOA (Letter of Authorization) + bill from current carrier",
                "7-14 business day",
                "Clinic temporarily loses control of number",
                "May affect fax lines if sharing the number",
                "Clinics wanting full AI receptionist replacement",
                "Maximum call quality requirements",
                "Long-term partnerships",
            ],
        ),
        (
            Method::Forwarded,
            &[
                "Call Forwarding (Fastest Setup)",
                "Setup in minutes (no porting wait)",
                "Clinic keeps their number",
                "Easy to disable (just turn off forwarding)",
                "No paperwork",
                "Caller ID may show clinic number instead of patient's",
                "Extra hop can reduce quality",
                "DTMF (press 1/2) may not work",
                "Can't control when forwarding happens (carrier-dependent)",
                "Quick pilot/trial setups",
                "Clinics nervous about changing numbers",
                "After-hours only scenarios",
            ],
        ),
        (
            Method::Sip,
            &[
                "PBX/SIP Trunk Integration (Enterprise Grade)",
                "Best caller ID preservation",
                "Flexible routing (after-hours, overflow, menu)",
                "No call forwarding latency",
                "Works with existing phone systems",
                "Enterprise-grade quality",
                "Clinic controls when AI answers",
                "Requires PBX admin access",
                "10-30 minute setup per clinic",
                "May need IT assistance",
                "Clinics with existing PBX systems",
                "Overflow when staff is busy",
                "Press 1 for AI, 2 for staff menus",
                "Enterprise clients",
            ],
        ),
    ];
    for (method, words) in words {
        let page = html(&World::new().guide(Some(method), None)).replace("&#39;", "'");
        words.iter().for_each(|word| assert!(page.contains(word), "{method:?}: {word}"));
    }
}

#[test]
fn forwarding_has_its_four_steps() {
    let Instructions::Forwarded(forwarding) = World::with(PhoneMethod::Forwarded).of(Method::Forwarded).instructions
    else {
        panic!("of forwarding")
    };
    assert_eq!(
        json!(forwarding),
        json!({
            "clinicName": "Smile Dental",
            "forwardToNumber": OURS,
            "steps": [
                "Call your phone carrier customer service",
                "Set up call forwarding to +16475550123",
                "Choose \"Always Forward\" or \"Forward When Busy/No Answer\"",
                "Test by calling your clinic number",
            ],
        })
    );
}

#[test]
fn telephone_systems_have_the_steps_of_the_documents() {
    let Instructions::Sip(setup) = World::with(PhoneMethod::Sip).of(Method::Sip).instructions else { panic!("of SIP") };
    assert_eq!(setup.title, "Connect Your Phone System to Parlance");
    assert_eq!(setup.sip_uri.as_deref(), Some("sip:sip_ca5ecdfd@example.sip.twilio.com"));
    assert_eq!(
        setup.steps.ringcentral,
        [
            "Go to RingCentral Admin Portal",
            "Navigate to Phone System > Auto-Receptionist",
            "Add External Number or SIP Destination",
            "Paste: sip:sip_ca5ecdfd@example.sip.twilio.com",
            "Set routing rule: After Hours → AI Receptionist",
        ]
    );
    assert_eq!(
        setup.steps.generic,
        [
            "Log into your phone system admin panel",
            "Add a new SIP trunk or external destination",
            "Enter SIP URI: sip:sip_ca5ecdfd@example.sip.twilio.com",
            "Configure when calls should route to AI (after-hours, overflow, etc.)",
            "Save and test",
        ]
    );
}

#[test]
fn the_matrix_says_always_sometimes_and_usually() {
    let comparison = World::new().guide(None, None).comparison.expect("nothing is configured");
    let cells = |rows: &Table, column: usize| rows.rows.iter().map(|row| row[column].clone()).collect::<Vec<_>>();
    assert_eq!(cells(&comparison.matrix, 1), ["To = clinic's number", "To = our number", "Parsed from SIP URI"]);
    assert_eq!(cells(&comparison.matrix, 2), ["Always", "Sometimes", "Usually"]);
    assert_eq!(cells(&comparison.matrix, 3), ["Full replacement", "Quick setup", "Enterprise"]);
    assert_eq!(cells(&comparison.numbers, 2), ["Yes (same number)", "Yes (new number)", "Optional (new number)"]);
    assert_eq!(cells(&comparison.effort, 2), ["~$10 port fee", "~$1 number purchase", "~$1 number purchase"]);
}

#[test]
fn costs_are_estimates_and_say_what_contradicts_them() {
    let page = markdown(&World::new().guide(Some(Method::Ported), None));
    for word in ["Estimates in US dollars", "$0.013/min inbound", "$0.0085/min", "no purchase fee", "$10 port fee"] {
        assert!(page.replace('\\', "").contains(word), "{word}");
    }
    assert!(page.contains("the provisioning guides, 2026-02-12"), "whose they are, and of which day: {page}");
    let mut without = World::with(PhoneMethod::Sip);
    (without.phone().needs_phone_number, without.phone().number) = (false, None);
    assert_eq!(without.of(Method::Sip).costs.once, "nothing (no number is bought)");
}

#[test]
fn an_estimate_that_was_edited_stands_in_every_guide() {
    let mut world = World::with(PhoneMethod::Forwarded);
    let own = |micros| Figure { price: Money::usd(micros), source: "the settings".to_owned(), as_of: None };
    world.costs.number_month.said = own(1_150_000);
    world.costs.minute_inbound = Estimate { said: own(9_000), truer: None };
    for method in Method::ALL {
        let page = markdown(&world.guide(Some(method), None)).replace('\\', "");
        for word in [
            "~$1.15/month",
            "~$1.15 Twilio number",
            "$0.009/min inbound",
            "the settings; the provisioning guides, 2026-02-12",
        ] {
            assert!(page.contains(word), "{method:?}: {word}\n{page}");
        }
        assert!(!page.contains("$0.0085"), "nothing contradicts what somebody set: {page}");
    }
    assert_eq!(world.of(Method::Forwarded).costs.monthly, "~$1.15 Twilio number + usage + carrier forwarding fees");
}

#[test]
fn sip_answers_the_question_why_a_number() {
    let page = said(&World::with(PhoneMethod::Sip).guide(None, None));
    for word in [
        "The user already has their own phone number on their PBX, why do they need a Twilio number?",
        "Vapi Endpoint",
        "SIP Target",
        "Call Identity",
        "Billing",
    ] {
        assert!(page.contains(word), "{word}");
    }
}

#[test]
fn a_port_is_asked_for_with_what_twilio_wants() {
    let page = said(&World::new().guide(Some(Method::Ported), None));
    for word in
        ["at most 30 days old", "PIN", "authorized representative", "account number", "e-mails", "Do not cancel"]
    {
        assert!(page.contains(word), "{word}");
    }
    assert!(!page.contains("7-14 days") && page.contains("7-14 business days"), "business days");
}

#[test]
fn asterisk_is_told_pjsip_and_what_was_dialled() {
    let mut world = World::with(PhoneMethod::Sip);
    let page = said(&world.guide(None, Some(Pbx::Asterisk)));
    for word in ["type=endpoint", "type=aor", "type=auth", "outbound_auth=", "contact=sip:example.sip.twilio.com"] {
        assert!(page.contains(word), "{word}");
    }
    assert!(page.contains("exten => +14165550188,1,Dial(PJSIP/${EXTEN}@ai-receptionist)"), "{page}");
    for gone in ["type=friend", "host=sip.twilio.com", "Dial(SIP/", "pstn.twilio.com", "type=identify"] {
        assert!(!page.contains(gone), "{gone}");
    }
    world.phone().source_ips = vec!["203.0.113.7/32".parse().expect("a network")];
    let page = said(&world.guide(None, Some(Pbx::Asterisk)));
    assert!(!page.contains("type=auth") && page.contains("contact=sip:addresses.sip.twilio.com"), "{page}");
}

#[test]
fn the_telephone_system_is_the_tenants_where_it_is_one_we_know() {
    let mut world = World::with(PhoneMethod::Sip);
    for (named, expected) in [
        (Some("FreePBX 17"), Pbx::FreePbx),
        (Some("Ring Central MVP"), Pbx::RingCentral),
        (Some("asterisk"), Pbx::Asterisk),
        (Some("3CX"), Pbx::Generic),
        (None, Pbx::Generic),
    ] {
        world.phone().pbx_type = named.map(str::to_owned);
        assert_eq!(world.of(Method::Sip).pbx, Some(expected), "{named:?}");
    }
    let guide = World::with(PhoneMethod::Forwarded).guide(None, Some(Pbx::Asterisk));
    assert_eq!(guide.method, Some(Method::Sip), "whoever names a telephone system means SIP");
}
