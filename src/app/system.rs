//! What is asked of the operating system at the start: files enough for the connections, and that calls come first.

use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};

/// How far the journal's drain and what writes to the store stand back, in the system's measure (0 to 19). On a machine
/// that is busy with calls alone they get about a seventieth of a core: everything is kept and reaches the store later;
/// on any other machine they lack nothing.
const STANDS_BACK: i32 = 19;

/// Files that are no connections: the store's, the journal's, the log, connections to providers and to the admin API.
const OTHER_FILES: u64 = 1_024;

/// The thread that calls this lets calls go first. Only for threads that no call ever waits for.
pub(super) fn stand_back() {
    if let Err(error) = setpriority_process(None, STANDS_BACK) {
        tracing::debug!(%error, "the drain could not stand back");
    }
}

/// Asks for as many open files as this process may have, and answers how many of `wanted` connections that allows.
pub(super) fn connections_possible(wanted: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Without a limit, or where raising it is refused, what there is must do.
    let asked = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = if asked.is_ok() { maximum } else { current };
    let possible = files.map_or(wanted as u64, |files| files - OTHER_FILES.min(files / 2));
    let possible = usize::try_from(possible).unwrap_or(usize::MAX);
    if possible < wanted {
        tracing::warn!(possible, wanted, "the limit of open files allows fewer connections than there is room for");
    }
    possible.min(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_connections_are_taken_as_there_are_files_for() {
        let wanted = connections_possible(usize::MAX);
        assert!(wanted >= 1);
        assert_eq!(connections_possible(1), 1);
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum, "nothing that may be had is left");
    }
}
