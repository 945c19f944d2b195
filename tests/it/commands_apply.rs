//! `apply` and `export`: an installation from a file and back.

use reqwest::Method;
use serde_json::json;

use crate::commands_support::{Shell, stable};
use crate::rig::Rig;

const EXAMPLE: &str = include_str!("../../config/examples/tenants.yaml");

fn with_example(rig: &Rig) -> Shell<'_> {
    std::fs::write(rig.dir.path().join("tenants.yaml"), EXAMPLE).expect("written");
    let mut shell = Shell::of(rig);
    shell.env.push(("SMILE_DENTAL_PASSWORD", "an-invented-password"));
    shell
}

fn change(rig: &Rig, from: &str, to: &str) {
    let path = rig.dir.path().join("tenants.yaml");
    let text = std::fs::read_to_string(&path).expect("there");
    assert!(text.contains(from), "{from}");
    std::fs::write(path, text.replace(from, to)).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_applies_once_and_then_there_is_nothing_to_change() {
    let rig = Rig::start().await;
    let shell = with_example(&rig);
    let mut seen = String::new();
    for line in ["apply -f tenants.yaml --dry-run", "apply -f tenants.yaml", "apply -f tenants.yaml"] {
        shell.typed(&mut seen, line, &[]);
    }
    change(&rig, "- {open: \"13:00\", close: \"16:00\"}", "- {open: \"13:00\", close: \"15:00\"}");
    change(&rig, "\"--12-26\"]", "\"--12-26\", \"2026-12-24\"]");
    change(&rig, "We are closed. Please", "We open at nine. Please");
    change(&rig, "threshold: 3", "threshold: 4");
    for line in
        ["apply -f tenants.yaml --dry-run", "apply -f tenants.yaml", "apply -f tenants.yaml --secrets --dry-run"]
    {
        shell.typed(&mut seen, line, &[]);
    }
    assert!(!seen.contains("an-invented"), "{seen}");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("apply", seen) });

    let (_, tenants) = rig.admin(Method::GET, "/api/tenants?q=smile-dental", None).await;
    let tenant = tenants["data"].as_array().unwrap().iter().find(|tenant| tenant["slug"] == "smile-dental").unwrap();
    assert_eq!(tenant["connect"]["hasPassword"], true);
    let path = format!("/api/tenants/{}/availability", tenant["id"].as_str().unwrap());
    let (_, availability) = rig.admin(Method::GET, &path, None).await;
    let greeting =
        "You have reached Smile Dental.\nWe open at nine. Please leave your name and number after the tone.\n";
    assert_eq!(availability["fallback"]["voicemailGreeting"], greeting);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_makes_the_same_installation_elsewhere() {
    let here = Rig::start().await;
    with_example(&here).run(&["apply", "-f", "tenants.yaml"]).done();
    here.admin(Method::POST, "/api/tenants", Some(json!({"name": "Corner Garage"}))).await;
    let shell = Shell::of(&here);
    let file = shell.run(&["export"]).done();
    assert!(!file.contains("an-invented"), "{file}");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("export", stable(&file)) });
    assert_eq!(shell.run_with(&["apply", "-f", "-", "--dry-run"], &file).done(), "nothing to change\n");
    let only = shell.run(&["export", "--org", "Acme Reception Services"]).done();
    assert!(only.contains("smile-dental-north:") && !only.contains("corner-garage:"), "{only}");

    let there = Rig::start().await;
    let mut other = Shell::of(&there);
    other.env.push(("SMILE_DENTAL_PASSWORD", "an-invented-password"));
    other.run_with(&["apply", "-f", "-"], &file).done();
    assert_eq!(other.run(&["export"]).done(), file);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_fault_changes_nothing_and_names_every_fault() {
    let rig = Rig::start().await;
    let shell = with_example(&rig);
    change(
        &rig,
        "timezone: America/Toronto\n    country: CA\n    language",
        "timezone: Toronto\n    country: CA\n    language",
    );
    change(&rig, "mode: overflow-only", "mode: sometimes");
    let said = shell.run(&["apply", "-f", "tenants.yaml"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    for part in [
        "tenants.yaml:52: tenants/smile-dental-north: timezone: no time zone",
        "tenants/smile-dental-north: availability.mode: must be",
    ] {
        assert!(said.err.contains(part), "{}", said.err);
    }
    assert!(
        said.err.ends_with("patchbay: there are 2 faults in tenants.yaml, named above; nothing was changed\n"),
        "{}",
        said.err
    );
    assert_eq!(rig.admin(Method::GET, "/api/tenants", None).await.1["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_server_refuses_ends_it_and_is_told_with_what_was_done() {
    let rig = Rig::start().await;
    // Calls to this number come back to the tenant they were forwarded by.
    let voicemail = json!({"mode": "always", "fallback": {"type": "voicemail"}});
    rig.tenant("Corner Garage", "+16475550144", voicemail).await;
    let shell = Shell::of(&rig);
    let file = "version: 1\norganizations:\n  Acme: {}\ntenants:\n  corner-garage:\n    availability:\n      mode: disabled\n      \
                fallback:\n        type: forward\n        forwardNumber: +16475550144\n  last-one:\n    name: Last One\n";
    let said = shell.run_with(&["apply", "-f", "-"], file);
    let err = &said.err;
    assert_eq!(said.code, 1, "{said:?}");
    for part in [
        "tenants/corner-garage could not be applied: -:10: availability.fallback.forwardNumber: calls forwarded to",
        "done before it: organizations/Acme;",
        "not done: tenants/corner-garage, tenants/last-one;",
    ] {
        assert!(err.contains(part), "{part} is missing in {err}");
    }
    let mended = file.replace("forwardNumber: +16475550144", "forwardNumber: +16475550145");
    let done = shell.run_with(&["apply", "-f", "-"], &mended).done();
    assert!(done.ends_with("1 created, 1 changed, 1 as they were\n"), "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_applies_and_exports_no_more_than_its_part() {
    let rig = Rig::start().await;
    let shell = with_example(&rig);
    shell.run(&["apply", "-f", "tenants.yaml"]).done();
    rig.admin(Method::POST, "/api/tenants", Some(json!({"name": "Corner Garage"}))).await;
    let org = shell.run(&["orgs", "show", "Acme Reception Services", "--json"]).json();
    let tenant = shell.run(&["tenants", "show", "smile-dental", "--json"]).json();
    let mut exported = Vec::new();
    for (kind, of) in [("org", &org), ("tenant", &tenant)] {
        let role = format!("{kind}:{}", of["id"].as_str().unwrap());
        let made =
            shell.run(&["token", "create", "--name", kind, "--role", &role, "--access", "read", "--json"]).json();
        let mut own = Shell::of(&rig);
        own.token = made["secret"].as_str().unwrap().to_owned();
        let file = own.run(&["export"]).done();
        assert!(file.contains("smile-dental:") && !file.contains("corner-garage"), "{file}");
        // Looking is all it may do, and all that nothing to change takes.
        assert_eq!(own.run_with(&["apply", "-f", "-"], &file).done(), "nothing to change\n");
        let refused =
            own.run_with(&["apply", "-f", "-"], &file.replace("name: Smile Dental\n", "name: Other\n")).failed();
        assert!(refused.contains("use one with write access"), "{refused}");
        exported.push(file);
    }
    assert!(exported[0].contains("smile-dental-north:") && !exported[1].contains("smile-dental-north:"));
}
