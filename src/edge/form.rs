//! What a form says: strict decoding of `application/x-www-form-urlencoded`, for bodies and query strings alike.
//!
//! Every pair is kept, in order, duplicates and unknown names included, because the signature covers all of them.
//! Which names mean something is the endpoints' business.

/// Most fields a form may have. The carrier sends about thirty; SIP headers of the far end add some dozens.
pub const FIELDS_MAX: usize = 512;

/// A decoded form. All names and values stand one after another in one text; a field is three positions in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    text: String,
    fields: Vec<Field>,
}

/// Where a field stands in the text: the name from `name` to `value`, the value from `value` to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    name: u32,
    value: u32,
    end: u32,
}

impl Field {
    fn name_len(self) -> usize {
        (self.value - self.name) as usize
    }
}

/// Why bytes are not a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A `%` that two hexadecimal digits do not follow.
    #[error("could not decode the form: a % is not followed by two hexadecimal digits")]
    BadEscape,
    /// A name or value that is not UTF-8 once decoded.
    #[error("could not decode the form: a name or value is not UTF-8")]
    NotUtf8,
    /// More than [`FIELDS_MAX`] fields.
    #[error("could not decode the form: more than {FIELDS_MAX} fields")]
    TooManyFields,
    /// More bytes than positions can name. The listener's limits are far below.
    #[error("could not decode the form: too long")]
    TooLong,
}

impl Form {
    /// Decodes a body or a query string.
    ///
    /// `+` is a space, pieces between `&` that are empty are skipped, a piece without `=` is a name with an empty
    /// value. Nothing is guessed: what cannot be decoded is refused, or a signature would cover other words than ours.
    pub fn parse(raw: &[u8]) -> Result<Form, FormError> {
        if raw.is_empty() {
            return Ok(Form::default());
        }
        if u32::try_from(raw.len()).is_err() {
            return Err(FormError::TooLong);
        }
        let mut decoder = Decoder { text: Vec::with_capacity(raw.len()), fields: Vec::with_capacity(48) };
        decoder.read(raw)?;
        decoder.finish()
    }

    /// The value of the first field of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let text = self.text.as_bytes();
        let is_named = |field: &&Field| {
            field.name_len() == name.len() && &text[field.name as usize..field.value as usize] == name.as_bytes()
        };
        self.fields.iter().find(is_named).map(|field| self.slice(*field).1)
    }

    /// Every name with its value, in the order received.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.fields.iter().map(|field| self.slice(*field))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The bytes of every name, in the order received.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().map(|field| &self.text.as_bytes()[field.name as usize..field.value as usize])
    }

    /// The name at a position of [`Form::pairs`] with its value behind it, and where the value begins.
    pub(super) fn joined(&self, index: usize) -> (&[u8], usize) {
        let field = self.fields[index];
        (&self.text.as_bytes()[field.name as usize..field.end as usize], field.name_len())
    }

    fn slice(&self, field: Field) -> (&str, &str) {
        let (name, value, end) = (field.name as usize, field.value as usize, field.end as usize);
        (&self.text[name..value], &self.text[value..end])
    }
}

/// The form while it is read: bytes, not yet known to be text.
struct Decoder {
    text: Vec<u8>,
    fields: Vec<Field>,
}

impl Decoder {
    fn read(&mut self, raw: &[u8]) -> Result<(), FormError> {
        let mut rest = raw;
        while !rest.is_empty() {
            if rest[0] == b'&' {
                rest = &rest[1..];
                continue;
            }
            if self.fields.len() == FIELDS_MAX {
                return Err(FormError::TooManyFields);
            }
            rest = self.read_field(rest)?;
        }
        Ok(())
    }

