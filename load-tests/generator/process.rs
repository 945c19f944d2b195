//! What a process has used, read from `/proc`: processor time by thread, memory, switches.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Linux tells times in `/proc/PID/stat` in hundredths of a second on every machine it runs on today.
const TICK: Duration = Duration::from_millis(10);

/// A reading at one instant.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// User and system time of the process and its children, as the system's books have it, to a hundredth of a second.
    booked: Duration,
    /// On-processor time of each living thread, to the nanosecond.
    threads: BTreeMap<u32, Thread>,
    /// Time the machine's host gave to others, over all its cores.
    stolen: Duration,
    pub rss_kb: u64,
    pub peak_rss_kb: u64,
}

#[derive(Clone, Debug)]
struct Thread {
    name: String,
    ran: Duration,
    waited: u64,
    pushed_off: u64,
}

/// What was used between two readings.
#[derive(Clone, Debug)]
pub struct Used {
    pub total: Duration,
    /// By the threads' names, what numbers them left out.
    pub threads: BTreeMap<String, Duration>,
    /// Switches because a thread waited, and because its time was up.
    pub waited: u64,
    pub pushed_off: u64,
    pub stolen: Duration,
}

/// Reads a process and its living children.
pub fn read(pid: u32) -> Result<Reading> {
    let mut reading = Reading { stolen: stolen(), ..Reading::default() };
    add(pid, &mut reading).with_context(|| format!("could not read process {pid}: has it ended?"))?;
    Ok(reading)
}

fn add(pid: u32, reading: &mut Reading) -> Result<()> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in brackets, may hold blanks; user, system and both of ended children are fields 14 to 17.
    let (_, rest) = stat.rsplit_once(')').context("an odd stat")?;
    let ticks = rest.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u32>().ok()).sum::<u32>();
    reading.booked += TICK * ticks;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    reading.rss_kb += field(&status, "VmRSS:");
    reading.peak_rss_kb += field(&status, "VmHWM:");
    let mut children = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
        let path = task.path();
        // A thread may end between being listed and being read.
        let Some(thread) = thread(&path) else { continue };
        let Some(tid) = task.file_name().to_str().and_then(|tid| tid.parse().ok()) else { continue };
        reading.threads.insert(tid, thread);
        let named = fs::read_to_string(path.join("children")).unwrap_or_default();
        children.extend(named.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    }
    for child in children {
        // One that has just ended is in its parent's books.
        let _ = add(child, reading);
    }
    Ok(())
}

fn thread(path: &std::path::Path) -> Option<Thread> {
    let ran = fs::read_to_string(path.join("schedstat")).ok()?.split_whitespace().next()?.parse().ok()?;
    let name = fs::read_to_string(path.join("comm")).ok()?;
    let status = fs::read_to_string(path.join("status")).ok()?;
    Some(Thread {
        name: unnumbered(name.trim()),
        ran: Duration::from_nanos(ran),
        waited: field(&status, "voluntary_ctxt_switches:"),
        pushed_off: field(&status, "nonvoluntary_ctxt_switches:"),
    })
}

/// `background-3` and `worker12` are called `background` and `worker`.
fn unnumbered(name: &str) -> String {
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end_matches(['-', '_', ' ']);
    if stem.is_empty() { name.to_owned() } else { stem.to_owned() }
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn stolen() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks = stat.lines().next().and_then(|line| line.split_whitespace().nth(8)?.parse::<u32>().ok());
    TICK * ticks.unwrap_or(0)
}

/// The time the calling thread has been on a processor.
pub fn own() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

impl Reading {
    /// What was used since an earlier reading.
    pub fn since(&self, before: &Reading) -> Used {
        let mut used = Used {
            total: self.booked.saturating_sub(before.booked),
            threads: BTreeMap::new(),
            waited: 0,
            pushed_off: 0,
            stolen: self.stolen.saturating_sub(before.stolen),
        };
        for (tid, now) in &self.threads {
            let then = before.threads.get(tid);
            let ran = now.ran.saturating_sub(then.map_or(Duration::ZERO, |then| then.ran));
            *used.threads.entry(now.name.clone()).or_default() += ran;
            used.waited += now.waited.saturating_sub(then.map_or(0, |then| then.waited));
            used.pushed_off += now.pushed_off.saturating_sub(then.map_or(0, |then| then.pushed_off));
        }
        // The threads' own clocks are finer than the books, but do not know of threads and children that have ended.
        let by_threads: Duration = used.threads.values().sum();
        if by_threads.abs_diff(used.total) <= TICK * 2 {
            used.total = by_threads;
        }
        used
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_thread_is_seen_in_the_total_and_by_its_name() {
        let pid = std::process::id();
        let before = read(pid).unwrap();
        let busy = std::thread::Builder::new().name("at-work-7".to_owned());
        let worker = busy.spawn(move || {
            while own() < Duration::from_millis(60) {
                std::hint::spin_loop();
            }
            read(pid).unwrap()
        });
        let used = worker.unwrap().join().unwrap().since(&before);
        assert!(used.threads["at-work"] >= Duration::from_millis(50), "{used:?}");
        assert!(used.total >= Duration::from_millis(50), "{used:?}");
    }

    #[test]
    fn numbers_are_not_part_of_a_name() {
        for (name, stem) in [("edge", "edge"), ("background-3", "background"), ("worker12", "worker"), ("7", "7")] {
            assert_eq!(unnumbered(name), stem);
        }
    }

    #[test]
    fn a_process_that_is_gone_is_said_to_be() {
        let error = read(u32::MAX).unwrap_err().to_string();
        assert!(error.contains("has it ended"), "{error}");
    }
}
