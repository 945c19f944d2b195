//! Commands as people type them, against a patchbay in this process; and a stand-in for one that misbehaves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;

use regex::Regex;
use serde_json::Value;

use crate::rig::{OPERATOR, Rig};

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// What it printed, if it was done.
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// The same, as JSON.
    pub fn json(self) -> Value {
        let out = self.done();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    /// The sentence it failed with.
    pub fn failed(self) -> String {
        assert_eq!((self.code, self.err.lines().count()), (1, 1), "{self:?}");
        self.err.trim_end().strip_prefix("patchbay: ").expect("its own words").to_owned()
    }
}

/// Whoever types.
pub struct Shell<'a> {
    pub admin: String,
    pub token: String,
    pub dir: &'a Path,
    pub env: Vec<(&'static str, &'static str)>,
}

impl<'a> Shell<'a> {
    pub fn of(rig: &'a Rig) -> Shell<'a> {
        Shell::at(rig.running.admin, rig.dir.path())
    }

    pub fn at(admin: SocketAddr, dir: &'a Path) -> Shell<'a> {
        Shell { admin: format!("http://{admin}"), token: OPERATOR.to_owned(), dir, env: Vec::new() }
    }

    pub fn run(&self, words: &[&str]) -> Said {
        self.run_with(words, "")
    }

    /// Runs a command that reads `input`.
    pub fn run_with(&self, words: &[&str], input: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_patchbay"));
        command.args(words).current_dir(self.dir).env_clear().envs(self.env.iter().copied());
        command.env("PATCHBAY_ADMIN_URL", &self.admin).env("PATCHBAY_TOKEN", &self.token);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        // One that does not read has ended already.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Said { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
    }

    /// Runs a line as it is typed, and writes down what came of it.
    pub fn typed(&self, transcript: &mut String, line: &str, names: &[(&str, &str)]) -> String {
        let named = names.iter().fold(line.to_owned(), |line, (name, value)| line.replace(name, value));
        let words = words(&named);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = self.run(&words);
        let out = stable(&format!("{}{}", said.out, said.err));
        let code = if said.code == 0 { String::new() } else { format!("[exit code {}]\n", said.code) };
        transcript.push_str(&format!("$ patchbay {line}\n{out}{code}\n"));
        said.out
    }
}

/// Words between blanks, save what stands in quotes.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(place, part)| match place % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

/// The same text on every day: identifiers, times and secrets as signs of their length.
pub fn stable(text: &str) -> String {
    let signs = [
        (r"\b(ten|org|tok|vm|num|job)_[0-9a-z]{26}", "${1}_xxxxxxxxxxxxxxxxxxxxxxxxxx"),
        (r"\bpb_[A-Za-z0-9_-]{43}", "pb_SECRET"),
        (r"\bCA[0-9a-f]{32}", "CAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        // Times of the year 2099 are the tests' own.
        (r"\b20([0-8]\d|9[0-8])-\d\d-\d\d \d\d:\d\d:\d\d", "DATE       TIME    "),
        (r"--cursor [\w-]+", "--cursor CURSOR"),
        (r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:PORT"),
    ];
    signs.iter().fold(text.to_owned(), |text, (pattern, sign)| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, *sign).into_owned()
    })
}

/// What a stand-in does with a request.
pub enum Does {
    /// Answers this status, with these headers and this body.
    Answer(u16, &'static str, String),
    /// Reads it and breaks the connection.
    Breaks,
}

/// An admin API that answers in this order, and tells what it was asked.
pub fn stand_in(deeds: Vec<Does>) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let asked = std::thread::spawn(move || {
        let deeds = deeds.into_iter().map(|deed| {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).expect("a line") > 0 {}
            let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            if let Does::Answer(status, headers, body) = deed {
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nConnection: close\r\n{headers}\
                     Content-Length: {length}\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).expect("it listens");
            }
            head
        });
        deeds.collect()
    });
    (address, asked)
}

/// A header of a request.
pub fn header(head: &str, name: &str) -> Option<String> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
}
