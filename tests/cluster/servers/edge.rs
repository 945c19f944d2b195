//! An edge: the binary with a spool of its own, at addresses it keeps when it is started again.

use std::path::{Path, PathBuf};

use rustix::process::Signal;

use super::desk::{Desk, OPERATOR};
use super::process::{Process, Start};
use super::{end_of, patchbay, until};
use crate::port::free_address;

pub struct Edge {
    /// Where it is asked.
    pub desk: Desk,
    dir: PathBuf,
    /// Which build of patchbay it runs.
    pub binary: PathBuf,
    env: Vec<(String, String)>,
    process: Option<Process>,
}

impl Edge {
    /// An edge that is not started yet, with settings beside those of its addresses.
    pub fn new(name: &str, dir: &Path, web: &reqwest::Client, settings: &[(&str, String)]) -> Edge {
        std::fs::create_dir(dir).expect("a directory");
        let (edge, admin) = (free_address(), free_address());
        let own = [
            ("PATCHBAY_EDGE__LISTEN", edge.to_string()),
            ("PATCHBAY_ADMIN__LISTEN", admin.to_string()),
            ("PATCHBAY_ADMIN__TOKEN", OPERATOR.to_owned()),
            ("PATCHBAY_SPOOL__DIR", dir.join("spool").display().to_string()),
        ];
        let env = own.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Edge {
            desk: Desk { name: name.to_owned(), edge, admin, web: web.clone(), log: dir.join("log") },
            dir: dir.to_owned(),
            binary: patchbay(),
            env,
            process: None,
        }
    }

    /// Waits until the directory it would start from has this number.
    pub async fn keeps(&self, number: &str) {
        let kept = self.spool().join("directory");
        until("the directory is kept", &self.desk.log, async || {
            std::fs::read_to_string(&kept).is_ok_and(|kept| kept.contains(number))
        })
        .await;
    }

    pub fn spool(&self) -> PathBuf {
        self.dir.join("spool")
    }

    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Starts it, and does not wait.
    pub fn go(&mut self) {
        self.process = Some(Process::start(&Start {
            program: &self.binary,
            words: &["serve"],
            env: &self.env,
            dir: &self.dir,
            log: &self.log(),
            user: None,
            farewell: Signal::KILL,
            comes_first: false,
        }));
    }

    /// Waits until it would be given calls.
    pub async fn ready(&mut self) {
        let (what, log) = (format!("edge {} is ready", self.desk.name), self.log());
        let (desk, process) = (&self.desk, self.process.as_mut().expect("it was started"));
        until(&what, &log, async || {
            assert!(process.runs(), "edge {} has ended\n{}", desk.name, end_of(&log));
            desk.is_ready().await
        })
        .await;
    }

    pub fn kill_9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill_9();
        }
    }

    /// SIGSTOP: it keeps its connections and says nothing.
    pub fn pause(&self) {
        self.tell(Signal::STOP);
    }

    pub fn resume(&self) {
        self.tell(Signal::CONT);
    }

    /// SIGTERM, and waits until it has gone in order.
    pub async fn leave(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        process.signal(Signal::TERM);
        let status = process.ended().await;
        assert!(status.success(), "edge {} ended with {status}", self.desk.name);
    }

    fn tell(&self, signal: Signal) {
        if let Some(process) = &self.process {
            process.signal(signal);
        }
    }

    fn log(&self) -> PathBuf {
        self.desk.log.clone()
    }
}
