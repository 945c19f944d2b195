//! The log as the operator gets it: one line an event, whatever the event quotes.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use patchbay::config::Settings;
use patchbay::telemetry::{Format, Logs};
use tracing::{debug, error, info, warn};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the log holds after `events`.
fn logged(variables: &[(&str, &str)], usual: Format, events: impl FnOnce()) -> String {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings = Settings::load(None, variables).expect("valid settings");
    let kept = Kept::default();
    let logs = Logs::to(kept.clone(), &settings.log, usual);
    tracing::subscriber::with_default(logs.subscriber(), events);
    logs.flush(Duration::from_secs(10));
    String::from_utf8(kept.0.lock().expect("not poisoned").clone()).expect("text")
}

#[test]
fn a_quoted_line_end_or_escape_code_cannot_forge_a_line() {
    let evil = "x\n2026-01-01T00:00:00Z ERROR forged\r\u{1b}[2K\u{85}\u{2028}\u{202e}";
    let text = logged(&[], Format::Text, || info!(target: "patchbay::test", value = evil, "quoted {evil}"));
    assert_eq!(text.lines().count(), 1, "{text:?}");
    assert!(!text.trim_end_matches('\n').chars().any(char::is_control), "{text:?}");

    let json = logged(&[], Format::Json, || info!(target: "patchbay::test", value = evil, "quoted {evil}"));
    assert_eq!(json.lines().count(), 1, "{json:?}");
    let parsed: serde_json::Value = serde_json::from_str(&json).expect("valid JSON");
    assert_eq!(parsed["value"], evil);
    assert_eq!(parsed["message"], format!("quoted {evil}"));
}

#[test]
fn phone_numbers_in_any_line_lose_their_middle_unless_the_settings_allow_them() {
    let say = || warn!(target: "patchbay::test", to = "+16475550123", "could not dial +16475550199 (CA12345678)");
    let masked = logged(&[], Format::Json, say);
    assert!(masked.contains("+1647•••0123") && masked.contains("+1647•••0199"), "{masked}");
    assert!(masked.contains("CA12345678"), "other digits stay: {masked}");
    let open = logged(&[("PATCHBAY_LOG__PHONE_NUMBERS", "true")], Format::Json, say);
    assert!(open.contains("+16475550123") && open.contains("+16475550199"), "{open}");
}

#[test]
fn our_own_events_follow_the_level_and_those_of_libraries_must_warn() {
    let say = || {
        debug!(target: "patchbay::test", "ours debug");
        info!(target: "patchbay::test", "ours info");
        info!(target: "hyper::proto", "theirs info");
        warn!(target: "hyper::proto", "theirs warn");
        error!(target: "patchbay::test", "ours error");
    };
    let words = |level| {
        let text = logged(&[("PATCHBAY_LOG__LEVEL", level)], Format::Text, say);
        let ends = text.lines().map(|line| line.rsplit(": ").next().unwrap_or_default().to_owned());
        ends.collect::<Vec<_>>()
    };
    assert_eq!(words("info"), ["ours info", "theirs warn", "ours error"]);
    assert_eq!(words("debug"), ["ours debug", "ours info", "theirs warn", "ours error"]);
    assert_eq!(words("error"), ["ours error"]);
    assert_eq!(words("off"), [""; 0]);
}

#[test]
fn the_format_of_the_settings_wins_over_the_usual_one() {
    let say = || info!(target: "patchbay::test", "hello");
    assert!(logged(&[], Format::Json, say).starts_with('{'));
    assert!(!logged(&[], Format::Text, say).starts_with('{'));
    assert!(logged(&[("PATCHBAY_LOG__FORMAT", "json")], Format::Text, say).starts_with('{'));
}
