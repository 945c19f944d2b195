//! Settings: which layer wins, and how everything that is wrong is told at once.

use std::io::Write;
use std::path::PathBuf;

use patchbay::config::{Faults, LogFormat, Settings, UnknownNumber};

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Settings, Faults> {
    let mut kept = tempfile::NamedTempFile::new().expect("a file");
    kept.write_all(file.as_bytes()).expect("written");
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(Some(kept.path()), variables).map_err(|mut faults| {
        for fault in &mut faults.0 {
            if let patchbay::config::Origin::File { name, .. } = &mut fault.origin {
                *name = "patchbay.toml".to_owned();
            }
        }
        faults
    })
}

fn details(result: Result<Settings, Faults>) -> Vec<String> {
    result.expect_err("must be refused").0.iter().map(ToString::to_string).collect()
}

#[test]
fn a_store_on_a_server_needs_the_key_that_all_who_use_it_share() {
    let url = ("PATCHBAY_STORE__URL", "postgres://patchbay@db.example.com/patchbay");
    let told = details(load("", &[url]));
    assert!(
        matches!(told.as_slice(), [only] if only.starts_with("secrets.key") || only.contains("secrets.key: must be given")),
        "{told:?}"
    );
    let key = ("PATCHBAY_SECRETS__KEY", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    assert!(load("", &[url, key]).expect("valid").store.url.is_server());
    let direct = ("PATCHBAY_STORE__DIRECT_URL", "postgres://patchbay@db.example.com/patchbay");
    assert!(details(load("", &[direct]))[0].contains("without a server"));
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = "[brand]\nname = 'Acme'\n[policy]\nquarantine_days = 7\nnumbers_per_tenant = 5\n";
    let settings = load(file, &[("PATCHBAY_POLICY__QUARANTINE_DAYS", "9")]).expect("valid");
    assert_eq!(settings.brand.name, "Acme");
    assert_eq!((settings.policy.quarantine_days, settings.policy.numbers_per_tenant), (9, 5));
    assert_eq!(settings.vapi.free_number_limit, 10);
}

#[test]
fn names_without_two_underscores_are_no_settings_save_five() {
    let settings = load(
        "",
        &[
            ("PATCHBAY_TOKEN", "x"),
            ("PATCHBAY_ADMIN_URL", "http://127.0.0.1:8081"),
            ("HOME", "/"),
            ("TWILIO_ACCOUNT_SID", "AC01"),
            ("TWILIO_AUTH_TOKEN", "one"),
            ("TWILIO_PHONE_NUMBER", "+16475550100"),
            ("VAPI_API_KEY", "two"),
            ("VAPI_WEBHOOK_SECRET", "three"),
            ("PATCHBAY_TWILIO__AUTH_TOKEN", "our own name wins"),
        ],
    );
    // White space in a token is refused, which shows that our own name was read.
    assert_eq!(details(settings).len(), 1);
    let settings = load("", &[("TWILIO_ACCOUNT_SID", "AC01"), ("TWILIO_AUTH_TOKEN", "one"), ("VAPI_API_KEY", "two")]);
    let settings = settings.expect("valid");
    let account = settings.twilio.account().expect("an account");
    assert_eq!((account.sid.as_str(), account.auth_token.reveal()), ("AC01", "one"));
    assert_eq!(settings.vapi.api_key.expect("a key").reveal(), "two");
}

#[test]
fn a_variable_may_spell_a_list_a_flag_a_number_and_a_nested_key() {
    let settings = load(
        "",
        &[
            ("PATCHBAY_EDGE__PUBLIC_URL", "https://a.example.com, https://b.example.com"),
            ("PATCHBAY_EDGE__TRUSTED_PROXIES", "10.0.0.0/8,127.0.0.1"),
            ("PATCHBAY_EDGE__TLS__CERT", "cert.pem"),
            ("PATCHBAY_EDGE__TLS__KEY", "key.pem"),
            ("PATCHBAY_POLICY__REQUIRE_PAYMENT", "false"),
            ("PATCHBAY_POLICY__FORWARD_COUNTRIES", "ca,us"),
            ("PATCHBAY_POLICY__UNKNOWN_NUMBER", "reject"),
            ("PATCHBAY_VAPI__CONCURRENCY_LIMIT", "20"),
            ("PATCHBAY_LOG__FORMAT", "json"),
        ],
    )
    .expect("valid");
    let bases: Vec<&str> = settings.edge.public_url.iter().map(|base| base.as_str()).collect();
    assert_eq!(bases, ["https://a.example.com", "https://b.example.com"]);
    assert_eq!(settings.edge.fallback_url().as_deref(), Some("https://a.example.com/api/twilio/fallback"));
    assert_eq!(settings.edge.trusted_proxies.len(), 2);
    assert_eq!(settings.edge.tls.expect("both files").key, PathBuf::from("key.pem"));
    assert!(!settings.policy.require_payment);
    assert_eq!(settings.policy.forward_countries, ["CA", "US"]);
    assert_eq!(settings.policy.unknown_number, UnknownNumber::Reject);
    assert_eq!(settings.vapi.concurrency_limit, Some(20));
    assert_eq!(settings.log.format, Some(LogFormat::Json));
}

#[test]
fn an_empty_variable_counts_as_not_given_but_its_name_must_exist() {
    let settings = load("[brand]\nname = 'Acme'", &[("PATCHBAY_BRAND__NAME", ""), ("PATCHBAY_ADMIN__TOKEN", "")]);
    let settings = settings.expect("valid");
    assert_eq!(settings.brand.name, "Acme");
    assert!(settings.admin.token.is_none());
    assert_eq!(
        details(load("", &[("PATCHBAY_BRAND__NAM", "")])),
        ["PATCHBAY_BRAND__NAM: brand.nam: there is no such setting; did you mean brand.name?"]
    );
}

#[test]
fn a_simulated_twilio_takes_the_other_bases_with_it() {
    let settings = load("[twilio]\napi_base = 'http://127.0.0.1:9000'", &[]).expect("valid");
    let (twilio, vapi) = (settings.twilio, settings.vapi);
    for base in [&twilio.numbers_base, &twilio.upload_base, &twilio.pricing_base, &vapi.api_base] {
        assert_eq!(base.as_str(), "http://127.0.0.1:9000");
    }
    let file = "[twilio]\napi_base = 'http://127.0.0.1:9000'\n[vapi]\napi_base = 'http://127.0.0.1:9001'";
    assert_eq!(load(file, &[]).expect("valid").vapi.api_base.as_str(), "http://127.0.0.1:9001");
    let real = load("", &[]).expect("valid");
    assert_eq!(real.twilio.numbers_base.as_str(), "https://numbers.twilio.com");
    assert_eq!(real.vapi.api_base.as_str(), "https://api.vapi.ai");
}

#[test]
fn every_fault_is_told_at_once_with_its_place() {
    let file = r#"[edge]
listen = "8080"
public_url = ["https://edge.example.com/", "ftp://edge.example.com"]
trusted_proxies = ["10.0.0.0/40"]
lisen = "127.0.0.1:1"

[edge.tls]
cert = "cert.pem"

[store]
url = "mysql://db/patchbay"

[secrets]
key = "c2hvcnQ="

[sip]
domain = "acme.sip.twilio.com"
acl_domain = "ACME.sip.twilio.com"

[policy]
require_payment = "yes"
forward_countries = ["CA", "Atlantis"]

[log]
format = "xml"
"#;
    let variables = [
        ("PATCHBAY_LIVE__URL", "redis:cache"),
        ("PATCHBAY_VAPI__CONCURRENCY_LIMIT", "many"),
        ("PATCHBAY_VAPI__DEFAULT_TARGET", "robot:1"),
        ("PATCHBAY_ADMIN__TOKEN", "two words"),
        ("PATCHBAY_NO__SUCH__THING", "1"),
        ("TWILIO_ACCOUNT_SID", "AC01"),
        ("TWILIO_PHONE_NUMBER", "647-555-0100"),
        ("PATCHBAY_LOG__LEVEL", "loud"),
    ];
    let faults = load(file, &variables).expect_err("must be refused");
    insta::assert_snapshot!(faults, @r#"
the settings have 20 faults; mend them and try again
  patchbay.toml:2: edge.listen: must be an address and a port, as 127.0.0.1:8080, not "8080"
  patchbay.toml:3: edge.public_url: must not end in a slash: write "https://edge.example.com"
  patchbay.toml:3: edge.public_url: must be an http or https URL with a host, not "ftp://edge.example.com"
  patchbay.toml:4: edge.trusted_proxies: must be an address or a network, as 10.0.0.0/8, not "10.0.0.0/40"
  patchbay.toml:8: edge.tls.cert: is given without edge.tls.key: give both or neither
  PATCHBAY_ADMIN__TOKEN: admin.token: must be visible ASCII characters without white space
  patchbay.toml:11: store.url: must be sqlite: and the path of the database file, or postgres://user:password@host/database
  PATCHBAY_LIVE__URL: live.url: must be memory:, or redis:// or rediss:// and the host of a Redis, as redis://cache:6379/0
  patchbay.toml:14: secrets.key: must be 32 bytes in base64: `openssl rand -base64 32` makes them
  TWILIO_PHONE_NUMBER: twilio.phone_number: must be a number in E.164 form: + and 7 to 15 digits
  TWILIO_ACCOUNT_SID: twilio.account_sid: is given without twilio.auth_token: give both or neither
  PATCHBAY_VAPI__DEFAULT_TARGET: vapi.default_target: must be assistant:<id> or squad:<id>, not "robot:1"
  PATCHBAY_VAPI__CONCURRENCY_LIMIT: vapi.concurrency_limit: must be a whole number from 1 to 1000000
  patchbay.toml:18: sip.acl_domain: must differ from sip.domain: one domain would enforce both kinds at once
  patchbay.toml:21: policy.require_payment: must be true or false
  patchbay.toml:22: policy.forward_countries: must be countries as ISO 3166-1 alpha-2, as CA or US, not "Atlantis"
  patchbay.toml:25: log.format: must be text or json, not "xml"
  PATCHBAY_LOG__LEVEL: log.level: must be error, warn, info, debug, trace or off, not "loud"
  patchbay.toml:5: edge.lisen: there is no such setting; did you mean edge.listen?
  PATCHBAY_NO__SUCH__THING: no.such.thing: there is no such setting
"#);
}

#[test]
fn a_syntax_fault_is_told_with_its_line_beside_the_faults_of_the_environment() {
    let faults = details(load("[edge]\nlisten = = 1\n", &[("PATCHBAY_LOG__LEVEL", "loud")]));
    assert!(faults[0].starts_with("patchbay.toml:2: not valid TOML: "), "{}", faults[0]);
    assert!(faults.last().expect("one more").starts_with("PATCHBAY_LOG__LEVEL: log.level: "));
}

#[test]
fn a_file_that_is_not_there_is_a_fault() {
    let faults = details(Settings::load(Some("no-such-file.toml".as_ref()), std::iter::empty()));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with("no-such-file.toml: could not read the file: "), "{}", faults[0]);
}

#[test]
fn secrets_show_neither_in_debug_output_nor_in_faults() {
    let planted = "planted-7f3a";
    let settings = load(
        "",
        &[
            ("TWILIO_ACCOUNT_SID", "AC01"),
            ("TWILIO_AUTH_TOKEN", planted),
            ("VAPI_API_KEY", planted),
            ("VAPI_WEBHOOK_SECRET", planted),
            ("PATCHBAY_ADMIN__TOKEN", "planted-7f3a-and-longer"),
        ],
    );
    assert!(!format!("{:?}", settings.expect("valid")).contains(planted));

    let faulty = [
        ("PATCHBAY_SECRETS__KEY", "planted-7f3a"),
        ("PATCHBAY_ADMIN__TOKEN", "planted-7f3a and more"),
        ("TWILIO_AUTH_TOKEN", "planted-7f3a with white space"),
        ("PATCHBAY_EDGE__PUBLIC_URL", "https://user:planted-7f3a@edge.example.com"),
    ];
    let faults = load("", &faulty).expect_err("must be refused").to_string();
    assert_eq!(faults.lines().count(), 6, "{faults}");
    assert!(!faults.contains(planted), "{faults}");
}
