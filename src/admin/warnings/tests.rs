//! Each warning by itself: when it is there, how bad it is, and that it names a next step.

use serde_json::Value;

use super::*;
use crate::model::{E164, JobId, JobKind, JobState, PortId, PortSeen, Seed, Sid, Standing, TenantId, WebhookId};

const NOW: &str = "2026-11-20T15:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn facts() -> Facts {
    Facts { now: at(NOW), ..Facts::default() }
}

fn since() -> Timestamp {
    at("2026-11-20T14:00:00Z")
}

fn seed() -> Seed {
    Seed { at: since(), random: [3; 10] }
}

/// The one warning there must be; it says what is and what comes next.
fn only(facts: &Facts) -> Told {
    let mut told = warnings(facts);
    assert_eq!(told.len(), 1, "{told:?}");
    let told = told.remove(0);
    assert_ne!(told.grade, Grade::Ok);
    for text in [&told.subject, &told.detail, &told.next] {
        assert!(!text.is_empty(), "{told:?}");
    }
    assert!(told.next.ends_with('.') && told.next.matches(". ").count() == 0, "one sentence: {}", told.next);
    assert!(told.command.as_ref().is_none_or(|command| command.starts_with("patchbay ")), "{told:?}");
    assert!(told.href.as_ref().is_none_or(|href| href.starts_with('/')), "{told:?}");
    told
}

#[test]
fn where_all_is_well_nothing_is_told() {
    assert_eq!(warnings(&facts()), []);
}

#[test]
fn what_stands_on_the_bus_is_told_with_its_figure_and_since_when() {
    let all = [
        (WarningKind::StoreAway, Grade::Fault, "7 records wait in spool.dir"),
        (WarningKind::JournalBehind, Grade::Warning, "7 records wait for the store"),
        (WarningKind::RecordsRefused, Grade::Fault, "refused 7 records"),
        (WarningKind::RecordsLost, Grade::Fault, "7 records were lost"),
        (WarningKind::NumbersAstray, Grade::Warning, "7 numbers do not lead here"),
        (WarningKind::LedgerDegraded, Grade::Warning, "this edge counts live calls by itself"),
    ];
    for (kind, grade, detail) in all {
        let warning = Warning { kind, active: true, records: 7 };
        let told = only(&Facts { standing: vec![(warning, since())], ..facts() });
        assert_eq!((told.code, told.grade, told.since), (kind.as_str(), grade, Some(since())));
        assert!(told.detail.contains(detail), "{}", told.detail);
    }
}

#[test]
fn of_one_it_is_told_as_of_one() {
    for (kind, detail) in [
        (WarningKind::StoreAway, "1 record waits"),
        (WarningKind::RecordsRefused, "1 record,"),
        (WarningKind::RecordsLost, "1 record was lost"),
        (WarningKind::NumbersAstray, "1 number does not"),
    ] {
        let warning = Warning { kind, active: true, records: 1 };
        let told = only(&Facts { standing: vec![(warning, since())], ..facts() });
        assert!(told.detail.contains(detail), "{}", told.detail);
    }
}

#[test]
fn numbers_that_are_the_callers_own_count_before_those_of_all() {
    let warning = Warning { kind: WarningKind::NumbersAstray, active: true, records: 7 };
    let standing = vec![(warning, at(NOW))];
    let told = only(&Facts { standing, numbers_amiss: Some((2, since())), ..facts() });
    assert!(told.detail.starts_with("2 numbers"), "{}", told.detail);
    assert_eq!((told.since, told.href.as_deref()), (Some(since()), Some("/numbers?state=astray")));
}

#[test]
fn vapi_away_is_a_fault_and_vapi_tried_again_a_warning() {
    for (state, grade) in [("open", Grade::Fault), ("half_open", Grade::Warning)] {
        let told = only(&Facts { vapi: Some((state, since())), ..facts() });
        assert_eq!((told.code, told.grade, told.since), ("ai_away", grade, Some(since())));
    }
}

#[test]
fn a_target_that_does_not_answer_is_named() {
    let target = Target::parse("squad:the-night-shift").unwrap();
    let told = only(&Facts { targets: vec![(target, "open", since())], ..facts() });
    assert_eq!((told.code, told.subject.as_str()), ("target_away", "squad:the-night-shift"));
}

#[test]
fn free_numbers_are_told_of_from_seventy_percent_on() {
    let of = |total| Facts { free_numbers: Some(Meter { total, limit: 10 }), ..facts() };
    assert_eq!(warnings(&of(6)), []);
    assert!(only(&of(7)).detail.starts_with("7 of 10 free numbers"));
    assert!(only(&of(7)).next.contains("before the free ones are used up"));
    assert!(only(&of(10)).next.contains("the next numbers"));
}

