//! A look at a Redis before it is used: is it there, which is it, and can it lose leases.

use std::time::Duration;

use redis::Client;
use tokio::time::timeout;

use super::wire::{field, info};

/// Longest the look may take.
const SEEN_WITHIN: Duration = Duration::from_secs(3);

/// The oldest that does all we ask of it.
const OLDEST: (u32, u32) = (6, 2);

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisSeen {
    /// Its name and version: `Redis 7.0.15`, `Valkey 8.0.1`.
    pub version: String,
    /// Older than 6.2.
    pub is_too_old: bool,
    /// It copies another and takes no changes.
    pub is_replica: bool,
    /// It is a node of a cluster: we speak with this one alone.
    pub is_cluster_node: bool,
    /// What it throws away where its memory is full; none if nothing.
    pub throws_away: Option<String>,
    /// After a restart of it the edges have to tell it everything anew.
    pub forgets_at_restart: bool,
}

/// Looks at the Redis behind `url`. The reason, if it cannot be reached.
pub async fn inspect(url: &str) -> Result<RedisSeen, String> {
    let client = Client::open(url).map_err(|error| error.to_string())?;
    let told = match timeout(SEEN_WITHIN, info(&client)).await {
        Ok(told) => told.map_err(|trouble| trouble.to_string())?,
        Err(_) => return Err("it does not answer in time".to_owned()),
    };
    Ok(seen(&told))
}

fn seen(info: &str) -> RedisSeen {
    let (name, version) = match field(info, "valkey_version") {
        Some(version) => ("Valkey", version),
        None => ("Redis", field(info, "redis_version").unwrap_or("of an unknown version")),
    };
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    let release = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let is = |name: &str, value: &str| field(info, name) == Some(value);
    RedisSeen {
        version: format!("{name} {version}"),
        is_too_old: release < OLDEST,
        is_replica: is("role", "slave"),
        is_cluster_node: is("cluster_enabled", "1"),
        throws_away: field(info, "maxmemory_policy").filter(|policy| *policy != "noeviction").map(str::to_owned),
        forgets_at_restart: is("aof_enabled", "0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_lose_leases_is_seen() {
        let told = "# Server\r\nredis_version:7.0.15\r\n# Memory\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\nrole:master\r\n";
        let well = seen(told);
        assert_eq!(well.version, "Redis 7.0.15");
        assert!(!well.is_too_old && !well.is_replica && !well.is_cluster_node && !well.forgets_at_restart);
        assert_eq!(well.throws_away, None);
        let told = "redis_version:7.2.4\r\nvalkey_version:8.0.1\r\nmaxmemory_policy:allkeys-lru\r\naof_enabled:0\r\nrole:slave\r\ncluster_enabled:1\r\n";
        let ill = seen(told);
        assert_eq!(ill.version, "Valkey 8.0.1");
        assert!(ill.is_replica && ill.is_cluster_node && ill.forgets_at_restart);
        assert_eq!(ill.throws_away.as_deref(), Some("allkeys-lru"));
    }

    #[test]
    fn six_point_two_is_the_oldest_that_will_do() {
        for (version, is_too_old) in
            [("6.0.16", true), ("6.1.9", true), ("6.2.0", false), ("7.0.15", false), ("10.0", false)]
        {
            assert_eq!(seen(&format!("redis_version:{version}\r\n")).is_too_old, is_too_old, "{version}");
        }
    }
}