    /// Reads one field; gives what follows it.
    fn read_field<'a>(&mut self, raw: &'a [u8]) -> Result<&'a [u8], FormError> {
        let name = self.position();
        let mut value = None;
        let mut rest = raw;
        loop {
            let (plain, tail) = rest.split_at(plain_length(rest));
            self.text.extend_from_slice(plain);
            rest = match tail {
                [] | [b'&', ..] => {
                    let end = self.position();
                    self.fields.push(Field { name, value: value.unwrap_or(end), end });
                    return Ok(tail);
                }
                // Only the first one parts name and value.
                [b'=', tail @ ..] if value.is_none() => {
                    value = Some(self.position());
                    tail
                }
                [b'=', tail @ ..] => {
                    self.text.push(b'=');
                    tail
                }
                [b'+', tail @ ..] => {
                    self.text.push(b' ');
                    tail
                }
                [b'%', high, low, tail @ ..] => {
                    self.text.push(hex(*high)? << 4 | hex(*low)?);
                    tail
                }
                _ => return Err(FormError::BadEscape),
            };
        }
    }

    fn finish(self) -> Result<Form, FormError> {
        let text = String::from_utf8(self.text).map_err(|_| FormError::NotUtf8)?;
        // The whole may be UTF-8 although a character is torn between a name and its value.
        let whole = |position: u32| text.is_char_boundary(position as usize);
        if self.fields.iter().all(|field| whole(field.name) && whole(field.value) && whole(field.end)) {
            Ok(Form { text, fields: self.fields })
        } else {
            Err(FormError::NotUtf8)
        }
    }

    fn position(&self) -> u32 {
        u32::try_from(self.text.len()).expect("decoding never lengthens, and the raw length fits")
    }
}

fn hex(digit: u8) -> Result<u8, FormError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(FormError::BadEscape),
    }
}

/// How many bytes at the beginning mean themselves: none of `&`, `=`, `%`, `+`. Eight bytes are looked at together.
fn plain_length(raw: &[u8]) -> usize {
    let (words, rest) = raw.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let special = zero_bytes(word ^ repeated(b'&'))
            | zero_bytes(word ^ repeated(b'='))
            | zero_bytes(word ^ repeated(b'%'))
            | zero_bytes(word ^ repeated(b'+'));
        if special != 0 {
            return index * 8 + (special.trailing_zeros() / 8) as usize;
        }
    }
    let plain = rest.iter().take_while(|byte| !matches!(byte, b'&' | b'=' | b'%' | b'+')).count();
    raw.len() - rest.len() + plain
}

