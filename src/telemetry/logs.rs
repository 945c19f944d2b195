//! The log: one line an event, on standard error, in text or JSON, written without holding anybody up.
//!
//! Whatever a line quotes from outside, it cannot begin a second line, and phone numbers in it lose their middle.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing::{Subscriber, error};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

pub use crate::config::LogFormat as Format;

use super::call_line::{CallLine, forges, push_code};
use super::mask::{after_a_plus, push_masked};
use super::writer::LineWriter;
use crate::config::Log;
use crate::model::spelled::Clock;

/// The log of this process: cheap to clone.
#[derive(Clone, Debug)]
pub struct Logs {
    writer: LineWriter,
    format: Format,
    level: LevelFilter,
    phone_numbers: bool,
}

/// The log that took over this process.
static INSTALLED: OnceLock<Logs> = OnceLock::new();

thread_local! {
    /// Where a call's line is spelled before it is handed over.
    static LINE: RefCell<(String, Clock)> = RefCell::new((String::new(), Clock::new(6)));
}

impl Logs {
    /// Starts the log on standard error: as text on a terminal, else as JSON, unless the settings say which.
    pub fn start(settings: &Log) -> Logs {
        let usual = if io::stderr().is_terminal() { Format::Text } else { Format::Json };
        Logs::to(io::stderr(), settings, usual)
    }

    /// Starts a log that goes elsewhere.
    pub fn to(sink: impl Write + Send + 'static, settings: &Log, usual: Format) -> Logs {
        Logs {
            writer: LineWriter::start(sink),
            format: settings.format.unwrap_or(usual),
            level: settings.level,
            phone_numbers: settings.phone_numbers,
        }
    }

    /// Takes all events of the process, panics and calls included, from now on. False if somebody else does already.
    pub fn install(&self) -> bool {
        let installed = tracing::subscriber::set_global_default(self.subscriber()).is_ok();
        if installed && INSTALLED.set(self.clone()).is_ok() {
            std::panic::set_hook(Box::new(log_panic));
        }
        installed
    }

    /// The log that took over this process, if one did.
    pub fn installed() -> Option<&'static Logs> {
        INSTALLED.get()
    }

    /// Takes events: ours from the level of the settings on, those of libraries only if they warn.
    pub fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        let libraries = self.level.min(LevelFilter::WARN);
        let filter = Targets::new().with_default(libraries).with_target("patchbay", self.level);
        let lines = fmt::layer().with_ansi(false).with_writer(Lines(self.clone()));
        let lines = match self.format {
            Format::Text => lines.boxed(),
            Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        };
        Registry::default().with(lines.with_filter(filter))
    }

    /// Writes the one line of a call.
    pub fn call(&self, line: &CallLine<'_>) {
        if self.level < LevelFilter::INFO {
            return;
        }
        LINE.with_borrow_mut(|(text, clock)| {
            text.clear();
            line.spell(text, clock, self.format, self.phone_numbers);
            self.writer.put(text);
        });
    }

    /// How many lines were dropped since the start because nobody read them.
    pub fn dropped(&self) -> u64 {
        self.writer.dropped()
    }

    /// Waits until all lines are written, at most `patience`: for the end of the process.
    pub fn flush(&self, patience: Duration) {
        self.writer.flush(patience);
    }

    /// One event as the formatter spelled it, made safe.
    fn put(&self, spelled: &str) {
        let spelled = spelled.strip_suffix('\n').unwrap_or(spelled);
        let mut masked = String::with_capacity(spelled.len() + 1);
        if self.phone_numbers {
            masked.push_str(spelled);
        } else {
            push_masked(&mut masked, spelled, after_a_plus);
        }
        if masked.chars().any(forges) {
            let mut safe = String::with_capacity(masked.len() + 16);
            for letter in masked.chars() {
                if forges(letter) { push_code(&mut safe, letter, self.format) } else { safe.push(letter) }
            }
            masked = safe;
        }
        masked.push('\n');
        self.writer.put(&masked);
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or("no message");
    error!(target: "patchbay", location, "a task panicked: {message}");
}

/// Gives the formatter something to write an event to.
struct Lines(Logs);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { logs: &self.0, bytes: Vec::new() }
    }
}

/// One event on its way: whole when it is dropped.
struct Line<'a> {
    logs: &'a Logs,
    bytes: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.logs.put(&String::from_utf8_lossy(&self.bytes));
        }
    }
}
