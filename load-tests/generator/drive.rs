//! The run itself: one thread that keeps its connections busy, or asks when it is time to.
//!
//! Closed loop: every connection has one request under way; as soon as it is answered the next one goes, a call and the end
//! of one in turn as soon as calls end. Open loop: calls arrive by chance at a constant rate, end when their time is up,
//! and whoever finds no free connection waits; that waiting counts.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::{Events, Poll, Token};

use super::calls::{Call, UnderWay};
use super::connection::{Connection, Heard};
use super::numbers::{Choice, Numbers};
use super::process;
use super::random::Random;
use super::tally::{Kind, Tally};
use super::webhook::Webhook;

/// Longest the calls left at the end may take to hang up. They are not measured, and a server may hang.
const HANG_UP_TIME_NS: u64 = 15_000_000_000;

/// A request that has been under way for so long at the end counts as unanswered.
const HANGS_NS: u64 = 1_000_000_000;

/// What is wanted of a run. Times are nanoseconds.
pub struct Plan {
    pub target: SocketAddr,
    pub connections: usize,
    pub warmup: u64,
    pub measured: u64,
    /// Requests a second in the open loop.
    pub rate: Option<f64>,
    /// Shortest and longest a call lasts.
    pub lasts: (u64, u64),
    /// The process that is measured.
    pub pid: Option<u32>,
}

/// What was measured.
pub struct Outcome {
    pub tally: Tally,
    pub took: Duration,
    /// How long it had its core, and how much of that it did something.
    pub generator_ran: Duration,
    pub generator_worked: Duration,
    pub server: Option<(process::Reading, process::Reading)>,
    pub live_calls: usize,
    /// Open loop: how long the next request has been due at the end. More than a moment: the rate was beyond the server.
    pub behind: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    Closed,
    Open,
    /// Only ends calls, as fast as it can.
    HangingUp,
}

struct Asked {
    kind: Kind,
    call: Call,
    /// When the request was sent, or due.
    since: u64,
}

pub struct Drive<'a> {
    plan: &'a Plan,
    numbers: &'a Numbers,
    choice: Choice,
    voice: &'a Webhook,
    status: &'a Webhook,
    random: Random,
    poll: Poll,
    connections: Vec<Connection>,
    asked: Vec<Option<Asked>>,
    free: Vec<usize>,
    under_way: UnderWay,
    last_was_voice: bool,
    /// Every number has had its turn, where each has one.
    all_called: bool,
    next_arrival: u64,
    began: Instant,
    tally: Tally,
    /// How long it has looked for answers and found none.
    spun_ns: u64,
    scratch: Vec<u8>,
}

