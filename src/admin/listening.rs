//! A recording on its way from Twilio to whoever listens: a few pieces at a time, and an end to it when either side
//! falls silent or goes away.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::providers::Media;

/// Pieces that wait for whoever listens; Twilio's are some kilobytes each.
const PIECES_MAX: usize = 8;

/// Longest that whoever listens may take for a piece: players that pause stop reading, and come again with a range.
const LISTENER_MAX: Duration = Duration::from_secs(60);

/// Which bytes of what comes are passed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// So many are left out first.
    pub skip: u64,
    /// So many follow; none: all.
    pub take: Option<u64>,
}

/// What whoever listens gets.
#[derive(Debug)]
pub(super) struct Listening {
    pieces: mpsc::Receiver<Result<Bytes, Broken>>,
    left: Option<u64>,
}

/// The recording broke off.
#[derive(Debug, thiserror::Error)]
#[error("the recording broke off")]
pub(super) struct Broken;

/// Begins to pass a recording on; the place is given back at its end, whichever way it comes.
pub(super) fn listen(media: Media, cut: Cut, length: Option<u64>, place: OwnedSemaphorePermit) -> Listening {
    let (sender, pieces) = mpsc::channel(PIECES_MAX);
    tokio::spawn(async move {
        pass_on(media, cut, &sender).await;
        drop(place);
    });
    Listening { pieces, left: length }
}

async fn pass_on(mut media: Media, mut cut: Cut, to: &mpsc::Sender<Result<Bytes, Broken>>) {
    loop {
        let chunk = tokio::select! {
            chunk = media.chunk() => chunk,
            // Nobody listens any more: what Twilio would still send is not wanted.
            () = to.closed() => return,
        };
        let piece = match chunk {
            Ok(Some(chunk)) => cut.of(chunk),
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "a recording broke off");
                let _ = to.try_send(Err(Broken));
                return;
            }
        };
        let is_last = cut.take == Some(0);
        if !piece.is_empty() {
            match tokio::time::timeout(LISTENER_MAX, to.send(Ok(piece))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return,
            }
        }
        if is_last {
            return;
        }
    }
}

impl Cut {
    /// All of it.
    pub const WHOLE: Cut = Cut { skip: 0, take: None };

    /// What of the next piece is wanted.
    fn of(&mut self, mut piece: Bytes) -> Bytes {
        let before = usize::try_from(self.skip).unwrap_or(usize::MAX).min(piece.len());
        self.skip -= before as u64;
        let mut wanted = piece.split_off(before);
        if let Some(take) = &mut self.take {
            wanted.truncate(usize::try_from(*take).unwrap_or(usize::MAX));
            *take -= wanted.len() as u64;
        }
        wanted
    }
}

impl Body for Listening {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let piece = std::task::ready!(self.pieces.poll_recv(context));
        Poll::Ready(match piece {
            Some(Ok(piece)) => {
                self.left = self.left.map(|left| left.saturating_sub(piece.len() as u64));
                Some(Ok(Frame::data(piece)))
            }
            Some(Err(broken)) => Some(Err(broken)),
            // Shorter than was promised: whoever listens must not take it for the whole.
            None if self.left.is_some_and(|left| left > 0) => {
                self.left = None;
                Some(Err(Broken))
            }
            None => None,
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_cut_is_the_part_however_the_pieces_fall(
            pieces in proptest::collection::vec(0usize..20, 0..20),
            skip in 0u64..100,
            take in proptest::option::of(0u64..100),
        ) {
            let whole: Vec<u8> = (0..pieces.iter().sum::<usize>()).map(|at| at as u8).collect();
            let (mut cut, mut rest, mut got) = (Cut { skip, take }, Bytes::from(whole.clone()), Vec::new());
            for length in pieces {
                got.extend_from_slice(&cut.of(rest.split_to(length)));
            }
            let take = usize::try_from(take.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
            let expected: Vec<u8> = whole.into_iter().skip(skip as usize).take(take).collect();
            prop_assert_eq!(got, expected);
        }
    }
}
