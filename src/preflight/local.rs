//! What can be looked at without asking anybody: files, directories, keys, and what the settings say of each other.
//!
//! Nothing is changed: what a start would make is only looked at, and a file that proves a directory writable is taken
//! away again.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::{Finding, Grade, StoreFile, certificate, finding, found};
use crate::backup;
use crate::config::secrets::{self, KeySource};
use crate::config::{Settings, Tls};
use crate::edge;

/// How a database file of SQLite begins.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// An operator's token shorter than this could be guessed.
const TOKEN_BYTES_MIN: usize = 16;

/// Looks at everything that can be looked at without asking anybody.
pub fn local(settings: &Settings, file: StoreFile, now: Timestamp) -> Vec<Finding> {
    let mut report = vec![
        found("store", store(settings, file)),
        found("secrets", key(settings)),
        found("spool", directory(&settings.spool.dir)),
    ];
    if let Some(files) = &settings.edge.tls {
        let pair = tls(files);
        let end = pair.as_ref().ok().and_then(|(_, end)| *end);
        report.push(found("edge.tls", pair.map(|(said, _)| said)));
        report.extend(end.map(|end| certificate::finding(end, now)));
    }
    report.extend(public_url(settings));
    report.extend(warnings(settings));
    report
}

fn store(settings: &Settings, file: StoreFile) -> anyhow::Result<String> {
    if settings.store.url.is_server() {
        return Ok(format!("is on a server, {}", settings.store.url.shown()));
    }
    let Some(path) = settings.store.url.path() else {
        return Ok("in memory; all is lost when the process ends".to_owned());
    };
    if let Some(unfinished) = backup::unfinished(settings) {
        bail!(unfinished);
    }
    let shown = path.display();
    if file == StoreFile::InUse {
        directory(&parent(&path))?;
        return Ok(format!("{shown} is in use here"));
    }
    let file = match OpenOptions::new().read(true).append(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            directory(&parent(&path))?;
            return Ok(format!("{shown} will be made at the first start"));
        }
        Err(error) => bail!("could not open {shown} for writing: {error}; give the process the right to"),
    };
    let mut head = Vec::new();
    file.take(SQLITE_MAGIC.len() as u64).read_to_end(&mut head)?;
    if !head.is_empty() && head != SQLITE_MAGIC {
        bail!("{shown} is no SQLite database; name another file in store.url");
    }
    // SQLite keeps its log beside the file.
    directory(&parent(&path))?;
    Ok(format!("{shown} can be written"))
}

fn key(settings: &Settings) -> anyhow::Result<String> {
    let exists = secrets::existing_keys(settings)?.is_some();
    Ok(match secrets::source(settings) {
        KeySource::Given(_) => "the key is given".to_owned(),
        KeySource::File(path) => format!("the key is in {}", path.display()),
        KeySource::Beside(path) if exists => {
            format!("the key is in {}; back it up apart from the store", path.display())
        }
        KeySource::Beside(path) => format!("the key will be made in {}", path.display()),
        KeySource::Fleeting => "a key is made in memory".to_owned(),
    })
}

/// True only if a file can be made there; a directory that is missing counts if it can be made.
fn directory(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let existing =
        path.ancestors().map(or_here).find(|ancestor| ancestor.exists()).unwrap_or_else(|| PathBuf::from("."));
    if !existing.is_dir() {
        bail!("{} is no directory; name another one", existing.display());
    }
    let probe = existing.join(format!(".patchbay-check-{}", std::process::id()));
    let made = OpenOptions::new().write(true).create_new(true).open(&probe);
    let failed = |error| anyhow!("could not write in {}: {error}; give the process the right to", existing.display());
    made.map_err(failed)?;
    fs::remove_file(&probe)?;
    let missing = if path.exists() { "can be written" } else { "will be made" };
    Ok(format!("{shown} {missing}"))
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map_or_else(|| PathBuf::from("."), or_here)
}

/// The empty path means the directory we are in.
fn or_here(path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() }
}

