//! A process of ours: started by its program, told signals, ended by its own id whatever happens to the test.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use super::{LOOK_EVERY, PATIENCE, end_of, find};

/// Runs another as another user, or tells the kernel when to end it.
pub fn program_that_guards() -> PathBuf {
    find(&["setpriv"], &[], "util-linux")
}

/// A process that runs, or did.
pub struct Process {
    child: Child,
    /// Where what it says goes; that of earlier runs stays.
    log: PathBuf,
    /// The signal after which it leaves nothing behind.
    farewell: Signal,
}

/// A process to be.
pub struct Start<'a> {
    pub program: &'a Path,
    pub words: &'a [&'a str],
    pub env: &'a [(String, String)],
    pub dir: &'a Path,
    pub log: &'a Path,
    /// Another user it runs as, by name.
    pub user: Option<&'a str>,
    pub farewell: Signal,
    /// It comes before all others, as far as this user may say so: a server of which the edges expect that it has a machine
    /// of its own, while all of them and the callers share one here.
    pub comes_first: bool,
}

impl Process {
    /// Starts it in a process group of its own, so that a Ctrl-C at a terminal reaches the test alone.
    ///
    /// `setpriv` asks the kernel to end it should the test be killed and have no time for anything. The kernel means the
    /// thread that starts it, so that has to be one that stays.
    pub fn start(start: &Start<'_>) -> Process {
        let mut command = Command::new(program_that_guards());
        command.args(["--pdeathsig", if start.farewell == Signal::QUIT { "QUIT" } else { "KILL" }]);
        if let Some(user) = start.user {
            command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
        }
        let log = OpenOptions::new().create(true).append(true).open(start.log).expect("a log");
        command.arg("--").arg(start.program).args(start.words).current_dir(start.dir).env_clear().env("LC_ALL", "C");
        command.envs(start.env.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a second handle")).stderr(log);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", start.program.display()));
        if start.comes_first {
            let _ = rustix::process::setpriority_process(Some(Pid::from_child(&child)), -10);
        }
        Process { child, log: start.log.to_owned(), farewell: start.farewell }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// True until it has ended.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_none()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap_or_else(|error| panic!("{signal:?} to {pid:?}: {error}"));
    }

    /// Waits for its end. Short waits: this is called where nothing else runs on the thread.
    pub async fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end\n{}", end_of(&self.log));
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// SIGKILL, and gone.
    pub fn kill_9(&mut self) {
        self.child.kill().expect("SIGKILL is sent");
        self.child.wait().expect("the process is gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.runs() {
            return;
        }
        // A process that is stopped hears nothing but SIGKILL until it goes on.
        let pid = Pid::from_child(&self.child);
        let _ = kill_process(pid, self.farewell).and_then(|()| kill_process(pid, Signal::CONT));
        let deadline = Instant::now() + std::time::Duration::from_secs(5);
        while self.runs() && Instant::now() < deadline {
            std::thread::sleep(LOOK_EVERY);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