#[test]
fn a_certificate_is_told_of_three_weeks_before_its_end_and_is_a_fault_three_days_before() {
    let of = |end| Facts { certificate_end: Some(at(end)), ..facts() };
    assert_eq!(warnings(&of("2026-12-11T15:00:01Z")), []);
    for (end, grade, detail) in [
        ("2026-12-11T15:00:00Z", Grade::Warning, "The certificate ends on 2026-12-11 at 15:00 UTC, in 21 days."),
        ("2026-11-23T15:00:01Z", Grade::Warning, "The certificate ends on 2026-11-23 at 15:00 UTC, in 3 days."),
        ("2026-11-23T15:00:00Z", Grade::Fault, "The certificate ends on 2026-11-23 at 15:00 UTC, in 3 days."),
        ("2026-11-18T15:00:00Z", Grade::Fault, "The certificate ended on 2026-11-18 at 15:00 UTC, 2 days ago"),
    ] {
        let told = only(&of(end));
        assert_eq!((told.code, told.grade), ("certificate_ends", grade), "{end}");
        assert!(told.detail.starts_with(detail), "{}", told.detail);
    }
}

#[test]
fn jobs_that_are_a_persons_are_counted_and_the_only_one_is_named() {
    let standing =
        Standing { state: JobState::Manual, detail: "set the VoiceUrl by hand".to_owned(), ..Standing::default() };
    let job = Job {
        id: JobId::new(seed()),
        kind: JobKind::Wire,
        tenant_id: None,
        org_id: None,
        subject: "num_1".to_owned(),
        asked: Value::Null,
        by: "operator".to_owned(),
        created_at: since(),
        standing,
        updated_at: since(),
    };
    let of =
        |jobs_by_hand| Facts { jobs_by_hand, job_by_hand: Some(job.clone()), by_hand_since: Some(since()), ..facts() };
    let one = only(&of(1));
    assert!(one.detail.ends_with(": set the VoiceUrl by hand"), "{}", one.detail);
    assert_eq!(one.command, Some(format!("patchbay jobs show {}", job.id)));
    let three = only(&of(3));
    assert!(three.detail.starts_with("3 jobs"), "{}", three.detail);
    assert_eq!(three.command.as_deref(), Some("patchbay jobs list --state manual"));
    assert_eq!((three.href.as_deref(), three.since), (Some("/jobs?state=manual"), Some(since())));
}

#[test]
fn a_port_is_told_of_where_it_was_refused_or_must_be_signed_and_nowhere_else() {
    let of = |stage| {
        let port = Port {
            id: PortId::new(seed()),
            tenant_id: TenantId::new(seed()),
            e164: E164::parse("+13125550100").unwrap(),
            account: Sid::parse("AC1").unwrap(),
            request: Sid::parse("KW1").unwrap(),
            stage,
            since: since(),
            seen: PortSeen::default(),
            due: None,
            created_at: since(),
        };
        Facts { ports: vec![port], ..facts() }
    };
    for (stage, code) in
        [(PortStage::ActionRequired, "port_refused"), (PortStage::WaitingForSignature, "port_signature")]
    {
        let told = only(&of(stage));
        assert_eq!((told.code, told.subject.as_str(), told.since), (code, "+13125550100", Some(since())));
        assert!(told.command.unwrap().starts_with("patchbay tenants port show ten_"));
    }
    for stage in [PortStage::Submitted, PortStage::InProgress, PortStage::Completed, PortStage::Canceled] {
        assert_eq!(warnings(&of(stage)), [], "{stage:?}");
    }
}

#[test]
fn a_webhook_that_was_switched_off_for_failing_is_told_of_and_one_a_person_disabled_is_not() {
    let of = |disabled_reason| {
        let webhook = Webhook {
            id: WebhookId::new(seed()),
            org_id: None,
            tenant_id: None,
            url: "https://hooks.example.com/a-secret-path".to_owned(),
            events: Vec::new(),
            description: None,
            enabled: false,
            disabled_reason,
            version: 2,
            created_at: since(),
            updated_at: since(),
        };
        Facts { webhooks: vec![webhook], ..facts() }
    };
    for reason in [DisabledReason::Gone, DisabledReason::Failing] {
        let told = only(&of(Some(reason)));
        assert_eq!((told.code, told.since), ("webhook_disabled", Some(since())));
        assert!(!format!("{told:?}").contains("a-secret-path"), "URLs may hold secrets");
    }
    assert_eq!(warnings(&of(None)), []);
}

#[test]
fn faults_come_first() {
    let warning = |kind| (Warning { kind, active: true, records: 1 }, since());
    let facts = Facts {
        standing: vec![warning(WarningKind::JournalBehind), warning(WarningKind::RecordsLost)],
        free_numbers: Some(Meter { total: 9, limit: 10 }),
        vapi: Some(("open", since())),
        ..facts()
    };
    let codes: Vec<&str> = warnings(&facts).iter().map(|told| told.code).collect();
    assert_eq!(codes, ["records_lost", "ai_away", "journal_behind", "free_numbers"]);
}
