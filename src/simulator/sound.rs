//! The sound of simulated recordings: real files, made by code, the same for the same recording every time.

use bytes::Bytes;

/// Samples a second, each one byte: telephone quality.
const RATE: u32 = 8_000;

/// The longest sound made: a recording says how long it is, and may exaggerate.
const SECONDS_MAX: u32 = 300;

/// A tone: how many samples until it repeats (400 times a second).
const PERIOD: u32 = 20;

/// One frame of MPEG-1 layer III, 32 kbit/s at 32 kHz, mono: 144 bytes, 36 ms.
const FRAME_HEADER: [u8; 4] = [0xFF, 0xFB, 0x18, 0xC0];
const FRAME_BYTES: usize = 144;
const FRAMES_PER_SECOND: u32 = 28;

/// Behind a frame's side information, which says that nothing more of it is sound.
const FRAME_REST: usize = 40;

/// A WAV file of eight-bit samples: a tone that rises to a triangle and falls.
pub(super) fn wav(seconds: u32) -> Bytes {
    let samples = RATE * seconds.clamp(1, SECONDS_MAX);
    let mut file = Vec::with_capacity(44 + samples as usize);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + samples).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16u32.to_le_bytes());
    file.extend_from_slice(&1u16.to_le_bytes());
    file.extend_from_slice(&1u16.to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&1u16.to_le_bytes());
    file.extend_from_slice(&8u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&samples.to_le_bytes());
    file.extend((0..samples).map(|at| {
        let place = at % PERIOD;
        let height = place.min(PERIOD - place) * 12;
        u8::try_from(68 + height).unwrap_or(u8::MAX)
    }));
    file.into()
}

/// An MP3 file of silence. Each frame holds its number where players do not look, so that no two parts are alike.
pub(super) fn mp3(seconds: u32) -> Bytes {
    let frames = FRAMES_PER_SECOND * seconds.clamp(1, SECONDS_MAX);
    let mut file = Vec::with_capacity(frames as usize * FRAME_BYTES);
    for number in 0..frames {
        let mut frame = [0u8; FRAME_BYTES];
        frame[..4].copy_from_slice(&FRAME_HEADER);
        frame[FRAME_REST..FRAME_REST + 4].copy_from_slice(&number.to_be_bytes());
        file.extend_from_slice(&frame);
    }
    file.into()
}

/// The part that `Range` asks for: from and to, both included. None where it asks for nothing that can be given as one
/// part; an error where nothing of it is there.
pub(super) fn part(range: &str, length: usize) -> Result<Option<(usize, usize)>, ()> {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let (first, last) = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(length.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, length.saturating_sub(1)),
        (Err(_), Ok(many)) if first.is_empty() => (length.saturating_sub(many), length.saturating_sub(1)),
        _ => return Ok(None),
    };
    if first >= length { Err(()) } else { Ok(Some((first, last))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_what_their_headers_say_and_the_same_every_time() {
        let wav = wav(2);
        assert_eq!((&wav[..4], &wav[8..16], wav.len()), (&b"RIFF"[..], &b"WAVEfmt "[..], 44 + 16_000));
        assert_eq!(u32::from_le_bytes([wav[4], wav[5], wav[6], wav[7]]) as usize, wav.len() - 8);
        assert_eq!(super::wav(2), wav);
        let mp3 = mp3(1);
        assert_eq!(mp3.len() % FRAME_BYTES, 0);
        assert!(mp3.chunks(FRAME_BYTES).all(|frame| frame[..4] == FRAME_HEADER));
        assert_ne!(mp3[..FRAME_BYTES], mp3[FRAME_BYTES..2 * FRAME_BYTES]);
    }

    #[test]
    fn a_range_names_a_part_or_nothing_or_what_is_not_there() {
        assert_eq!(part("bytes=0-9", 100), Ok(Some((0, 9))));
        assert_eq!(part("bytes=90-200", 100), Ok(Some((90, 99))));
        assert_eq!(part("bytes=90-", 100), Ok(Some((90, 99))));
        assert_eq!(part("bytes=-10", 100), Ok(Some((90, 99))));
        assert_eq!(part("bytes=100-", 100), Err(()));
        for odd in ["bytes=9-0", "bytes=0-1,5-6", "lines=1-2", "bytes=x-", ""] {
            assert_eq!(part(odd, 100), Ok(None), "{odd}");
        }
    }
}
