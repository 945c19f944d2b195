//! A client that listens to events, and reads them as the standard for server-sent events says.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

/// An event that was heard.
#[derive(Clone, Debug)]
pub struct Heard {
    pub id: String,
    pub name: String,
    pub data: Value,
}

pub struct Ears {
    pub response: Response,
    unread: String,
    /// The id a browser would come back with.
    pub last_id: String,
    /// Lines that were comments.
    pub comments: Vec<String>,
}

/// Asks for events.
pub async fn ask(http: &reqwest::Client, admin: SocketAddr, token: &str, query: &str, last_id: &str) -> Response {
    let mut request = http.get(format!("http://{admin}/api/events{query}")).bearer_auth(token);
    if !last_id.is_empty() {
        request = request.header("Last-Event-ID", last_id);
    }
    request.send().await.expect("the admin API answers")
}

impl Ears {
    pub async fn open(http: &reqwest::Client, admin: SocketAddr, token: &str, query: &str, last_id: &str) -> Ears {
        let response = ask(http, admin, token, query, last_id).await;
        assert_eq!(response.status(), 200);
        Ears::on(response, last_id)
    }

    /// On a stream that was asked for.
    pub fn on(response: Response, last_id: &str) -> Ears {
        Ears { response, unread: String::new(), last_id: last_id.to_owned(), comments: Vec::new() }
    }

    /// The next event; none at the end of the stream.
    pub async fn next(&mut self) -> Option<Heard> {
        tokio::time::timeout(Duration::from_secs(20), self.wait()).await.expect("something is heard")
    }

    /// The next event of this name.
    pub async fn next_of(&mut self, name: &str) -> Heard {
        loop {
            let heard = self.next().await.expect("the stream goes on");
            if heard.name == name {
                return heard;
            }
        }
    }

    /// The same, however long that takes.
    pub async fn wait(&mut self) -> Option<Heard> {
        loop {
            while let Some((message, rest)) = self.unread.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.unread = rest;
                if let Some(heard) = self.understand(&message) {
                    return Some(heard);
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.unread += std::str::from_utf8(&chunk).expect("text");
        }
    }

    fn understand(&mut self, message: &str) -> Option<Heard> {
        let (mut name, mut data) = ("", String::new());
        for line in message.lines() {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" => self.comments.push(value.to_owned()),
                "id" => self.last_id = value.to_owned(),
                "event" => name = value,
                "data" => data += value,
                "retry" => assert!(value.parse::<u32>().is_ok()),
                other => panic!("no field of the standard: {other}"),
            }
        }
        // A message without data is none, but its id counts.
        if data.is_empty() {
            return None;
        }
        let data = serde_json::from_str(&data).expect("JSON");
        Some(Heard { id: self.last_id.clone(), name: name.to_owned(), data })
    }
}
