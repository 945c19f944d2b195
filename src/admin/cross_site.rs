//! Which page a request comes from, as browsers tell it. They send a cookie along whoever asked; who that was stands in
//! `Sec-Fetch-Site`, and in older ones and on plain http in `Origin`. No page can set either.

use axum::http::{HeaderMap, HeaderName, Uri, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Does a page of ours ask for sure? What a cookie alone lets in must.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    match text(headers, &SEC_FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => origin_is_host(headers) == Some(true),
    }
}

/// Does a page of somebody else's ask? Programs say nothing of pages, and pass.
pub(super) fn is_foreign(headers: &HeaderMap) -> bool {
    match text(headers, &SEC_FETCH_SITE) {
        // `none`: somebody typed it.
        Some(site) => !matches!(site, "same-origin" | "none"),
        None => origin_is_host(headers) == Some(false),
    }
}

/// Did the request come over https, as far as it says itself? Only a proxy can have ended TLS, since this listener has
/// none. Anybody may claim it: what follows from it (a cookie that goes over https alone, the scheme of a link) concerns
/// nobody but whoever claims it, and makes nothing weaker.
pub(super) fn came_over_https(headers: &HeaderMap) -> bool {
    let forwarded = text(headers, &X_FORWARDED_PROTO).and_then(|protocols| protocols.split(',').next());
    let by_proxy = forwarded.is_some_and(|protocol| protocol.trim().eq_ignore_ascii_case("https"));
    let by_page = text(headers, &header::ORIGIN).is_some_and(|origin| origin.starts_with("https://"));
    by_proxy || (by_page && origin_is_host(headers) == Some(true))
}

/// The host and port by which we were asked, where they could stand in a URL.
pub(super) fn host(headers: &HeaderMap) -> Option<&str> {
    text(headers, &header::HOST).filter(|host| {
        let parsed = host.parse::<axum::http::uri::Authority>();
        parsed.is_ok_and(|parsed| !parsed.host().is_empty() && !host.contains('@'))
    })
}

/// None without an `Origin`.
fn origin_is_host(headers: &HeaderMap) -> Option<bool> {
    let origin = text(headers, &header::ORIGIN)?;
    let parsed = origin.parse::<Uri>().ok();
    let page = parsed.as_ref().and_then(|origin| {
        let port = if origin.scheme_str()? == "https" { ":443" } else { ":80" };
        Some((origin.authority()?.as_str(), port))
    });
    let Some(((page, usual_port), host)) = page.zip(text(headers, &header::HOST)) else { return Some(false) };
    let bare = |name: &str| name.strip_suffix(usual_port).unwrap_or(name).to_ascii_lowercase();
    Some(bare(page) == bare(host))
}

/// A header that is there and no text is one that fits nothing.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    /// Whether it is a page of ours, and whether it is one of others.
    fn check(pairs: &[(&'static str, &'static str)], same: bool, foreign: bool) {
        let headers = headers(pairs);
        assert_eq!((is_same_origin(&headers), is_foreign(&headers)), (same, foreign), "{pairs:?}");
    }

    #[test]
    fn what_the_browser_says_of_the_site_counts() {
        let origin = ("origin", "https://console.example.com");
        let host = ("host", "console.example.com");
        check(&[("sec-fetch-site", "same-origin")], true, false);
        check(&[("sec-fetch-site", "none")], false, false);
        for elsewhere in ["cross-site", "same-site", "", "Same-Origin"] {
            check(&[("sec-fetch-site", elsewhere), origin, host], false, true);
        }
    }

    #[test]
    fn without_that_the_page_must_have_our_host_and_port() {
        for (origin, host) in [
            ("http://127.0.0.1:8081", "127.0.0.1:8081"),
            ("https://console.example.com", "Console.Example.com"),
            ("https://console.example.com", "console.example.com:443"),
            ("http://console.example.com:80", "console.example.com"),
            ("http://[::1]:8081", "[::1]:8081"),
        ] {
            check(&[("origin", origin), ("host", host)], true, false);
        }
        for (origin, host) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8081"),
            ("https://evil.example.com", "console.example.com"),
            ("https://console.example.com.evil.example.com", "console.example.com"),
            ("https://console.example.com:80", "console.example.com"),
            ("https://me@console.example.com", "console.example.com"),
            ("null", "console.example.com"),
            ("", "console.example.com"),
            ("console.example.com", "console.example.com"),
        ] {
            check(&[("origin", origin), ("host", host)], false, true);
        }
        check(&[("origin", "http://127.0.0.1:8081")], false, true);
        check(&[("host", "127.0.0.1:8081")], false, false);
    }

    #[test]
    fn https_is_what_a_proxy_or_our_own_page_says() {
        assert!(came_over_https(&headers(&[("x-forwarded-proto", "HTTPS, http")])));
        assert!(came_over_https(&headers(&[("origin", "https://a.example.com"), ("host", "a.example.com")])));
        for no in [
            vec![],
            vec![("x-forwarded-proto", "http, https")],
            vec![("origin", "http://a.example.com"), ("host", "a.example.com")],
            vec![("origin", "https://b.example.com"), ("host", "a.example.com")],
        ] {
            assert!(!came_over_https(&headers(&no)), "{no:?}");
        }
    }

    #[test]
    fn a_host_that_could_not_stand_in_a_url_is_none() {
        assert_eq!(host(&headers(&[("host", "127.0.0.1:8081")])), Some("127.0.0.1:8081"));
        for bad in ["", "a b", "me@a.example.com", "a.example.com/x", "a\"b"] {
            assert_eq!(host(&headers(&[("host", bad)])), None, "{bad}");
        }
    }
}