const fn repeated(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Marks the top bit of each byte that is zero. Bytes above a zero may be marked wrongly, the lowest mark never is.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(repeated(0x01)) & !word & repeated(0x80)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_and_values_are_decoded_and_keep_their_order() {
        check("a=1&b=2", &[("a", "1"), ("b", "2")]);
        check("b=2&a=1&b=2&b=3", &[("b", "2"), ("a", "1"), ("b", "2"), ("b", "3")]);
        check("To=%2B16475550123&Name=Smile+Dental%21", &[("To", "+16475550123"), ("Name", "Smile Dental!")]);
        check("caf%C3%A9=%e2%98%8e", &[("café", "☎")]);
        check("emoji=%F0%9F%93%9E&raw=📞", &[("emoji", "📞"), ("raw", "📞")]);
        check("a=b=c==", &[("a", "b=c==")]);
        check("%26%3D%25%2b=%26%3d%25%2B", &[("&=%+", "&=%+")]);
        check("nul=%00", &[("nul", "\0")]);
    }

    #[test]
    fn empty_names_and_values_are_kept_and_empty_pieces_are_not() {
        check("", &[]);
        check("&&&", &[]);
        check("=", &[("", "")]);
        check("a", &[("a", "")]);
        check("a=", &[("a", "")]);
        check("=a", &[("", "a")]);
        check("&a=1&&b&", &[("a", "1"), ("b", "")]);
        check("a=+", &[("a", " ")]);
    }

    #[test]
    fn the_first_field_of_a_name_is_the_one_got() {
        let form = Form::parse(b"Digits=5678&Digits=1234&digits=9&Empty").unwrap();
        assert_eq!(form.get("Digits"), Some("5678"));
        assert_eq!(form.get("digits"), Some("9"));
        assert_eq!(form.get("Empty"), Some(""));
        assert_eq!(form.get("DIGITS"), None);
    }

    #[test]
    fn a_bad_escape_is_refused_wherever_it_stands() {
        for raw in ["%", "a=%", "a=%4", "a=%zz", "a=%4g&b=1", "%=1", "a=1&b=%%41", "a=%+1", "a=%&41", "12345678%"] {
            assert_eq!(Form::parse(raw.as_bytes()), Err(FormError::BadEscape), "{raw}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_refused_even_if_the_whole_would_be() {
        for raw in [&b"a=%ff"[..], b"%C3=1", b"a=\xff", b"a=%C3&%A9=1", b"%C3=%A9", b"a=%ED%A0%80", b"a=%C0%80"] {
            assert_eq!(Form::parse(raw), Err(FormError::NotUtf8), "{raw:?}");
        }
    }

    #[test]
    fn five_hundred_and_twelve_fields_are_taken_and_one_more_is_refused() {
        let fields = |count: usize| vec!["a=1"; count].join("&").into_bytes();
        assert_eq!(Form::parse(&fields(FIELDS_MAX)).unwrap().len(), FIELDS_MAX);
        assert_eq!(Form::parse(&fields(FIELDS_MAX + 1)), Err(FormError::TooManyFields));
        let mut trailing = fields(FIELDS_MAX);
        trailing.extend_from_slice(b"&&&");
        assert_eq!(Form::parse(&trailing).unwrap().len(), FIELDS_MAX);
    }

    proptest! {
        /// Against a decoder written the slow and obvious way.
        #[test]
        fn any_bytes_are_decoded_as_the_obvious_decoder_does(raw in formlike()) {
            let ours = Form::parse(&raw).map(|form| owned(&form));
            prop_assert_eq!(ours, obvious(&raw));
        }

        #[test]
        fn what_is_encoded_comes_back(pairs in prop::collection::vec((".{0,12}", ".{0,20}"), 0..40)) {
            let raw = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
            let raw = raw.collect::<Vec<_>>().join("&");
            prop_assert_eq!(owned(&Form::parse(raw.as_bytes()).unwrap()), pairs);
        }
    }

    fn check(raw: &str, expected: &[(&str, &str)]) {
        let form = Form::parse(raw.as_bytes()).unwrap();
        assert_eq!(form.pairs().collect::<Vec<_>>(), expected, "{raw}");
        assert_eq!(form.is_empty(), expected.is_empty());
        assert!(form.names().eq(expected.iter().map(|(name, _)| name.as_bytes())));
        for (index, (name, value)) in expected.iter().enumerate() {
            assert_eq!(form.joined(index), (format!("{name}{value}").as_bytes(), name.len()));
        }
    }

    fn owned(form: &Form) -> Vec<(String, String)> {
        form.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn formlike() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            6 => prop::sample::select(b"&=%+".to_vec()),
            6 => prop::sample::select(b"0123456789abcdefABCDEFgG".to_vec()),
            1 => any::<u8>(),
        ];
        let piece = prop_oneof![
            3 => byte.prop_map(|byte| vec![byte]),
            1 => "%[0-9a-fA-F]{2}".prop_map(String::into_bytes),
            1 => "[a-zA-Z]{1,20}".prop_map(String::into_bytes),
            1 => prop::sample::select(vec!["%C3%A9", "%C3", "%A9", "é"]).prop_map(|text| text.as_bytes().to_vec()),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    fn obvious(raw: &[u8]) -> Result<Vec<(String, String)>, FormError> {
        let mut bytes = Vec::new();
        for piece in raw.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
            let middle = piece.iter().position(|byte| *byte == b'=').unwrap_or(piece.len());
            let value = piece.get(middle + 1..).unwrap_or_default();
            bytes.push((unescape(&piece[..middle])?, unescape(value)?));
        }
        let text = |bytes| String::from_utf8(bytes).map_err(|_| FormError::NotUtf8);
        bytes.into_iter().map(|(name, value)| Ok((text(name)?, text(value)?))).collect()
    }

    fn unescape(raw: &[u8]) -> Result<Vec<u8>, FormError> {
        let mut decoded = Vec::new();
        let mut index = 0;
        while index < raw.len() {
            match raw[index] {
                b'+' => decoded.push(b' '),
                b'%' => {
                    let digits = raw.get(index + 1..index + 3).ok_or(FormError::BadEscape)?;
                    let digits = std::str::from_utf8(digits).map_err(|_| FormError::BadEscape)?;
                    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                        return Err(FormError::BadEscape);
                    }
                    decoded.push(u8::from_str_radix(digits, 16).unwrap());
                    index += 2;
                }
                byte => decoded.push(byte),
            }
            index += 1;
        }
        Ok(decoded)
    }

    fn encode(text: &str) -> String {
        let escape = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            b' ' => "+".to_owned(),
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(escape).collect()
    }
}
