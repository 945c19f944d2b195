//! The store on a server: does the Postgres of `store.url` answer, will it do, and do its walls hold?

use super::{Finding, Grade, finding};
use crate::config::{LiveUrl, Settings, secrets};
use crate::store::{self, Keyring, ServerSeen};

const SUBJECT: &str = "store.url";

/// Looks at it. Nothing is written there.
pub async fn server(settings: &Settings) -> Vec<Finding> {
    if !settings.store.url.is_server() {
        return Vec::new();
    }
    let Ok(Some(keys)) = secrets::existing_keys(settings) else { return Vec::new() };
    let keys = Keyring::new(*keys.current, keys.previous.iter().map(|key| **key));
    let url = settings.store.direct_url.as_ref().unwrap_or(&settings.store.url);
    let mut report = match store::inspect(url, &keys).await {
        Ok(seen) => judge(&seen),
        Err(why) => {
            let detail = format!("{} cannot be reached: {why}", url.shown());
            return vec![finding(Grade::Fault, SUBJECT, detail)];
        }
    };
    if matches!(settings.live.url, LiveUrl::Memory) {
        let detail = "is memory: while store.url is a server: that is right for one edge; several would each count live calls \
                      by themselves";
        report.push(finding(Grade::Warning, "live.url", detail));
    }
    report
}

fn judge(seen: &ServerSeen) -> Vec<Finding> {
    let version = &seen.version;
    if seen.is_too_old {
        return vec![finding(Grade::Fault, SUBJECT, format!("{version} answers; it must be 13 or newer"))];
    }
    if seen.is_standby {
        let detail = format!("{version} answers, but it is a standby and takes no writes: name the primary");
        return vec![finding(Grade::Fault, SUBJECT, detail)];
    }
    if seen.is_newer {
        let detail = format!("{version} answers, but a newer patchbay has migrated the store: start that one");
        return vec![finding(Grade::Fault, SUBJECT, detail)];
    }
    let mut report = vec![finding(Grade::Ok, SUBJECT, format!("{version} answers"))];
    if seen.key_fits == Some(false) {
        let detail = "is not the key that what is secret in the store was sealed with: give that one";
        report.push(finding(Grade::Fault, "secrets.key", detail));
    }
    if seen.role_sees_all {
        let detail = "its role is a superuser or bypasses row-level security: the second wall between organizations does not \
                      hold for it; give patchbay a role that only owns its database";
        report.push(finding(Grade::Warning, SUBJECT, detail));
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> ServerSeen {
        ServerSeen {
            version: "Postgres 17.2".to_owned(),
            is_too_old: false,
            is_standby: false,
            role_sees_all: false,
            is_newer: false,
            key_fits: Some(true),
        }
    }

    fn check(seen: ServerSeen, grades: &[Grade], words: &str) {
        let report = judge(&seen);
        assert_eq!(report.iter().map(|finding| finding.grade).collect::<Vec<_>>(), grades);
        assert!(report.iter().any(|finding| finding.detail.contains(words)), "{report:?}");
    }

    #[test]
    fn a_server_that_will_not_do_is_a_fault_and_a_wall_that_does_not_hold_is_warned_of() {
        check(seen(), &[Grade::Ok], "Postgres 17.2 answers");
        check(ServerSeen { is_too_old: true, ..seen() }, &[Grade::Fault], "13 or newer");
        check(ServerSeen { is_standby: true, ..seen() }, &[Grade::Fault], "the primary");
        check(ServerSeen { is_newer: true, ..seen() }, &[Grade::Fault], "newer patchbay");
        check(ServerSeen { key_fits: Some(false), ..seen() }, &[Grade::Ok, Grade::Fault], "give that one");
        check(ServerSeen { role_sees_all: true, ..seen() }, &[Grade::Ok, Grade::Warning], "only owns its database");
    }
}
