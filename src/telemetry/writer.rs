//! Writes log lines without ever making anybody wait: a bounded buffer, a thread that empties it, a count of what
//! did not fit.
//!
//! A pipe nobody reads stops the thread, not the calls. Handing over a line is a copy under a short lock; the thread
//! is woken only when it sleeps, and then gathers for a moment, so a busy process wakes it a few hundred times a second
//! at most.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How much waits at most: some ten thousand lines, a second or two of a very busy edge.
const WAITING_BYTES_MAX: usize = 4 << 20;

/// How long the thread lets lines gather before it writes them.
const GATHER: Duration = Duration::from_millis(5);

/// The near end of the writer: cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct LineWriter {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    emptied: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<u8>,
    asleep: bool,
    writing: bool,
}

impl LineWriter {
    /// Starts the thread that writes to `sink`.
    pub fn start(sink: impl Write + Send + 'static) -> LineWriter {
        let shared = Arc::new(Shared::default());
        let writer = LineWriter { shared: Arc::clone(&shared) };
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || shared.write_for_ever(sink));
        if let Err(error) = thread {
            // Nothing will empty the buffer; it fills, and the drops are counted.
            eprintln!("could not start the thread that writes the log, there will be none: {error}");
        }
        writer
    }

    /// Hands over one line, its end included. Never waits for the sink.
    pub fn put(&self, line: &str) {
        let mut queue = self.shared.lock();
        if queue.waiting.len() + line.len() > WAITING_BYTES_MAX {
            drop(queue);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        queue.waiting.extend_from_slice(line.as_bytes());
        if std::mem::take(&mut queue.asleep) {
            drop(queue);
            self.shared.filled.notify_one();
        }
    }

    /// How many lines were dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Waits until all that was handed over is written, at most `patience`. True if it is.
    pub fn flush(&self, patience: Duration) -> bool {
        let queue = self.shared.lock();
        let busy = |queue: &mut Queue| queue.writing || !queue.waiting.is_empty();
        let waited = self.shared.emptied.wait_timeout_while(queue, patience, busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_for_ever(&self, mut sink: impl Write) {
        let mut batch = Vec::new();
        loop {
            let mut queue = self.lock();
            while queue.waiting.is_empty() {
                queue.asleep = true;
                queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            queue.asleep = false;
            drop(queue);
            thread::sleep(GATHER);

            let mut queue = self.lock();
            std::mem::swap(&mut queue.waiting, &mut batch);
            queue.writing = true;
            drop(queue);
            if sink.write_all(&batch).and_then(|()| sink.flush()).is_err() {
                let lines = batch.iter().filter(|byte| **byte == b'\n').count();
                self.dropped.fetch_add(lines as u64, Ordering::Relaxed);
            }
            batch.clear();
            self.lock().writing = false;
            self.emptied.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// A pipe whose reader has not come yet: every write waits for a word from the test.
    struct Stuck {
        go: mpsc::Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.go.recv().map_err(io::Error::other)?;
            self.written.lock().expect("not poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_pipe_holds_nobody_up_and_what_does_not_fit_is_counted() {
        let (go, waits) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = LineWriter::start(Stuck { go: waits, written: Arc::clone(&written) });
        let line = format!("{}\n", "x".repeat(1023));
        // Twice what the buffer and one batch in the thread's hands can hold together.
        let lines = 4 * WAITING_BYTES_MAX / line.len();
        for _ in 0..lines {
            writer.put(&line);
        }
        let dropped = writer.dropped();
        assert!(dropped >= lines as u64 / 2, "dropped {dropped}");
        assert!(!writer.flush(Duration::from_millis(1)));

        for _ in 0..3 {
            go.send(()).expect("the thread lives");
        }
        assert!(writer.flush(SOON));
        let written = written.lock().expect("not poisoned");
        assert_eq!(
            written.len() as u64,
            (lines as u64 - dropped) * line.len() as u64,
            "what was not dropped is written"
        );
    }

    #[test]
    fn lines_of_many_threads_stay_whole() {
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
        let kept = Kept::default();
        let writer = LineWriter::start(kept.clone());
        thread::scope(|scope| {
            for name in 0..4 {
                let writer = &writer;
                scope.spawn(move || (0..500).for_each(|_| writer.put(&format!("line of {name}\n"))));
            }
        });
        assert!(writer.flush(SOON));
        let bytes = kept.0.lock().expect("not poisoned").clone();
        let text = String::from_utf8(bytes).expect("text");
        for name in 0..4 {
            assert_eq!(text.lines().filter(|line| *line == format!("line of {name}")).count(), 500);
        }
        assert_eq!(writer.dropped(), 0);
    }

    #[test]
    fn a_sink_that_fails_loses_its_lines_and_says_so() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::from(io::ErrorKind::BrokenPipe))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let writer = LineWriter::start(Broken);
        writer.put("one\n");
        writer.put("two\n");
        assert!(writer.flush(SOON));
        assert_eq!(writer.dropped(), 2);
    }
}
