//! The commands that need nothing real: `demo`, `call` and `sim`, as they are typed.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

use crate::rig::nobody;

/// The binary without anything of this machine's environment that it reads.
fn patchbay(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchbay"));
    command.args(words);
    for name in ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "VAPI_API_KEY", "PATCHBAY_ADMIN_URL", "PATCHBAY_TOKEN"] {
        command.env_remove(name);
    }
    command
}

fn ran(mut command: Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

#[test]
fn a_demo_explains_a_call_and_sets_up_two_businesses() {
    let (code, out, err) = ran(patchbay(&["demo", "--once"]));
    assert_eq!(code, 0, "{out}{err}");
    for part in
        ["calls +16475550123", "<Response>", "caller talks with", "the call is over: completed", "America/Toronto"]
    {
        assert!(out.contains(part), "{part} is missing in\n{out}");
    }
    for part in [
        "✓ purchaseTwilioNumber: +12055550100 is bought",
        "calls +12055550100",
        "✓ createSipCredential: sip_",
        "calls sip:sip_",
        "✓ completeSetup: the sip method is set up",
    ] {
        assert!(out.contains(part), "{part} is missing in\n{out}");
    }
    assert_eq!(out.matches("the call is over: completed").count(), 3);
}

#[test]
fn a_demo_needs_no_root_certificates() {
    let mut command = patchbay(&["demo", "--once"]);
    command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/dev/null");
    let (code, out, err) = ran(command);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn wrong_words_are_wrong_usage() {
    for words in [
        &["call"][..],
        &["call", "--to", "+16475550123"],
        &["call", "--to", "+16475550123", "--account", "AC1", "--token", "t", "--ai", "sing"],
        &["call", "--to", "+16475550123", "--account", "AC1", "--token", "t", "--caller", "sing"],
        &["call", "--to", "+16475550123", "--at", "noon"],
        &["sim", "--listen", "nowhere"],
        &["demo", "--twice"],
    ] {
        assert_eq!(ran(patchbay(words)).0, 2, "{words:?}");
    }
}

#[test]
fn a_call_to_nobody_has_failed_and_does_not_tell_the_token() {
    let edge = format!("http://{}", nobody());
    let mut command = patchbay(&["call", "--to", "+16475550123", "--account", "AC1", "--edge", &edge]);
    command.env("TWILIO_AUTH_TOKEN", "not-a-real-token");
    let (code, out, err) = ran(command);
    assert_eq!(code, 1);
    assert!(err.starts_with("patchbay: the edge did not do well") && err.contains("could not connect"), "{err}");
    assert!(!format!("{out}{err}").contains("not-a-real-token"));
}

#[test]
fn a_question_about_a_time_needs_a_token_for_the_admin_api() {
    let (code, _, err) = ran(patchbay(&["call", "--to", "+16475550123", "--at", "2026-11-20T15:00:00Z"]));
    assert_eq!(code, 1);
    assert!(err.contains("PATCHBAY_TOKEN"), "{err}");
}

#[test]
fn an_admin_api_that_is_not_there_is_told_with_what_to_look_at() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    for (url, part) in [(nobody.as_str(), "is `patchbay serve` running there?"), ("nonsense", "http://127.0.0.1:8081")]
    {
        let mut command = patchbay(&["call", "--to", "sip:desk@example.com", "--at", "2026-11-20T15:00:00Z"]);
        command.env("PATCHBAY_ADMIN_URL", url).env("PATCHBAY_TOKEN", "not-a-real-token");
        let (code, _, err) = ran(command);
        assert!(code == 1 && err.contains(part), "{err}");
    }
}

#[test]
fn the_simulator_says_where_it_is() {
    let mut running = patchbay(&["sim", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().expect("it runs");
    let out = running.stdout.take().expect("a pipe");
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).expect("a line");
    running.kill().expect("it was there");
    running.wait().expect("it has ended");
    assert!(line.starts_with("Twilio and Vapi are simulated at http://127.0.0.1:"), "{line}");
}
