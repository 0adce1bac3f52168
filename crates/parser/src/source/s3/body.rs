//! The bridge from an asynchronous download to a blocking reader, with a bounded number of chunks on it.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::error;
use crate::source::SourceError;

/// Chunks that wait for the reader. A chunk is what the HTTP client read at once: at most some 400 kB.
const CHUNKS: usize = 4;

/// The two ends of the body of the object at `uri`.
pub(super) fn body(uri: String) -> (Feed, Body) {
    let (to, pieces) = channel(CHUNKS);
    (
        Feed(to),
        Body {
            uri,
            pieces,
            current: Bytes::new(),
            ended: None,
        },
    )
}

/// The end that a download fills.
pub(super) struct Feed(Sender<Piece>);

enum Piece {
    Bytes(Bytes),
    End,
    Failed(SourceError),
}

impl Feed {
    /// Hands bytes over, once there is room; `false` if nobody reads any more.
    pub(super) async fn bytes(&self, bytes: Bytes) -> bool {
        self.0.send(Piece::Bytes(bytes)).await.is_ok()
    }

    /// Says that all bytes were handed over, or why the rest cannot be had.
    pub(super) async fn end(self, how: Result<(), SourceError>) {
        let piece = how.map_or_else(Piece::Failed, |()| Piece::End);
        // Nobody reads any more: then nobody needs to know.
        let _ = self.0.send(piece).await;
    }
}

/// The end that is read. It is at its end only when the feed said so: a feed that vanished is an error.
pub(super) struct Body {
    uri: String,
    pieces: Receiver<Piece>,
    current: Bytes,
    ended: Option<Result<(), SourceError>>,
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !into.is_empty() {
            match &self.ended {
                Some(Ok(())) => return Ok(0),
                Some(Err(why)) => return Err(io::Error::other(why.clone())),
                None => self.next(),
            }
        }
        let read = self.current.len().min(into.len());
        self.current.copy_to_slice(&mut into[..read]);
        Ok(read)
    }
}

impl Body {
    fn next(&mut self) {
        match self.pieces.blocking_recv() {
            Some(Piece::Bytes(bytes)) => self.current = bytes,
            Some(Piece::End) => self.ended = Some(Ok(())),
            Some(Piece::Failed(why)) => self.ended = Some(Err(why)),
            None => self.ended = Some(Err(error::abandoned(&self.uri))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn filled(pieces: Vec<Piece>) -> Body {
        let (feed, body) = body("s3://logs/x".to_owned());
        for piece in pieces {
            feed.0.try_send(piece).unwrap();
        }
        body
    }

    fn piece(text: &'static str) -> Piece {
        Piece::Bytes(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn bytes_come_in_order_and_end_where_the_feed_ended() {
        let mut body = filled(vec![piece("ab"), piece(""), piece("cde"), Piece::End]);
        let mut text = String::new();
        body.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abcde");
        assert_eq!(body.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn a_feed_that_vanishes_is_an_error_and_stays_one() {
        let mut body = filled(vec![piece("ab")]);
        let mut bytes = Vec::new();
        for _ in 0..2 {
            let why = body.read_to_end(&mut bytes).unwrap_err().to_string();
            assert!(why.starts_with("cannot read s3://logs/x: "), "{why}");
        }
        assert_eq!(bytes, b"ab");
    }
}
