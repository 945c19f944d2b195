//! The cookie that carries a session: written so that scripts cannot read it and other sites cannot send it.

use axum::http::{HeaderMap, HeaderValue, header};

/// Its name.
pub(super) const NAME: &str = "patchbay_session";

/// 32 bytes in base64url.
const SECRET_LENGTH: usize = 43;

/// The secret a request carries. What was not written here is none.
pub(super) fn read(headers: &HeaderMap) -> Option<&str> {
    let texts = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut ours = texts.flat_map(|text| text.split(';')).filter_map(|pair| {
        let (name, secret) = pair.trim().split_once('=')?;
        (name == NAME).then_some(secret)
    });
    let secret = ours.next()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (secret.len() == SECRET_LENGTH && secret.bytes().all(plain)).then_some(secret)
}

/// Is there one at all, good or not?
pub(super) fn is_there(headers: &HeaderMap) -> bool {
    let texts = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(';')).any(|pair| pair.trim().split('=').next() == Some(NAME))
}

/// Has the browser keep a secret for so long.
pub(super) fn keep(secret: &str, seconds: i64, over_https: bool) -> HeaderValue {
    let secure = if over_https { "; Secure" } else { "" };
    let text = format!("{NAME}={secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
    HeaderValue::try_from(text).expect("base64url and words of ours")
}

/// Has the browser forget it.
pub(super) fn forget() -> HeaderValue {
    HeaderValue::from_static("patchbay_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_";

    fn found(cookies: &[String]) -> Option<String> {
        let values =
            cookies.iter().map(|text| (header::COOKIE, HeaderValue::try_from(text.as_str()).expect("a header")));
        read(&values.collect()).map(str::to_owned)
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let ours = format!("{NAME}={SECRET}");
        for cookies in [
            vec![ours.clone()],
            vec![format!("theme=dark; {ours}; x=y")],
            vec!["theme=dark".to_owned(), ours.clone()],
            vec![format!("theme=dark;{ours}")],
        ] {
            assert_eq!(found(&cookies).as_deref(), Some(SECRET), "{cookies:?}");
        }
        for wrong in ["", "theme=dark", "patchbay_session", "patchbay_session=", "patchbay_session=short"] {
            assert_eq!(found(&[wrong.to_owned()]), None, "{wrong}");
        }
        assert_eq!(found(&[format!("my_{ours}")]), None);
        assert_eq!(found(&[format!("{NAME}={}!!", &SECRET[2..])]), None);
    }

    #[test]
    fn it_is_forgotten_where_it_was_kept() {
        let kept = keep(SECRET, 43_200, false);
        let (kept, forgotten) = (kept.to_str().expect("text"), forget());
        let forgotten = forgotten.to_str().expect("text");
        assert_eq!(kept, format!("{NAME}={SECRET}; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200"));
        assert_eq!(forgotten, kept.replace(SECRET, "").replace("43200", "0"));
        assert!(keep(SECRET, 1, true).to_str().is_ok_and(|text| text.ends_with("; Max-Age=1; Secure")));
    }
}
