//! How a form is read: where bytes stand that mean something else than themselves, and what they do to the text.

use super::{FIELDS_MAX, Field, Form, FormError, first_eight};

/// The form while it is read: bytes, not yet known to be text.
///
/// Names and values stay where they are, so that most need no copying; behind an escape the rest of its name or value
/// moves up, and what it leaves behind is blanked. Between two of them there is always a byte of ASCII: no character can
/// be torn between them and still be whole in the text.
struct Decoder<'a> {
    raw: &'a [u8],
    text: Vec<u8>,
    fields: Vec<Field>,
    /// Where the field began.
    name: usize,
    /// Where its name ended and its value began.
    parted: Option<(usize, usize)>,
    /// Up to where the body is read.
    read: usize,
    /// By how much the present name or value has moved up.
    shrunk: usize,
}

pub(super) fn decode(raw: &[u8]) -> Result<Form, FormError> {
    let (text, fields) = (raw.to_vec(), Vec::with_capacity(32));
    let mut decoder = Decoder { raw, text, fields, name: 0, parted: None, read: 0, shrunk: 0 };
    let (blocks, rest) = raw.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    for (block, bytes) in blocks.iter().chain([&last]).enumerate() {
        let mut specials = special_mask(bytes);
        while specials != 0 {
            decoder.meet(block * BLOCK + specials.trailing_zeros() as usize)?;
            specials &= specials - 1;
        }
    }
    decoder.move_up(raw.len());
    decoder.end_field(raw.len())?;
    let text = String::from_utf8(decoder.text).map_err(|_| FormError::NotUtf8)?;
    Ok(Form { text, fields: decoder.fields })
}

impl Decoder<'_> {
    /// Meets the next byte that means something else than itself; nothing between stands for anything else.
    #[inline(always)]
    fn meet(&mut self, at: usize) -> Result<(), FormError> {
        self.move_up(at);
        self.read = at + 1;
        match self.raw[at] {
            b'&' => return self.end_field(at),
            // Only the first one parts name and value.
            b'=' if self.parted.is_none() => {
                self.parted = Some((at - self.shrunk, at + 1));
                self.blank_until(at);
            }
            b'=' => self.text[at - self.shrunk] = b'=',
            b'+' => self.text[at - self.shrunk] = b' ',
            _ => {
                let Some(digits) = self.raw[at + 1..].first_chunk() else { return Err(FormError::BadEscape) };
                self.text[at - self.shrunk] = escaped(*digits)?;
                self.shrunk += digits.len();
                self.read += digits.len();
            }
        }
        Ok(())
    }

    /// What was read up to here goes where it belongs. It is short, and copied so that nobody need look how short.
    #[inline(always)]
    fn move_up(&mut self, at: usize) {
        if self.shrunk == 0 {
            return;
        }
        let (from, to) = (&self.raw[self.read..at], self.read - self.shrunk);
        let to = &mut self.text[to..to + from.len()];
        match (from.first_chunk::<8>(), from.last_chunk::<8>()) {
            (Some(first), Some(last)) if from.len() <= 16 => {
                let end = to.len() - 8;
                to[..8].copy_from_slice(first);
                to[end..].copy_from_slice(last);
            }
            (None, _) => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
            _ => to.copy_from_slice(from),
        }
    }

    #[inline(always)]
    fn blank_until(&mut self, end: usize) {
        if self.shrunk > 0 {
            self.text[end - self.shrunk..end].fill(b' ');
            self.shrunk = 0;
        }
    }

    #[inline(always)]
    fn end_field(&mut self, at: usize) -> Result<(), FormError> {
        if at > self.name {
            if self.fields.len() == FIELDS_MAX {
                return Err(FormError::TooManyFields);
            }
            let value_end = at - self.shrunk;
            let (name_end, value) = self.parted.take().unwrap_or((value_end, value_end));
            let first_eight = first_eight_at(&self.text, self.name, name_end);
            let [name, name_end, value, value_end] = [self.name, name_end, value, value_end].map(position);
            self.fields.push(Field { first_eight, name, name_end, value, value_end });
            self.blank_until(at);
        }
        self.name = at + 1;
        Ok(())
    }
}

/// A place in a body, which was found to be short enough for this.
fn position(at: usize) -> u32 {
    at as u32
}

/// The byte that two hexadecimal digits stand for.
#[inline(always)]
fn escaped(digits: [u8; 2]) -> Result<u8, FormError> {
    match digits.map(|digit| DIGITS[usize::from(digit)]) {
        [high @ ..16, low @ ..16] => Ok(high << 4 | low),
        _ => Err(FormError::BadEscape),
    }
}

/// What each byte is worth as a hexadecimal digit; 16 is none.
static DIGITS: [u8; 256] = {
    let (mut digits, mut digit) = ([16; 256], 0);
    while digit < 16 {
        let letter = b"0123456789abcdef"[digit as usize];
        digits[letter as usize] = digit;
        digits[letter.to_ascii_uppercase() as usize] = digit;
        digit += 1;
    }
    digits
};

/// As many bytes as a mask has bits.
const BLOCK: usize = 64;

/// A bit for each byte that does not mean itself: `&`, `=`, `%`, `+`. Written so that compilers look at many bytes
/// together: flags first, which are then gathered eight by eight in one multiplication.
fn special_mask(block: &[u8; BLOCK]) -> u64 {
    let flags = block.map(|byte| u8::from(matches!(byte, b'&' | b'=' | b'%' | b'+')));
    let eights = flags.as_chunks::<8>().0.iter();
    eights.rev().fold(0, |mask, eight| mask << 8 | u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56)
}

/// [`first_eight`] of the name that stands there, in one piece where something follows that can be cut off.
#[inline(always)]
fn first_eight_at(text: &[u8], name: usize, name_end: usize) -> u64 {
    let Some(bytes) = text[name..].first_chunk() else { return first_eight(&text[name..name_end]) };
    let behind = 8_usize.saturating_sub(name_end - name);
    u64::from_be_bytes(*bytes) & u64::MAX.checked_shl(8 * behind as u32).unwrap_or(0)
}
