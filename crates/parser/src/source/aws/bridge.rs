//! The bridge from an asynchronous source to a blocking reader, with a bounded number of pieces on it.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// The two ends of a body on which so many pieces wait for the reader.
pub(in crate::source) fn body(waiting: usize) -> (Feed, Body) {
    let (to, pieces) = channel(waiting);
    (
        Feed(to),
        Body {
            wanted: None,
            pieces,
            current: Bytes::new(),
            ended: None,
        },
    )
}

/// The same of a body that nobody may ever read: the receiver hears when somebody does.
#[cfg(feature = "s3")]
pub(in crate::source) fn lazy_body(waiting: usize) -> (Feed, Body, oneshot::Receiver<()>) {
    let (to, wanted) = oneshot::channel();
    let (feed, body) = body(waiting);
    let wanted_body = Body {
        wanted: Some(to),
        ..body
    };
    (feed, wanted_body, wanted)
}

/// The end that is filled.
pub(in crate::source) struct Feed(Sender<Piece>);

enum Piece {
    Bytes(Bytes),
    End,
    Failed(String),
}

impl Feed {
    /// Hands bytes over, once there is room; `false` if nobody reads any more.
    pub(in crate::source) async fn bytes(&self, bytes: Bytes) -> bool {
        self.0.send(Piece::Bytes(bytes)).await.is_ok()
    }

    /// Says that all bytes were handed over, or why the rest cannot be had.
    pub(in crate::source) async fn end(self, how: Result<(), String>) {
        let piece = how.map_or_else(Piece::Failed, |()| Piece::End);
        // Nobody reads any more: then nobody needs to know.
        let _ = self.0.send(piece).await;
    }
}

/// The end that is read. It is at its end only when the feed said so: a feed that vanished is an error.
///
/// Its errors say why; which object it is, the reader knows.
pub(in crate::source) struct Body {
    wanted: Option<oneshot::Sender<()>>,
    pieces: Receiver<Piece>,
    current: Bytes,
    ended: Option<Result<(), String>>,
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
        if let Some(wanted) = self.wanted.take() {
            // If nobody hears it any more, the pieces end as well.
            let _ = wanted.send(());
        }
        match self.pieces.blocking_recv() {
            Some(Piece::Bytes(bytes)) => self.current = bytes,
            Some(Piece::End) => self.ended = Some(Ok(())),
            Some(Piece::Failed(why)) => self.ended = Some(Err(why)),
            None => self.ended = Some(Err("the reading was abandoned".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(pieces: Vec<Piece>) -> Body {
        let (feed, body) = body(4);
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
            assert_eq!(why, "the reading was abandoned");
        }
        assert_eq!(bytes, b"ab");
    }
}