/// What is said of certificate and key, and when the certificate ends.
fn tls(files: &Tls) -> anyhow::Result<(String, Option<Timestamp>)> {
    let unreadable = |path: &Path, error| anyhow!("could not read {}: {error}", path.display());
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(&files.cert).and_then(|certificates| certificates.collect());
    let certificates = certificates.map_err(|error| unreadable(&files.cert, error))?;
    if certificates.is_empty() {
        bail!("{} holds no certificate in PEM form", files.cert.display());
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unreadable(&files.key, error))?;
    let (count, end) = (certificates.len(), edge::certificate_end(&certificates));
    CertifiedKey::from_der(certificates, key, &rustls::crypto::aws_lc_rs::default_provider()).map_err(|error| {
        anyhow!("{} and {} do not fit together: {error}", files.cert.display(), files.key.display())
    })?;
    let noun = if count == 1 { "certificate" } else { "certificates" };
    Ok((format!("{count} {noun}, and the key fits"), end))
}

fn public_url(settings: &Settings) -> Vec<Finding> {
    let edge = &settings.edge;
    if edge.public_url.is_empty() {
        let (grade, detail) = if edge.listen.is_loopback() {
            (Grade::Warning, "is not given: only a caller on this machine is believed; Twilio needs one")
        } else {
            (Grade::Fault, "is not given, and edge.listen is not loopback: give the URL Twilio calls")
        };
        return vec![finding(grade, "edge.public_url", detail)];
    }
    let judge = |base: &crate::config::BaseUrl| {
        let (grade, detail) = if base.is_loopback() {
            (Grade::Warning, "names this machine itself: Twilio cannot reach it")
        } else if !base.is_https() {
            (Grade::Warning, "is not https: what Twilio tells of calls can be read on the way")
        } else {
            (Grade::Ok, "is a public https URL")
        };
        finding(grade, "edge.public_url", format!("{base} {detail}"))
    };
    edge.public_url.iter().map(judge).collect()
}

