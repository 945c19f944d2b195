//! An answer as it is kept, to be given again: status, headers and body.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::model::Secret;

/// The largest body kept: a hundred times what a creation answers, and few enough bytes to keep a day of them.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Headers that belong to a connection, not to an answer.
const OF_THE_CONNECTION: [HeaderName; 3] = [header::CONNECTION, header::DATE, header::TRANSFER_ENCODING];

/// An answer, in a form that can be sealed.
#[derive(Deserialize, Serialize)]
pub(super) struct KeptAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    /// None if it was too large, or no text.
    body: Option<String>,
}

impl KeptAnswer {
    /// Takes down an answer.
    pub fn of(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> KeptAnswer {
        let kept = headers.iter().filter(|(name, _)| !OF_THE_CONNECTION.contains(name));
        let kept = kept.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let body = Some(body).filter(|body| body.len() <= BODY_BYTES_MAX);
        let body = body.and_then(|body| std::str::from_utf8(body).ok()).map(str::to_owned);
        KeptAnswer { status: status.as_u16(), headers: kept.collect(), body }
    }

    /// True if it can be given again as it was.
    pub fn is_whole(&self) -> bool {
        self.body.is_some()
    }

    /// As a text that can be sealed.
    pub fn write(&self) -> Secret {
        Secret::new(serde_json::to_string(self).expect("numbers and texts are always JSON"))
    }

    /// Reads one back; none if it is no such text.
    pub fn read(kept: &Secret) -> Option<KeptAnswer> {
        serde_json::from_str(kept.reveal()).ok()
    }

    /// The status it had.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The answer again; none if its body was not kept.
    pub fn again(&self) -> Option<Response> {
        let mut response = Response::new(Body::from(self.body.clone()?));
        *response.status_mut() = StatusCode::from_u16(self.status).ok()?;
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        Some(response)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http_body_util::BodyExt;
    use proptest::prelude::*;

    use super::*;

    type Seen = (u16, Vec<(String, String)>, String);

    fn through(status: u16, headers: &[(String, String)], body: &str) -> Option<Seen> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        }
        let kept = KeptAnswer::of(StatusCode::from_u16(status).unwrap(), &map, body.as_bytes()).write();
        let (head, body) = KeptAnswer::read(&kept).unwrap().again()?.into_parts();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let body = runtime.block_on(body.collect()).unwrap().to_bytes();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        Some((head.status.as_u16(), headers.collect(), String::from_utf8(body.to_vec()).unwrap()))
    }

    proptest! {
        #[test]
        fn an_answer_is_given_again_as_it_was(
            status in 200u16..500,
            headers in prop::collection::btree_map("x-[a-z]{1,9}", "[!-~]([ -~]{0,20}[!-~])?", 0..6),
            body in ".{0,200}",
        ) {
            let headers: Vec<_> = headers.into_iter().collect();
            prop_assert_eq!(through(status, &headers, &body), Some((status, headers, body)));
        }
    }

    #[test]
    fn a_body_beyond_the_bound_is_not_kept_but_that_there_was_one_is() {
        assert!(through(200, &[], &"a".repeat(BODY_BYTES_MAX)).is_some());
        assert_eq!(through(200, &[], &"a".repeat(BODY_BYTES_MAX + 1)), None);
        let kept = KeptAnswer::of(StatusCode::CREATED, &HeaderMap::new(), b"\xff");
        assert!(!kept.is_whole());
        assert_eq!(kept.status(), 201);
    }

    #[test]
    fn what_belongs_to_a_connection_is_not_kept() {
        let headers = ["connection", "date", "etag"].map(|name| (name.to_owned(), "close".to_owned()));
        assert_eq!(through(200, &headers, "").unwrap().1, [("etag".to_owned(), "close".to_owned())]);
    }
}
