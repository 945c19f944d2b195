//! What a form says: strict decoding of `application/x-www-form-urlencoded`, for bodies and query strings alike.
//!
//! Every pair is kept, in order, duplicates and unknown names included, because the signature covers all of them.
//! Which names mean something is the endpoints' business.

mod decoder;

use self::decoder::decode;

/// Most fields a form may have. The carrier sends about thirty; SIP headers of the far end add some dozens.
pub const FIELDS_MAX: usize = 512;

/// A decoded form. Names and values stand in one text where they stood in the body; a field is four positions in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    text: String,
    fields: Vec<Field>,
}

/// Where a field stands in the text, and how its name begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    first_eight: u64,
    name: u32,
    name_end: u32,
    value: u32,
    value_end: u32,
}

impl Field {
    fn name_in(self, text: &[u8]) -> &[u8] {
        &text[self.name as usize..self.name_end as usize]
    }

    fn value_in(self, text: &[u8]) -> &[u8] {
        &text[self.value as usize..self.value_end as usize]
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
        decode(raw)
    }

    /// The value of the first field of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let text = self.text.as_bytes();
        let field = self.fields.iter().position(|field| field.name_in(text) == name.as_bytes())?;
        self.value(field)
    }

    /// The value of the field at a position of [`Form::pairs`].
    pub(super) fn value(&self, index: usize) -> Option<&str> {
        let field = self.fields.get(index)?;
        Some(&self.text[field.value as usize..field.value_end as usize])
    }

    /// Every name with its value, in the order received.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        let part = |begin: u32, end: u32| &self.text[begin as usize..end as usize];
        self.fields.iter().map(move |field| (part(field.name, field.name_end), part(field.value, field.value_end)))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The bytes of the name at a position of [`Form::pairs`], and of its value.
    pub(super) fn pair(&self, index: usize) -> (&[u8], &[u8]) {
        let (field, text) = (self.fields[index], self.text.as_bytes());
        (field.name_in(text), field.value_in(text))
    }

    /// How long all names and values are together, at most.
    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }

    /// How each name begins, in the order received: its first eight bytes as a number that sorts as they do.
    pub(super) fn beginnings(&self) -> impl Iterator<Item = u64> {
        self.fields.iter().map(|field| field.first_eight)
    }

    /// Appends a field's name and value to `room` at `at`, and says where they end.
    pub(super) fn copy_pair(&self, index: usize, room: &mut [u8], at: usize) -> usize {
        let (field, text) = (self.fields[index], self.text.as_bytes());
        let value_at = copy_ahead(text, field.name, field.name_end, room, at);
        copy_ahead(text, field.value, field.value_end, room, value_at)
    }
}

/// As many bytes as a copied piece has: a SID is shorter. Texts are copied in pieces of one length where there is so much
/// to copy from: the processor cannot guess the lengths of thirty short ones, and what is copied too much is overwritten
/// by the next.
const PIECE: usize = 48;

/// How much room [`Form::copy_pair`] needs behind what it writes to be fast.
pub(super) const ROOM_BEHIND: usize = 2 * PIECE;

/// Copies to `at` what stands from `begin` to `end`, and says where the copy ends.
#[inline]
fn copy_ahead(text: &[u8], begin: u32, end: u32, room: &mut [u8], at: usize) -> usize {
    let (begin, end) = (begin as usize, end as usize);
    let length = end - begin;
    match (text[begin..].first_chunk::<PIECE>(), room[at..].first_chunk_mut::<PIECE>()) {
        (Some(from), Some(to)) if length <= PIECE => *to = *from,
        _ => room[at..at + length].copy_from_slice(&text[begin..end]),
    }
    at + length
}

/// How a name begins: its first eight bytes as a number, filled up with zeros.
pub(super) const fn first_eight(name: &[u8]) -> u64 {
    let (mut first_eight, mut at) = (0, 0);
    while at < 8 {
        first_eight = first_eight << 8 | if at < name.len() { name[at] as u64 } else { 0 };
        at += 1;
    }
    first_eight
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
        fn a_form_tells_how_its_names_begin_and_copies_its_pairs_whatever_their_lengths(
            pairs in prop::collection::vec(("[A-Za-zé%]{0,12}", ".{0,70}"), 0..20),
            room_behind in 0..2 * ROOM_BEHIND,
        ) {
            let raw = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
            let form = Form::parse(raw.collect::<Vec<_>>().join("&").as_bytes()).unwrap();
            let begins = |name: &str| (0..8).fold(0, |begins, at| begins << 8 | u64::from(*name.as_bytes().get(at).unwrap_or(&0)));
            prop_assert!(form.beginnings().eq(pairs.iter().map(|(name, _)| begins(name))));
            let all: String = pairs.iter().map(|(name, value)| format!("{name}{value}")).collect();
            let mut room = vec![0xff; all.len() + room_behind];
            let end = (0..form.len()).fold(0, |at, index| form.copy_pair(index, &mut room, at));
            prop_assert_eq!(&room[..end], all.as_bytes());
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
        for (index, (name, value)) in expected.iter().enumerate() {
            assert_eq!(form.pair(index), (name.as_bytes(), value.as_bytes()));
            assert_eq!(form.value(index), Some(*value));
        }
        assert_eq!(form.value(expected.len()), None);
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
