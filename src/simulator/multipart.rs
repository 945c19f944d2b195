//! Forms with files in them (`multipart/form-data`), read whole.

use hyper::header;

use super::wire::Request;

/// A field of a form, or a file.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub name: String,
    /// How the file is called, if it is one.
    pub file: Option<String>,
    pub content_type: String,
    pub content: &'a [u8],
}

/// The parts of a form; none where the request is none, or a broken one.
pub(super) fn read(request: &Request) -> Option<Vec<Part<'_>>> {
    let content_type = request.header(header::CONTENT_TYPE);
    let parameters = content_type.strip_prefix("multipart/form-data")?;
    let boundary = parameter(parameters, "boundary").filter(|boundary| !boundary.is_empty())?;
    parts(&request.body, &boundary)
}

fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let (opening, parting) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let mut rest = body.strip_prefix(opening.as_bytes())?;
    let mut found = Vec::new();
    while !rest.starts_with(b"--") {
        let part = rest.strip_prefix(b"\r\n")?;
        let end = find(part, parting.as_bytes())?;
        found.push(Part::read(&part[..end])?);
        rest = &part[end + parting.len()..];
    }
    Some(found)
}

impl<'a> Part<'a> {
    fn read(part: &'a [u8]) -> Option<Part<'a>> {
        let end = find(part, b"\r\n\r\n")?;
        let (mut name, mut file, mut content_type) = (None, None, String::new());
        for line in std::str::from_utf8(&part[..end]).ok()?.split("\r\n") {
            let (header, value) = line.split_once(':')?;
            match header.to_ascii_lowercase().as_str() {
                "content-disposition" => (name, file) = (parameter(value, "name"), parameter(value, "filename")),
                "content-type" => content_type = value.trim().to_owned(),
                _ => {}
            }
        }
        Some(Part { name: name?, file, content_type, content: &part[end + 4..] })
    }

    /// A field's value.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.content).into_owned()
    }

    /// Its name, and its value or, of a file, what there is to say of it.
    pub fn shown(&self) -> (String, String) {
        let shown = match &self.file {
            Some(file) => format!("{file}: {}, {} bytes", self.content_type, self.content.len()),
            None => self.text(),
        };
        (self.name.clone(), shown)
    }
}

/// `; name="value"`, with quotation marks or without.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    text.split(';').find_map(|piece| {
        let (name, value) = piece.trim().split_once('=')?;
        (name == wanted).then(|| value.trim_matches('"').to_owned())
    })
}

/// Where something begins. Files are large and full of anything, so its first byte is looked for before the rest.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].iter().position(|byte| *byte == wanted[0])?;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"document_type\"\r\n\r\nutility_bill\r\n\
        --b\r\ncontent-disposition: form-data; name=\"File\"; filename=\"bill.pdf\"\r\n\
        content-type: application/pdf\r\n\r\n%PDF\r\n\r\n--a\r\n--\r\n--b--\r\n";

    #[test]
    fn fields_and_files_are_read_whatever_is_in_them() {
        let parts = parts(FORM, "b").expect("a form");
        let shown: Vec<_> = parts.iter().map(Part::shown).collect();
        let bill = ("File".to_owned(), "bill.pdf: application/pdf, 15 bytes".to_owned());
        assert_eq!(shown, [("document_type".to_owned(), "utility_bill".to_owned()), bill]);
        assert_eq!(parts[1].content, b"%PDF\r\n\r\n--a\r\n--");
    }

    #[test]
    fn what_breaks_off_is_no_form() {
        for end in [0, 3, 20, FORM.len() - 6] {
            assert!(parts(&FORM[..end], "b").is_none(), "{end}");
        }
        assert!(parts(FORM, "c").is_none());
        assert!(parts(b"--b--", "b").is_some_and(|parts| parts.is_empty()));
    }
}
