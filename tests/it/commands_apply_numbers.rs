//! `apply` and `export` of what costs money: numbers that lead to tenants, and how tenants are reached.

use reqwest::Method;
use serde_json::{Value, json};

use crate::commands_support::Shell;
use crate::provision::{ASSISTANT, Town};

const FIRST: &str = "+13125550123";
const SECOND: &str = "+13125550124";
const CLINIC: &str = "+14165550188";

/// A file of one tenant, with more in its part.
fn file(more: &str) -> String {
    format!(
        "version: 1\ntenants:\n  smile-dental:\n    name: Smile Dental\n    target: {{kind: assistant, id: {ASSISTANT}}}\n{more}"
    )
}

fn two_numbers() -> String {
    file(&format!(
        "    numbers:\n      - {FIRST}\n      - {{number: {SECOND}, purpose: voicemail, alreadyOverflowed: true}}\n"
    ))
}

fn forwarded() -> String {
    file(&format!("    phone: {{method: forwarded, clinicNumber: {CLINIC}, areaCode: 312, needsPhoneNumber: true}}\n"))
}

/// What applying this prints, if it succeeds.
fn applied(shell: &Shell<'_>, file: &str) -> String {
    shell.run_with(&["apply", "-f", "-"], file).done()
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

impl Town {
    async fn numbers_of(&self, slug: &str) -> Vec<Value> {
        let tenants = self.get(&format!("/api/tenants?slug={slug}")).await;
        let id = tenants["data"][0]["id"].as_str().expect("it is there");
        let numbers = self.get(&format!("/api/numbers/owned?tenantId={id}")).await;
        numbers["data"].as_array().expect("a list").clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_buys_the_numbers_it_names_once_and_releases_none() {
    let town = Town::new().await;
    let shell = Shell::of(&town.rig);
    let told = applied(&shell, &two_numbers());
    has(&told, &["+ numbers: +13125550123 (bought, about $1 a month, unless the account has it)", " got +13125550124"]);
    assert_eq!(town.at_twilio().await.len(), 2);
    let numbers = town.numbers_of("smile-dental").await;
    let voicemail = numbers.iter().find(|number| number["e164"] == SECOND).expect("it leads there");
    assert_eq!((&voicemail["purpose"], &voicemail["alreadyOverflowed"]), (&json!("voicemail"), &json!(true)));

    assert_eq!(applied(&shell, &two_numbers()), "nothing to change\n");
    let told = applied(&shell, &file("    numbers: []\n"));
    has(&told, &["· +13125550123 stays: nothing is released by a file", "nothing to change\n"]);
    assert_eq!(applied(&shell, &file("")), "nothing to change\n", "nothing is said of them");

    let back = file(&format!("    numbers:\n      - {FIRST}\n      - {{number: {SECOND}, purpose: calls}}\n"));
    has(&applied(&shell, &back), &["~ numbers.+13125550124.purpose: voicemail → calls"]);
    assert_eq!(applied(&shell, &back), "nothing to change\n");
    assert_eq!((town.at_twilio().await.len(), town.numbers_of("smile-dental").await.len()), (2, 2));
    assert_eq!(town.sim.asked("POST", "/IncomingPhoneNumbers.json").await, 2);
    town.holds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dry_run_says_what_would_be_bought_and_buys_nothing() {
    let town = Town::new().await;
    let shell = Shell::of(&town.rig);
    let dry = |file: &str| shell.run_with(&["apply", "-f", "-", "--dry-run"], file).done();
    let told = dry(&two_numbers());
    has(
        &told,
        &[
            "+ numbers: +13125550123 (bought, about $1 a month, unless the account has it)",
            "+ numbers: +13125550124, for voicemail, already overflowed (bought, about $1 a month, unless the account has it)",
            "1 to create, 0 to change, 0 as they are; this was a dry run",
        ],
    );
    let told = dry(&forwarded());
    has(
        &told,
        &[
            "+ phone.method: forwarded",
            "+ phone: is set up, and gets a number of area 312: from the pool, or bought, about $1 a month",
        ],
    );
    let ported = file("    phone: {method: ported, phoneNumber: +13125550165}\n");
    has(&dry(&ported), &["+ phone: the number is asked for, once papers and bill are there"]);
    assert!(town.sim.look("requests").await.is_empty(), "no provider was asked");
    assert_eq!(town.get("/api/tenants").await["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_changes_nothing() {
    let town = Town::new().await;
    let shell = Shell::of(&town.rig);
    applied(&shell, &two_numbers());
    has(&applied(&shell, &forwarded()), &["+ phone: is set up, with the number it has", "succeeded: "]);
    // One whose way is only configured, one at a SIP address, one whose number is to move.
    let others = [
        ("quiet", "{method: forwarded, clinicNumber: +14165550189, deploy: false}"),
        ("corner-garage", "{method: sip, clinicNumber: +14165550190, pbxType: FreePBX, needsPhoneNumber: false}"),
        ("moving", "{method: ported, phoneNumber: +13125550165, currentCarrier: Example Telecom}"),
    ];
    let others: String =
        others.iter().map(|(slug, phone)| format!("  {slug}:\n    name: Other\n    phone: {phone}\n")).collect();
    let told = applied(&shell, &format!("version: 1\ntenants:\n{others}"));
    has(&told, &["its SIP password is not shown here", "· the number is not asked for yet: "]);

    let exported = shell.run(&["export"]).done();
    has(
        &exported,
        &[
            "    phone: {method: forwarded, clinicNumber: \"+14165550188\"}\n",
            "    numbers:\n      - \"+13125550123\"\n      - {number: \"+13125550124\", purpose: voicemail, alreadyOverflowed: true}\n",
            "      currentCarrier: Example Telecom\n      deploy: false\n",
        ],
    );
    assert!(!exported.to_lowercase().contains("sippassword"), "{exported}");
    let jobs = town.all("/api/jobs").await.len();
    assert_eq!(applied(&shell, &exported), "nothing to change\n");
    assert_eq!(town.all("/api/jobs").await.len(), jobs, "nothing was begun");
    // The first file once more: how a number is got says nothing of one that is there.
    assert_eq!(applied(&shell, &forwarded()), "nothing to change\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_another_tenant_is_a_fault_and_nothing_is_changed() {
    let town = Town::new().await;
    let shell = Shell::of(&town.rig);
    applied(&shell, &two_numbers());
    let before = town.all("/api/audit").await.len();
    let theirs = format!(
        "version: 1\ntenants:\n  first-one:\n    name: First One\n    numbers: [{FIRST}, +13125550130]\n  second-one:\n    \
         name: Second One\n    numbers:\n      - +13125550130\n      - 3125550131\n"
    );
    let said = shell.run_with(&["apply", "-f", "-"], &theirs);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    // The form first: what is named twice, and what is no number.
    has(&said.err, &["-:9: tenants/second-one: numbers.0: +13125550130 is named for tenants/first-one already"]);
    has(&said.err, &["-:10: tenants/second-one: numbers.1: must be a number with + and its country"]);
    let theirs = theirs.replace("      - +13125550130\n      - 3125550131\n", "      - +13125550131\n");
    let said = shell.run_with(&["apply", "-f", "-"], &theirs);
    has(
        &said.err,
        &[
            "-:5: tenants/first-one: numbers.0: +13125550123 leads to smile-dental: take it from there first (patchbay numbers unassign num_",
        ],
    );
    has(&said.err, &["there is a fault in -, named above; nothing was changed"]);
    assert_eq!((town.all("/api/audit").await.len(), town.at_twilio().await.len()), (before, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_ours_is_led_to_its_tenant_and_not_bought() {
    let town = Town::new().await;
    let shell = Shell::of(&town.rig);
    applied(&shell, &two_numbers());
    let numbers = town.numbers_of("smile-dental").await;
    for number in &numbers {
        let path = format!("/api/numbers/{}", number["id"].as_str().expect("an id"));
        assert_eq!(town.ask(Method::DELETE, &path, Value::Null).await.0, 204);
    }
    // The tenant that had them is gone over to another one.
    let other = two_numbers().replace("smile-dental", "corner-garage");
    let told = applied(&shell, &other);
    has(&told, &["+ numbers: +13125550123 (ours, at rest since 20", " is begun", " succeeded: "]);
    assert_eq!(town.numbers_of("corner-garage").await.len(), 2);
    assert_eq!(applied(&shell, &other), "nothing to change\n");
    assert_eq!(town.sim.asked("POST", "/IncomingPhoneNumbers.json").await, 2);
    town.holds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_of_being_reached_is_set_up_once_and_again_when_it_changes() {
    let town = Town::new().await;
    let shell = Shell::of(&town.rig);
    let told = applied(&shell, &forwarded());
    has(&told, &["and gets a number of area 312: from the pool, or bought", "is begun", " succeeded: ", "1 created"]);
    assert_eq!(town.numbers_of("smile-dental").await[0]["e164"], "+13125550100");
    assert_eq!(applied(&shell, &forwarded()), "nothing to change\n");
    let moved = forwarded().replace(CLINIC, "+14165550187");
    let told = applied(&shell, &moved);
    has(&told, &["~ phone.clinicNumber: +14165550188 → +14165550187", "+ phone: is set up, with the number it has"]);
    assert_eq!(applied(&shell, &moved), "nothing to change\n");
    assert_eq!(town.at_twilio().await.len(), 1);
    town.holds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_pays_is_a_fault_unless_the_file_says_who_does() {
    let town = Town::with(Default::default(), &[("PATCHBAY_POLICY__REQUIRE_PAYMENT", "true")]).await;
    let shell = Shell::of(&town.rig);
    let file = |billing: &str| {
        format!(
            "version: 1\norganizations:\n  Acme: {{{billing}}}\ntenants:\n  smile-dental:\n    name: Smile Dental\n    \
             organization: Acme\n    phone: {{method: forwarded, clinicNumber: {CLINIC}}}\n    numbers: [{FIRST}]\n"
        )
    };
    let said = shell.run_with(&["apply", "-f", "-"], &file(""));
    has(
        &said.err,
        &[
            "-:9: tenants/smile-dental: numbers.0: +13125550123 is bought, and its organization's billing is not verified",
        ],
    );
    assert_eq!(said.code, 1);
    assert_eq!(town.get("/api/tenants").await["data"], json!([]));
    has(&applied(&shell, &file("billing: verified")), &["2 created", "got +13125550123"]);
    assert_eq!(applied(&shell, &file("billing: verified")), "nothing to change\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_interrupted_is_finished_by_applying_again() {
    let town = Town::new().await;
    let shell = Shell::of(&town.rig);
    // Configured, and stopped before it was set up.
    applied(&shell, &forwarded().replace("needsPhoneNumber: true", "needsPhoneNumber: true, deploy: false"));
    assert_eq!(town.all("/api/jobs").await.len(), 0);
    let told = shell.run_with(&["apply", "-f", "-", "--no-wait"], &forwarded()).done();
    has(&told, &["+ phone: is set up, and gets a number", "is begun", "0 created, 1 changed"]);
    applied(&shell, &forwarded());
    assert_eq!(applied(&shell, &forwarded()), "nothing to change\n");
    let deploys = town.all("/api/jobs").await;
    assert_eq!(deploys.iter().filter(|job| job["kind"] == "deploy").count(), 1, "{deploys:?}");
    town.holds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_not_to_be_had_is_told_and_nothing_is_bought_in_its_place() {
    let town = Town::new().await;
    let shell = Shell::of(&town.rig);
    // Twilio's own number that is never for sale.
    let file = file(&format!(
        "    numbers: [+15005550000]\n    phone: {{method: forwarded, clinicNumber: {CLINIC}}}\n  last-one:\n    name: Last One\n"
    ));
    let said = shell.run_with(&["apply", "-f", "-"], &file);
    assert_eq!(said.code, 1, "{said:?}");
    has(&said.out, &["got no +15005550000: ", "tenants/last-one (new)"]);
    has(&said.err, &["one thing did not succeed, named above; apply - again once it can"]);
    assert!(town.at_twilio().await.is_empty());
    assert_eq!(town.all("/api/jobs").await.len(), 1, "nothing after it was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_tenant_applies_its_numbers() {
    let town = Town::new().await;
    let shell = Shell::of(&town.rig);
    applied(&shell, &file(""));
    let tenant = shell.run(&["tenants", "show", "smile-dental", "--json"]).json();
    let role = format!("tenant:{}", tenant["id"].as_str().expect("an id"));
    let made = shell.run(&["token", "create", "--name", "own", "--role", &role, "--json"]).json();
    let mut own = Shell::of(&town.rig);
    own.token = made["secret"].as_str().expect("told once").to_owned();
    has(&applied(&own, &two_numbers()), &["got +13125550123", "got +13125550124"]);
    assert_eq!(applied(&own, &own.run(&["export"]).done()), "nothing to change\n");
    let program = own.run_with(&["apply", "-f", "-", "--json"], &forwarded()).json();
    assert_eq!((&program["items"][0]["state"], &program["jobs"][0]["state"]), (&json!("changed"), &json!("succeeded")));
}
