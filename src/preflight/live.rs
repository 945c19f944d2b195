//! The ledger of live calls: does the Redis of `live.url` answer, will it do, and can it lose leases?

use super::{Finding, Grade, finding};
use crate::calls::{self, RedisSeen};
use crate::config::{LiveUrl, Settings};

const SUBJECT: &str = "live.url";

/// Looks at it. Nothing is written there.
pub async fn live(settings: &Settings) -> Vec<Finding> {
    match &settings.live.url {
        LiveUrl::Memory => Vec::new(),
        LiveUrl::Redis(url) => match calls::inspect(url.reveal()).await {
            Ok(seen) => judge(&seen),
            // Calls are answered without it.
            Err(why) => {
                let detail = format!("Redis cannot be reached; each edge would count live calls by itself: {why}");
                vec![finding(Grade::Fault, SUBJECT, detail)]
            }
        },
    }
}

fn judge(seen: &RedisSeen) -> Vec<Finding> {
    let version = &seen.version;
    if seen.is_too_old {
        return vec![finding(Grade::Fault, SUBJECT, format!("{version} answers; it must be 6.2 or newer"))];
    }
    if seen.is_replica {
        let detail = format!("{version} answers, but it is a replica and takes no leases: name the one it copies");
        return vec![finding(Grade::Fault, SUBJECT, detail)];
    }
    let mut report = vec![finding(Grade::Ok, SUBJECT, format!("{version} answers"))];
    if let Some(policy) = &seen.throws_away {
        let detail = format!(
            "its maxmemory-policy is {policy}: when its memory is full it throws leases away, and calls are not counted; set \
             noeviction"
        );
        report.push(finding(Grade::Warning, SUBJECT, detail));
    }
    if seen.is_cluster_node {
        let detail =
            "is a node of a cluster: name the node that holds the slot of {patchbay}, edges speak with that alone";
        report.push(finding(Grade::Warning, SUBJECT, detail));
    }
    if seen.forgets_at_restart {
        let detail = "keeps no append-only file: after a restart of it the edges tell it all live calls again, and only if \
                      all edges end with it are they read from the store";
        report.push(finding(Grade::Ok, SUBJECT, detail));
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> RedisSeen {
        RedisSeen {
            version: "Valkey 8.0.1".to_owned(),
            is_too_old: false,
            is_replica: false,
            is_cluster_node: false,
            throws_away: None,
            forgets_at_restart: false,
        }
    }

    fn check(seen: RedisSeen, grades: &[Grade], words: &str) {
        let report = judge(&seen);
        assert_eq!(report.iter().map(|finding| finding.grade).collect::<Vec<_>>(), grades);
        assert!(report.iter().any(|finding| finding.detail.contains(words)), "{report:?}");
    }

    #[test]
    fn the_version_is_told_and_whatever_can_lose_leases_is_warned_of() {
        check(seen(), &[Grade::Ok], "Valkey 8.0.1 answers");
        check(RedisSeen { is_too_old: true, ..seen() }, &[Grade::Fault], "6.2 or newer");
        check(RedisSeen { is_replica: true, ..seen() }, &[Grade::Fault], "a replica");
        let evicting = RedisSeen { throws_away: Some("allkeys-lru".to_owned()), ..seen() };
        check(evicting, &[Grade::Ok, Grade::Warning], "maxmemory-policy is allkeys-lru");
        check(RedisSeen { is_cluster_node: true, ..seen() }, &[Grade::Ok, Grade::Warning], "a node of a cluster");
        check(RedisSeen { forgets_at_restart: true, ..seen() }, &[Grade::Ok, Grade::Ok], "append-only");
    }
}