fn warnings(settings: &Settings) -> Vec<Finding> {
    let (twilio, vapi) = (&settings.twilio, &settings.vapi);
    let token_is_short = settings.admin.token.as_ref().is_some_and(|token| token.reveal().len() < TOKEN_BYTES_MIN);
    let everybody_is_trusted = settings.edge.trusted_proxies.iter().any(|network| network.prefix_len() == 0);
    let doubts = [
        (
            twilio.account_sid.is_none(),
            "twilio.account_sid",
            "is not given: set it and twilio.auth_token, or every webhook is refused, save of organizations' own accounts",
        ),
        (
            vapi.api_key.is_none(),
            "vapi.api_key",
            "is not given: bypass cannot work, and nobody asks after calls that Vapi carries",
        ),
        (vapi.webhook_secret.is_none(), "vapi.webhook_secret", "is not given: every message from Vapi is refused"),
        (
            vapi.concurrency_limit.is_none(),
            "vapi.concurrency_limit",
            "is not given: calls beyond Vapi's lines are found out only when Vapi refuses them",
        ),
        (!settings.admin.listen.is_loopback(), "admin.listen", "is not loopback: let only a private network reach it"),
        (token_is_short, "admin.token", "is short enough to be guessed: `openssl rand -hex 32` makes a good one"),
        (everybody_is_trusted, "edge.trusted_proxies", "trusts the headers of everybody"),
    ];
    let doubts = doubts.into_iter().filter(|(doubtful, ..)| *doubtful);
    doubts.map(|(_, subject, detail)| finding(Grade::Warning, subject, detail)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(dir: &Path, more: &[(&str, &str)]) -> Settings {
        let at = |name: &str| dir.join(name).display().to_string();
        let own = [("PATCHBAY_STORE__URL", format!("sqlite:{}", at("calls.db"))), ("PATCHBAY_SPOOL__DIR", at("spool"))];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(None, own.chain(more)).expect("valid settings")
    }

    fn preflight(settings: &Settings) -> Vec<Finding> {
        local(settings, StoreFile::Unopened, at("2026-11-20T15:00:00Z"))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn graded(report: &[Finding], grade: Grade) -> Vec<&'static str> {
        report.iter().filter(|finding| finding.grade == grade).map(|finding| finding.subject).collect()
    }

    #[test]
    fn the_defaults_are_ready_with_warnings_and_nothing_is_made() {
        let dir = tempfile::tempdir().expect("a directory");
        let report = preflight(&settings(dir.path(), &[]));
        assert_eq!(graded(&report, Grade::Fault), [""; 0], "{report:?}");
        let warnings = graded(&report, Grade::Warning);
        for subject in
            ["edge.public_url", "twilio.account_sid", "vapi.api_key", "vapi.webhook_secret", "vapi.concurrency_limit"]
        {
            assert!(warnings.contains(&subject), "{subject}");
        }
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
    }

    #[test]
    fn every_fault_is_found_in_one_go() {
        let dir = tempfile::tempdir().expect("a directory");
        let at = |name: &str| dir.path().join(name).display().to_string();
        for (name, content) in [("calls.db", "no database at all"), ("spool", "a file"), ("cert", "x"), ("key", "x")] {
            fs::write(at(name), content).expect("written");
        }
        let more = [
            ("PATCHBAY_EDGE__LISTEN", "0.0.0.0:8080"),
            ("PATCHBAY_EDGE__TLS__CERT", &at("cert")),
            ("PATCHBAY_EDGE__TLS__KEY", &at("key")),
        ];
        let report = preflight(&settings(dir.path(), &more));
        assert_eq!(graded(&report, Grade::Fault), ["store", "secrets", "spool", "edge.tls", "edge.public_url"]);
    }

    #[test]
    fn a_certificate_and_the_key_of_another_do_not_fit() {
        let dir = tempfile::tempdir().expect("a directory");
        let make = |name: &str| {
            let made = rcgen::generate_simple_self_signed(vec!["edge.example.com".to_owned()]).expect("made");
            let files =
                Tls { cert: dir.path().join(format!("{name}.crt")), key: dir.path().join(format!("{name}.key")) };
            fs::write(&files.cert, made.cert.pem()).expect("written");
            fs::write(&files.key, made.signing_key.serialize_pem()).expect("written");
            files
        };
        let (one, other) = (make("one"), make("other"));
        assert_eq!(tls(&one).expect("fits").0, "1 certificate, and the key fits");
        let mixed = Tls { cert: one.cert, key: other.key };
        assert!(tls(&mixed).expect_err("must not fit").to_string().contains("do not fit together"));
    }

    #[test]
    fn a_certificate_is_told_of_before_it_ends() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dir.path().join(name).display().to_string();
        let mut wish = rcgen::CertificateParams::new(vec!["edge.example.com".to_owned()]).expect("a name");
        wish.not_after = rcgen::date_time_ymd(2026, 12, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        let made = wish.self_signed(&key).expect("made");
        fs::write(path("crt"), made.pem()).expect("written");
        fs::write(path("key"), key.serialize_pem()).expect("written");
        let (crt, key) = (path("crt"), path("key"));
        let settings = settings(dir.path(), &[("PATCHBAY_EDGE__TLS__CERT", &crt), ("PATCHBAY_EDGE__TLS__KEY", &key)]);
        for (now, grade) in [
            ("2026-11-01T00:00:00Z", Grade::Ok),
            ("2026-11-20T00:00:00Z", Grade::Warning),
            ("2026-11-30T00:00:00Z", Grade::Fault),
            ("2026-12-02T00:00:00Z", Grade::Fault),
        ] {
            let report = local(&settings, StoreFile::Unopened, at(now));
            let told: Vec<_> = report.iter().filter(|finding| finding.subject == "edge.tls").collect();
            assert_eq!(told.iter().map(|finding| finding.grade).collect::<Vec<_>>(), [Grade::Ok, grade], "{now}");
        }
    }

    /// Whoever closes a file lets go of every lock the process has on it, and SQLite's are among them.
    #[test]
    fn the_file_of_a_store_in_use_is_not_opened() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("calls.db"), "no database at all").expect("written");
        let settings = settings(dir.path(), &[]);
        let now = at("2026-11-20T15:00:00Z");
        assert!(graded(&local(&settings, StoreFile::Unopened, now), Grade::Fault).contains(&"store"));
        assert!(!graded(&local(&settings, StoreFile::InUse, now), Grade::Fault).contains(&"store"));
    }

    #[test]
    fn public_urls_are_judged_one_by_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let urls = "https://edge.example.com,http://edge.example.com,https://127.0.0.1";
        let found = public_url(&settings(dir.path(), &[("PATCHBAY_EDGE__PUBLIC_URL", urls)]));
        let grades: Vec<Grade> = found.iter().map(|finding| finding.grade).collect();
        assert_eq!(grades, [Grade::Ok, Grade::Warning, Grade::Warning]);
    }
}
