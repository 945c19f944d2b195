//! The commands that ask the admin API: each once for people and once for programs, and what they say when they cannot.

use patchbay::simulator::Options;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::commands_support::{Does, Said, Shell, header, stable, stand_in};
use crate::provision::Town;
use crate::rig::{Rig, call_sid, nobody};
use crate::sim::Sim;

const SETTINGS: &str = "\
mode: after-hours-only
afterHours:
  enabled: true
  businessHours:
    schedule: {monday: {open: 09:00, close: 17:00}, friday: {open: 09:00, close: 15:00}}
    holidays: [--12-25]
fallback: {type: voicemail}
x-note: kept
";

fn snapshot(name: &str, transcript: &str) {
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, transcript) });
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_and_tokens_are_kept_from_a_shell() {
    let rig = Rig::start().await;
    let mut shell = Shell::of(&rig);
    shell.env.push(("ACME_TOKEN", "an-invented-auth-token-of-acme"));
    let mut seen = String::new();
    for line in [
        "orgs create --name \"Acme Reception Services\"",
        "orgs list",
        "orgs set-twilio \"Acme Reception Services\" --account-sid AC00000000000000000000000000000002 --auth-token-env ACME_TOKEN --phone-number +16475550155",
        "orgs billing \"Acme Reception Services\" verified",
        "orgs billing \"Acme Reception Services\"",
        "orgs rename \"Acme Reception Services\" Acme",
        "orgs show Acme",
        "orgs clear-twilio Acme --yes",
        "orgs list --search nobody",
        "token create --name \"front desk\" --access read",
    ] {
        shell.typed(&mut seen, line, &[]);
    }
    let made = shell.run(&["--json", "token", "create", "--name", "x"]);
    assert_eq!(made.code, 2, "--json belongs behind the command: {made:?}");
    let made =
        shell.run(&["token", "create", "--name", "script", "--expires", "2099-01-31T00:00:00Z", "--json"]).json();
    let id = made["id"].as_str().expect("an id").to_owned();
    shell.typed(&mut seen, "token list", &[]);
    shell.typed(&mut seen, "token revoke TOKEN", &[("TOKEN", &id)]);
    shell.typed(&mut seen, "orgs delete Acme --yes", &[]);
    shell.typed(&mut seen, "orgs show Acme", &[]);
    assert!(!seen.contains("an-invented"), "{seen}");
    snapshot("organizations_and_tokens", &seen);

    // The revoked one opens nothing.
    shell.token = made["secret"].as_str().expect("a secret").to_owned();
    assert!(shell.run(&["orgs", "list"]).failed().contains("401"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_kept_from_a_shell() {
    let rig = Rig::start().await;
    std::fs::write(rig.dir.path().join("hours.yaml"), SETTINGS).expect("written");
    let mut shell = Shell::of(&rig);
    shell.env.push(("PASSWORD", "an-invented-password"));
    let mut seen = String::new();
    for line in [
        "tenants create --name \"Smile Dental\" --timezone America/Toronto --country CA --target assistant:asst-1 --sip-uri sip:desk@sip.vapi.ai --username desk --password-env PASSWORD",
        "tenants list",
        "tenants list --org org_00000000000000000000000000",
        "tenants availability set smile-dental --file hours.yaml",
        "tenants availability set smile-dental --file hours.yaml",
        "tenants availability get smile-dental",
        "tenants change smile-dental --language fr-CA --timeout-seconds 20",
        "tenants rename smile-dental \"Smile Dental North\"",
        "tenants change smile-dental --clear language,credentials",
        "tenants override set smile-dental force-fallback --until 2099-12-24T18:00:00Z --note party",
        "tenants show smile-dental",
        "tenants override clear smile-dental",
        "tenants override show smile-dental",
        "tenants versions smile-dental --limit 3",
        "tenants diff smile-dental 1 2",
        "tenants rollback smile-dental 2",
        "tenants simulate smile-dental --at 2099-03-16T12:59:00Z",
        "tenants coverage smile-dental --from 2099-03-06 --days 4",
        "tenants coverage smile-dental --from 2099-03-06 --days 500",
        "tenants replay smile-dental --from 2099-03-06T00:00:00Z --to 2099-03-07T00:00:00Z --availability hours.yaml",
        "audit --tenant smile-dental --changes --limit 2",
        "audit --limit 2",
        "tenants delete smile-dental",
        "tenants delete smile-dental --yes",
        "tenants show smile-dental",
        "tenants list",
    ] {
        shell.typed(&mut seen, line, &[]);
    }
    assert!(!seen.contains("an-invented"), "{seen}");
    snapshot("tenants", &seen);
}

/// A call that went to voicemail, and the voicemail.
async fn called(rig: &Rig) -> String {
    let hours = json!({"mode": "disabled", "fallback": {"type": "voicemail"}});
    let tenant = rig.tenant("Smile Dental", "+16475550123", hours).await;
    let sid = call_sid();
    rig.voice("+14165550188", "+16475550123", &sid).await;
    let left = [
        ("CallSid", sid.as_str()),
        ("RecordingSid", "RE00000000000000000000000000000001"),
        ("RecordingStatus", "completed"),
        ("RecordingDuration", "7"),
        ("From", "+14165550188"),
        ("To", "+16475550123"),
    ];
    assert_eq!(rig.post("/api/twilio/voicemail", &left).await.status, 204);
    rig.ended(&sid).await;
    let kept = async || {
        let path = format!("/api/voicemails?tenantId={tenant}");
        let (_, list) = rig.admin(reqwest::Method::GET, &path, None).await;
        let (_, call) = rig.admin(reqwest::Method::GET, &format!("/api/calls/{sid}"), None).await;
        let is_there = list["data"][0]["state"] == "ready" && call["status"] == "completed";
        is_there.then(|| list["data"][0]["id"].as_str().expect("an id").to_owned())
    };
    let voicemail = rig.eventually("call and voicemail are kept", kept).await;
    format!("{sid} {voicemail}")
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_voicemails_are_looked_at_from_a_shell() {
    let rig = Rig::start().await;
    let shell = Shell::of(&rig);
    let mut seen = String::new();
    shell.typed(&mut seen, "calls list", &[]);
    shell.typed(&mut seen, "voicemails list", &[]);
    let there = called(&rig).await;
    let (sid, voicemail) = there.split_once(' ').expect("both");
    let names = [("CALL", sid), ("VOICEMAIL", voicemail)];
    for line in [
        "calls list",
        "calls list --tenant smile-dental -q +14165550188",
        "calls show CALL",
        "voicemails list --tenant smile-dental",
        "voicemails heard VOICEMAIL",
        "voicemails list --unheard",
        "voicemails show VOICEMAIL",
        "voicemails unheard VOICEMAIL",
        "calls show CA0",
    ] {
        shell.typed(&mut seen, line, &names);
    }
    // The length of what the clock measured.
    let seen = stable(&seen);
    snapshot("calls_and_voicemails", &seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_kept_from_a_shell() {
    let sim = Sim::start_with(Options::default()).await;
    let rig = sim.rig().await;
    rig.tenant("Smile Dental", "+16475550123", json!({"mode": "always"})).await;
    rig.tenant("Acme Pizza", "+16475550124", json!({"mode": "always"})).await;
    let shell = Shell::of(&rig);
    let id = shell.run(&["numbers", "list", "--tenant", "smile-dental", "--json"]).json()["data"][0]["id"].clone();
    let mut seen = String::new();
    for line in [
        "numbers list",
        "numbers unassign NUMBER",
        "numbers assign NUMBER acme-pizza",
        "numbers list --tenant acme-pizza",
        "numbers free",
        "numbers available --country US --area-code 533",
        "numbers available --country FR",
        "numbers available --area-code 12",
    ] {
        shell.typed(&mut seen, line, &[("NUMBER", id.as_str().expect("an id"))]);
    }
    snapshot("numbers", &seen);
    let offers = shell.run(&["numbers", "available", "--json"]).json();
    assert_eq!(offers["data"][0]["e164"], "+12055550100");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_got_from_a_shell_and_jobs_are_watched() {
    let town = Town::new().await;
    for name in ["Smile Dental", "Acme Pizza", "Corner Garage"] {
        town.tenant(name, json!({})).await;
    }
    let shell = Shell::of(&town.rig);
    let mut seen = String::new();
    for line in [
        "numbers buy smile-dental --area-code 312",
        "tenants phone acme-pizza --method forwarded --clinic-number +16475550188",
        "tenants deploy acme-pizza",
        "numbers provision --dry-run",
        "numbers provision",
        "numbers list",
        "numbers sync --dry-run",
        "numbers remove-from-vapi --unassigned --dry-run",
        "jobs list --kind deploy",
        "numbers buy smile-dental --number +15005550000",
        "jobs list --state manual",
    ] {
        shell.typed(&mut seen, line, &[]);
    }
    let jobs = shell.run(&["jobs", "list", "--state", "manual", "--json"]).json();
    let job = jobs["data"][0]["id"].as_str().expect("an id");
    for line in ["jobs retry JOB", "jobs show JOB", "jobs cancel JOB", "jobs watch JOB"] {
        shell.typed(&mut seen, line, &[("JOB", job)]);
    }
    let numbers = shell.run(&["numbers", "list", "--tenant", "smile-dental", "--json"]).json();
    let number = numbers["data"][0]["id"].as_str().expect("an id");
    for line in [
        "numbers rewire NUMBER",
        "numbers remove-from-vapi NUMBER",
        "numbers unassign NUMBER",
        "numbers release NUMBER --yes",
    ] {
        shell.typed(&mut seen, line, &[("NUMBER", number)]);
    }
    snapshot("numbers_and_jobs", &steady(&seen));
    town.holds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_and_the_older_one_ended_from_a_shell() {
    let town = Town::new().await;
    let (tenant, older) = town.with_sip("Smile Dental").await;
    let newer = town.renewed(&tenant).await;
    town.deployed(&tenant).await;
    assert!(town.sip_call(&newer, "smile-dental").await);
    town.has_called(&tenant, &newer).await;
    let shell = Shell::of(&town.rig);
    let mut seen = String::new();
    for line in [
        "tenants sip-names smile-dental",
        "tenants sip-names smile-dental --remove NEWER",
        "tenants sip-names smile-dental --remove ../../x",
        "tenants sip-names smile-dental --remove OLDER",
        "tenants sip-names smile-dental",
    ] {
        shell.typed(&mut seen, line, &[("OLDER", &older), ("NEWER", &newer)]);
    }
    let seen = seen.replace(&older, "sip_OLDER___").replace(&newer, "sip_NEWER___");
    snapshot("sip_names", &steady(&seen));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_numbers_is_told_in_a_shell() {
    let town = Town::new().await;
    for name in ["Smile Dental", "Acme Pizza"] {
        town.tenant(name, json!({})).await;
    }
    let shell = Shell::of(&town.rig);
    let mut seen = String::new();
    for line in ["numbers buy smile-dental", "numbers buy acme-pizza", "numbers audit"] {
        shell.typed(&mut seen, line, &[]);
    }
    town.at_the_console("+12055550100", &[("VoiceUrl", "https://elsewhere.example/voice")]).await;
    town.sim.tell("numbers", json!({ "accountSid": crate::rig::ACCOUNT, "phoneNumber": "+12055550160" })).await;
    shell.typed(&mut seen, "numbers audit", &[]);
    let numbers = shell.run(&["numbers", "list", "--tenant", "acme-pizza", "--json"]).json();
    let number = numbers["data"][0]["id"].as_str().expect("an id");
    for line in
        ["numbers unassign NUMBER", "numbers history NUMBER", "numbers ledger", "numbers ledger --state resting"]
    {
        shell.typed(&mut seen, line, &[("NUMBER", number)]);
    }
    snapshot("number_life", &steady(&seen));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_things_cost_is_told_in_a_shell() {
    let town = Town::new().await;
    for name in ["Smile Dental", "Acme Pizza"] {
        town.tenant(name, json!({ "country": "US" })).await;
    }
    let shell = Shell::of(&town.rig);
    let mut seen = String::new();
    shell.typed(&mut seen, "costs", &[]);
    shell.run(&["numbers", "buy", "smile-dental"]).done();
    for line in ["costs", "costs --tenant smile-dental", "costs --tenant nobody"] {
        shell.typed(&mut seen, line, &[]);
    }
    snapshot("costs", &steady(&seen));
}

/// Without what chance and providers call things: identifiers of Vapi's, and whether a line came while it was waited for.
fn steady(seen: &str) -> String {
    let ids = regex::Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").expect("a pattern");
    let seen = ids.replace_all(seen, "UUID");
    let lines = seen.lines().filter(|line| !line.trim_start().starts_with('…'));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_get_the_apis_own_json() {
    let rig = Rig::start().await;
    let there = called(&rig).await;
    let (sid, voicemail) = there.split_once(' ').expect("both");
    let shell = Shell::of(&rig);
    let ask = |words: &[&str]| shell.run(&[words, &["--json"]].concat()).json();
    for (words, member) in [
        (&["orgs", "list"][..], "/data/0/billing"),
        (&["token", "create", "--name", "x", "--role", "operator"], "/secret"),
        (&["token", "list"], "/data/0/role"),
        (&["orgs", "create", "--name", "Acme"], "/billing"),
        (&["orgs", "show", "Acme"], "/createdAt"),
        (&["orgs", "rename", "Acme", "Acme Two"], "/version"),
        (&["orgs", "billing", "Acme Two"], "/status"),
        (&["orgs", "billing", "Acme Two", "verified"], "/billing"),
        (&["orgs", "delete", "Acme Two", "--yes"], "/deleted"),
        (&["tenants", "list"], "/data/0/slug"),
        (&["tenants", "show", "smile-dental"], "/connect/via"),
        (&["tenants", "create", "--name", "Acme"], "/slug"),
        (&["tenants", "rename", "acme", "Acme Two"], "/name"),
        (&["tenants", "change", "acme", "--language", "en-CA"], "/language"),
        (&["tenants", "availability", "get", "acme"], "/mode"),
        (&["tenants", "override", "set", "acme", "force-ai"], "/state"),
        (&["tenants", "versions", "acme"], "/data/0/changes"),
        (&["tenants", "diff", "acme", "1"], "/differences/0/place"),
        (&["tenants", "rollback", "acme", "1"], "/tenant/version"),
        (&["tenants", "simulate", "acme"], "/decision/reason"),
        (&["tenants", "delete", "acme", "--yes"], "/deleted"),
        (&["calls", "list"], "/data/0/decision/reason"),
        (&["calls", "show", sid], "/trace/0/rule"),
        (&["voicemails", "list"], "/data/0/heard"),
        (&["voicemails", "show", voicemail], "/callSid"),
        (&["voicemails", "heard", voicemail], "/heard"),
        (&["audit"], "/data/0/what"),
        (&["costs"], "/methods/0/method"),
        (&["export"], "/tenants/smile-dental/name"),
    ] {
        let answer = ask(words);
        assert!(answer.pointer(member).is_some_and(|value| !value.is_null()), "{words:?}: {answer}");
    }
    assert_eq!(ask(&["tenants", "override", "show", "smile-dental"]), Value::Null);
    let input = shell.run_with(&["tenants", "availability", "set", "smile-dental", "--json"], SETTINGS).json();
    assert_eq!(input["warnings"][0]["pointer"], "/x-note");
    let id = ask(&["token", "create", "--name", "y"])["id"].as_str().expect("an id").to_owned();
    assert_eq!(ask(&["token", "revoke", &id])["revoked"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_as_far_as_one_wants_to_see() {
    let rig = Rig::start().await;
    for name in ["Acme One", "Acme Two", "Acme Three"] {
        rig.admin(reqwest::Method::POST, "/api/orgs", Some(json!({ "name": name }))).await;
    }
    let shell = Shell::of(&rig);
    let first = shell.run(&["orgs", "list", "--limit", "2", "-q", "acme", "--json"]).json();
    let cursor = first["nextCursor"].as_str().expect("there is more");
    let rest = shell.run(&["orgs", "list", "-q", "acme", "--cursor", cursor, "--json"]).json();
    assert_eq!((first["data"].as_array().map(Vec::len), rest["data"].as_array().map(Vec::len)), (Some(2), Some(1)));
    assert_eq!(rest["nextCursor"], Value::Null);
    let lines = shell.run(&["orgs", "list", "-q", "acme", "--all", "--json"]).done();
    let names: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON a line")).collect();
    assert_eq!(names.len(), 3, "{lines}");
    let told = shell.run(&["orgs", "list", "--limit", "2", "-q", "acme"]).done();
    assert!(told.contains(&format!("there are more: --all, --limit, or --cursor {cursor}")), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_one_sentence_that_says_what_to_do() {
    let rig = Rig::start().await;
    rig.admin(reqwest::Method::POST, "/api/tenants", Some(json!({"name": "Smile Dental"}))).await;
    let mut shell = Shell::of(&rig);
    let read = shell.run(&["token", "create", "--name", "reader", "--access", "read", "--json"]).json();
    let read = read["secret"].as_str().expect("a secret").to_owned();
    let said = |said: Said, part: &str| {
        let said = said.failed();
        assert!(said.contains(part), "{said}");
    };
    said(shell.run(&["tenants", "show", "nobody"]), "no tenant has the slug `nobody`; `patchbay tenants list` shows");
    said(shell.run(&["orgs", "show", "org_01kafbd2x0q7h3m8w5r9t2c6ze"]), "there is no organization");
    said(
        shell.run(&["tenants", "change", "smile-dental", "--timezone", "Toronto"]),
        "/timezone no time zone of this name",
    );
    said(shell.run(&["token", "create", "--name", "x", "--role", "captain"]), "/role this must be operator");
    said(
        shell.run(&["tenants", "change", "smile-dental", "--username", "x", "--password-env", "NOT_SET"]),
        "NOT_SET is not set",
    );
    said(shell.run(&["apply", "-f", "missing.yaml"]), "could not read missing.yaml");
    shell.token = read;
    said(shell.run(&["tenants", "rename", "smile-dental", "X"]), "use one with write access");
    assert_eq!(shell.run(&["tenants", "list"]).code, 0);
    assert_eq!(shell.run(&["tenants", "simulate", "smile-dental"]).code, 0);
    shell.token = "not-a-token-of-anybody".to_owned();
    said(shell.run(&["orgs", "list"]), "set PATCHBAY_TOKEN to a token of this installation");
    shell.token = String::new();
    said(shell.run(&["orgs", "list"]), "no token is set: put one into PATCHBAY_TOKEN");
    shell.token = "not-a-token-of-anybody".to_owned();
    shell.admin = format!("http://{}", nobody());
    let gone = shell.run(&["orgs", "list"]);
    assert!(!gone.err.contains("not-a-token"), "{gone:?}");
    said(gone, "is `patchbay serve` running there?");
    shell.admin = rig.base();
    said(shell.run(&["orgs", "list"]), "look at PATCHBAY_ADMIN_URL");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_refused_are_told_with_their_lines() {
    let rig = Rig::start().await;
    rig.admin(reqwest::Method::POST, "/api/tenants", Some(json!({"name": "Smile Dental"}))).await;
    let shell = Shell::of(&rig);
    let set = ["tenants", "availability", "set", "smile-dental"];
    let said = shell.run_with(
        &set,
        "mode: always\nfallback:\n  type: forward\n  forwardNumber: none\nhighVolume:\n  threshold: many\n",
    );
    assert_eq!(said.code, 1);
    for part in ["-:4: /fallback/forwardNumber must be", "-:6: /highVolume/threshold must be"] {
        assert!(said.err.contains(part), "{said:?}");
    }
    for (source, part) in [("", "is empty"), ("mode: a\n---\nmode: b\n", "several documents"), ("mode: [", "line 1")] {
        let said = shell.run_with(&set, source).failed();
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn what_is_not_understood_is_wrong_usage() {
    let dir = TempDir::new().expect("a directory");
    let shell = Shell::at(nobody(), dir.path());
    for words in [
        &["token"][..],
        &["token", "create"],
        &["token", "create", "--name", "x", "--access", "some"],
        &["token", "create", "--name", "x", "--expires", "soon"],
        &["orgs", "billing", "Acme", "paid"],
        &["orgs", "set-twilio", "Acme", "--account-sid", "AC1"],
        &["orgs", "set-twilio", "Acme", "--account-sid", "AC1", "--auth-token", "typed"],
        &["orgs", "list", "--limit", "0"],
        &["orgs", "list", "--limit", "3", "--all"],
        &["tenants", "create", "--name", "x", "--target", "robot:1"],
        &["tenants", "create", "--name", "x", "--password", "typed"],
        &["tenants", "change", "x", "--clear", "name"],
        &["tenants", "delete", "smile-dental"],
        &["tenants", "override", "set", "x", "maybe"],
        &["tenants", "simulate", "x", "--at", "noon"],
        &["voicemails", "heard"],
        &["apply"],
        &["audit", "everything"],
    ] {
        // `tenants delete` asks who is meant before it asks whether to.
        let expected = if words == ["tenants", "delete", "smile-dental"] { 1 } else { 2 };
        assert_eq!(shell.run(words).code, expected, "{words:?}");
    }
}

fn tenant_answer() -> Does {
    let tenant =
        json!({"id": "ten_01kafbd2x0q7h3m8w5r9t2c6ze", "slug": "smile-dental", "name": "Smile Dental", "version": 3});
    Does::Answer(200, "ETag: \"3\"\r\n", tenant.to_string())
}

#[test]
fn a_lost_race_is_told_and_left_to_the_person() {
    let problem = json!({"title": "It has changed since it was read", "code": "version_changed",
        "detail": "it is at version 4 now; read it again, then change it"});
    let (address, asked) = stand_in(vec![tenant_answer(), Does::Answer(412, "", problem.to_string())]);
    let dir = TempDir::new().expect("a directory");
    let said =
        Shell::at(address, dir.path()).run(&["tenants", "rename", "ten_01kafbd2x0q7h3m8w5r9t2c6ze", "X"]).failed();
    assert!(said.contains("somebody was quicker") && said.contains("give the command again"), "{said}");
    let asked = asked.join().expect("two requests");
    assert_eq!(header(&asked[1], "if-match").as_deref(), Some("\"3\""));
}

#[test]
fn what_was_lost_on_the_way_is_sent_again_under_the_same_key() {
    let made =
        json!({"id": "tok_01kafbd2x0q7h3m8w5r9t2c6ze", "role": "operator", "name": "x", "secret": "pb_invented"});
    let again = || vec![Does::Breaks, Does::Breaks, Does::Answer(201, "", made.to_string())];
    let dir = TempDir::new().expect("a directory");
    let keys: Vec<Vec<Option<String>>> = (0..2)
        .map(|_| {
            let (address, asked) = stand_in(again());
            let said = Shell::at(address, dir.path()).run(&["token", "create", "--name", "x"]);
            assert!(said.done().contains("pb_invented"));
            asked.join().expect("three requests").iter().map(|head| header(head, "idempotency-key")).collect()
        })
        .collect();
    assert!(keys[0][0].as_ref().is_some_and(|key| key.len() >= 32), "{keys:?}");
    assert!(keys.iter().all(|keys| keys.iter().all(|key| *key == keys[0])), "{keys:?}");
    assert_ne!(keys[0][0], keys[1][0]);
}

#[test]
fn a_change_that_was_lost_is_not_sent_again_by_itself() {
    let (address, asked) = stand_in(vec![tenant_answer(), Does::Breaks]);
    let dir = TempDir::new().expect("a directory");
    let said =
        Shell::at(address, dir.path()).run(&["tenants", "rename", "ten_01kafbd2x0q7h3m8w5r9t2c6ze", "X"]).failed();
    assert!(said.contains("cannot be reached"), "{said}");
    assert_eq!(asked.join().expect("two requests").len(), 2);
}

#[test]
fn a_recording_is_saved_to_a_file_that_was_not_there() {
    let audio = || Does::Answer(200, "X-Kind: audio\r\n", "an invented recording".to_owned());
    let (address, asked) = stand_in(vec![audio(), audio()]);
    let dir = TempDir::new().expect("a directory");
    let shell = Shell::at(address, dir.path());
    let words = ["voicemails", "save", "vm_01kafbd2x0q7h3m8w5r9t2c6ze", "--output", "heard.mp3"];
    assert_eq!(shell.run(&words).done(), "heard.mp3: 21 bytes\n");
    assert_eq!(std::fs::read_to_string(dir.path().join("heard.mp3")).expect("saved"), "an invented recording");
    assert!(shell.run(&words).failed().contains("name another file with --output"));
    let asked = asked.join().expect("two requests");
    assert!(asked[0].starts_with("GET /api/voicemails/vm_01kafbd2x0q7h3m8w5r9t2c6ze/audio "), "{}", asked[0]);
}

/// Every command, and the words below it.
fn commands() -> Vec<Vec<&'static str>> {
    let below: [(&str, &[&str]); 9] = [
        ("token", &["create", "list", "revoke"]),
        ("orgs", &["list", "show", "create", "rename", "delete", "set-twilio", "clear-twilio", "billing"]),
        (
            "tenants",
            &[
                "list",
                "show",
                "create",
                "change",
                "rename",
                "delete",
                "versions",
                "diff",
                "rollback",
                "simulate",
                "phone",
                "deploy",
                "sip-names",
            ],
        ),
        (
            "numbers",
            &[
                "list",
                "available",
                "free",
                "assign",
                "unassign",
                "buy",
                "provision",
                "rewire",
                "sync",
                "remove-from-vapi",
                "release",
            ],
        ),
        ("jobs", &["list", "show", "watch", "retry", "cancel"]),
        ("calls", &["list", "show"]),
        ("voicemails", &["list", "show", "heard", "unheard", "save"]),
        ("tenants availability", &["get", "set"]),
        ("tenants override", &["show", "set", "clear"]),
    ];
    let mut all: Vec<Vec<&str>> =
        vec![vec![], vec!["today"], vec!["search"], vec!["audit"], vec!["apply"], vec!["export"], vec!["costs"]];
    for (group, words) in below {
        let group: Vec<&str> = group.split(' ').collect();
        all.push(group.clone());
        all.extend(words.iter().map(|word| [group.as_slice(), &[*word]].concat()));
    }
    all.sort();
    all
}

#[test]
fn every_command_explains_itself_and_shows_no_secret() {
    let dir = TempDir::new().expect("a directory");
    let mut shell = Shell::at(nobody(), dir.path());
    shell.token = "a-planted-token".to_owned();
    shell.env.extend([("TWILIO_AUTH_TOKEN", "a-planted-token"), ("VAPI_API_KEY", "a-planted-token")]);
    let mut all = String::new();
    for words in commands() {
        let help = shell.run(&[words.as_slice(), &["--help"]].concat()).done();
        all.push_str(&format!("$ patchbay {}\n{help}\n", [words.as_slice(), &["--help"]].concat().join(" ")));
    }
    assert!(!all.contains("planted") && !all.contains(&shell.admin), "{all}");
    snapshot("help", &all);
}