impl<'a> Drive<'a> {
    pub fn new(
        plan: &'a Plan,
        numbers: &'a Numbers,
        choice: Choice,
        webhooks: (&'a Webhook, &'a Webhook),
        random: Random,
    ) -> Result<Drive<'a>> {
        let poll = Poll::new().context("could not make an epoll")?;
        let connections = (0..plan.connections).map(|index| open(plan, &poll, index)).collect::<Result<Vec<_>>>()?;
        Ok(Drive {
            plan,
            numbers,
            choice,
            voice: webhooks.0,
            status: webhooks.1,
            random,
            poll,
            asked: connections.iter().map(|_| None).collect(),
            free: (0..connections.len()).collect(),
            connections,
            under_way: UnderWay::new(plan.lasts.1),
            last_was_voice: false,
            all_called: false,
            next_arrival: 0,
            began: Instant::now(),
            tally: Tally::new(),
            spun_ns: 0,
            scratch: Vec::with_capacity(2048),
        })
    }

    /// Warms up, measures, and hangs up what is left.
    pub fn run(mut self) -> Result<Outcome> {
        self.began = Instant::now();
        let pace = if self.plan.rate.is_some() { Pace::Open } else { Pace::Closed };
        self.work(pace, self.plan.warmup)?;

        let before = self.plan.pid.map(process::read).transpose()?;
        let (begin, ran) = (self.now(), process::own());
        self.tally = self.tally.next();
        self.spun_ns = 0;
        self.work(pace, begin + self.plan.measured)?;
        let (end, ran) = (self.now(), process::own().saturating_sub(ran));
        let spun = Duration::from_nanos(self.spun_ns);
        let after = self.plan.pid.map(process::read).transpose()?;
        let left_alone = self.asked.iter().flatten().filter(|asked| asked.since + HANGS_NS < end).count();
        self.tally.left_alone(left_alone as u64, HANGS_NS / 1_000_000_000);
        let next = self.tally.next();
        let tally = std::mem::replace(&mut self.tally, next);

        let behind = if pace == Pace::Open { end.saturating_sub(self.next_due(end)) } else { 0 };
        let live_calls = self.under_way.len();
        self.under_way.end_all();
        self.work(Pace::HangingUp, self.now() + HANG_UP_TIME_NS)?;
        if self.under_way.len() > 0 {
            eprintln!("{} calls could not be ended in time", self.under_way.len());
        }
        Ok(Outcome {
            tally,
            took: Duration::from_nanos(end - begin),
            generator_ran: ran,
            generator_worked: ran.saturating_sub(spun),
            server: before.zip(after),
            live_calls,
            behind: Duration::from_nanos(behind),
        })
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// Asks and listens until that instant, or until there is nothing left to do.
    fn work(&mut self, pace: Pace, until: u64) -> Result<()> {
        let mut events = Events::with_capacity(256);
        loop {
            let now = self.now();
            self.ask_on_free(pace, now)?;
            if now >= until || self.is_done(pace) {
                return Ok(());
            }
            match self.poll.poll(&mut events, Some(self.patience(pace))) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                other => other.context("could not wait for answers")?,
            }
            if events.is_empty() {
                self.spun_ns += self.now() - now;
            }
            for event in &events {
                let index = event.token().0;
                if event.is_writable()
                    && let Err(error) = self.connections[index].go_on()
                {
                    self.replace(index, Some(error))?;
                    continue;
                }
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    self.listen(index, pace)?;
                }
            }
        }
    }

    /// Longest to wait for answers. It spins: sleeping would make requests late that were due in time, and waking it
    /// on another core is work that the server pays for, the more of it the slower the server is.
    fn patience(&self, pace: Pace) -> Duration {
        match pace {
            Pace::Open | Pace::Closed => Duration::ZERO,
            Pace::HangingUp => Duration::from_millis(1),
        }
    }

    /// When the next request of the open loop is due.
    fn next_due(&mut self, now: u64) -> u64 {
        self.under_way.due(now).map_or(self.next_arrival, |due| due.min(self.next_arrival))
    }

    fn is_done(&self, pace: Pace) -> bool {
        let waits =
            |kind: Option<Kind>| self.asked.iter().flatten().any(|asked| kind.is_none_or(|kind| asked.kind == kind));
        match pace {
            Pace::Open => false,
            Pace::Closed => self.all_called && !waits(Some(Kind::Voice)),
            Pace::HangingUp => self.under_way.len() == 0 && !waits(None),
        }
    }

    fn ask_on_free(&mut self, pace: Pace, now: u64) -> Result<()> {
        while let Some(index) = self.free.pop() {
            if !self.ask(index, pace, now)? {
                self.free.push(index);
                break;
            }
        }
        Ok(())
    }

    /// Hears what a connection has to say, and asks the next question on it.
    fn listen(&mut self, index: usize, pace: Pace) -> Result<()> {
        let answer = match self.connections[index].listen() {
            Heard::Waiting => return Ok(()),
            Heard::Over(why) => return self.replace(index, why),
            Heard::Answer(answer) => answer,
        };
        let now = self.now();
        // What was not asked is mostly a farewell to a silent connection.
        let Some(asked) = self.asked[index].take() else { return self.replace(index, None) };
        let body = self.connections[index].body(answer);
        let well = self.tally.answered(asked.kind, answer.status, body, now.saturating_sub(asked.since));
        if well && asked.kind == Kind::Voice {
            let (shortest, longest) = self.plan.lasts;
            let lasts = shortest + (self.random.unit() * (longest - shortest) as f64) as u64;
            self.under_way.add(Call { answered: now, hangs_up: now + lasts, ..asked.call });
            if pace == Pace::HangingUp {
                self.under_way.end_all();
            }
        }
        if answer.closes {
            return self.replace(index, None);
        }
        if pace == Pace::Open || !self.ask(index, pace, now)? {
            self.free.push(index);
        }
        Ok(())
    }

    /// Puts a new connection in the place of one that is over. What was asked on it stays unanswered.
    fn replace(&mut self, index: usize, why: Option<std::io::Error>) -> Result<()> {
        let unanswered = self.asked[index].take().is_some();
        self.tally.broken(unanswered, why);
        let reopened = open(self.plan, &self.poll, index);
        let answers = self.tally.answers();
        self.connections[index] = reopened
            .with_context(|| format!("the server has gone away, {answers} answers into this part of the run"))?;
        if !self.free.contains(&index) {
            self.free.push(index);
        }
        Ok(())
    }

    /// Sends the next request there is, if there is one now.
    fn ask(&mut self, index: usize, pace: Pace, now: u64) -> Result<bool> {
        let Some(asked) = self.next(pace, now) else { return Ok(false) };
        let webhook = match asked.kind {
            Kind::Voice => self.voice,
            Kind::Status => self.status,
        };
        let connection = &mut self.connections[index];
        let to = self.numbers.get(asked.call.to);
        webhook.write(&asked.call, to, now, self.random.next(), &mut connection.out, &mut self.scratch);
        if asked.kind == Kind::Status {
            self.tally.lasted(now - asked.call.answered);
        }
        self.asked[index] = Some(asked);
        if let Err(error) = connection.send() {
            self.replace(index, Some(error))?;
            // The new connection is among the free ones and gets its turn there.
        }
        Ok(true)
    }

    fn next(&mut self, pace: Pace, now: u64) -> Option<Asked> {
        match pace {
            Pace::HangingUp => self.end_of_call(now),
            Pace::Closed => {
                let may_end = self.under_way.due(now).is_some();
                if may_end && (self.last_was_voice || self.all_called) {
                    return self.end_of_call(now);
                }
                self.new_call(now)
            }
            Pace::Open => {
                let ends = self.under_way.due(now);
                if let Some(due) = ends.filter(|due| *due <= self.next_arrival) {
                    return self.end_of_call(due);
                }
                let due = self.next_arrival;
                if due > now {
                    return None;
                }
                // Half of the requests are calls, the other half their ends.
                let calls_a_second = self.plan.rate.unwrap_or(1.0) / 2.0;
                let pause = -(1.0 - self.random.unit()).ln() / calls_a_second;
                self.next_arrival = due + (pause * 1e9) as u64;
                self.new_call(due)
            }
        }
    }

    fn new_call(&mut self, since: u64) -> Option<Asked> {
        let Some(to) = self.choice.next(self.numbers, &mut self.random) else {
            self.all_called = true;
            return None;
        };
        self.last_was_voice = true;
        Some(Asked { kind: Kind::Voice, call: Call::new(&mut self.random, to), since })
    }

    fn end_of_call(&mut self, since: u64) -> Option<Asked> {
        let call = self.under_way.take()?;
        self.last_was_voice = false;
        Some(Asked { kind: Kind::Status, call, since })
    }
}

fn open(plan: &Plan, poll: &Poll, index: usize) -> Result<Connection> {
    let connection = Connection::open(plan.target, poll.registry(), Token(index));
    connection.with_context(|| format!("could not connect to {}", plan.target))
}
