//! The bridge from asynchronous requests to a blocking reader, with a bounded number of pages on it.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Pages that wait for the reader: one to read, one to come.
const PAGES: usize = 2;

/// What comes over the bridge: bytes, then `None`, or why the rest cannot be had.
type Piece = Result<Option<Bytes>, String>;

/// The two ends of a body.
pub(super) fn body() -> (Feed, Body) {
    let (to, pieces) = channel(PAGES);
    let (current, ended) = (Bytes::new(), None);
    (Feed(to), Body { pieces, current, ended })
}

/// The end that is filled page by page.
pub(super) struct Feed(Sender<Piece>);

impl Feed {
    /// Hands bytes over, once there is room; `false` if nobody reads any more.
    pub(super) async fn bytes(&self, bytes: Vec<u8>) -> bool {
        self.0.send(Ok(Some(bytes.into()))).await.is_ok()
    }

    /// Says that all bytes were handed over, or why the rest cannot be had.
    pub(super) async fn end(self, how: Result<(), String>) {
        // Nobody reads any more: then nobody needs to know.
        let _ = self.0.send(how.map(|()| None)).await;
    }
}

/// The end that is read. It is at its end only when the feed said so: a feed that vanished is an error.
pub(super) struct Body {
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
        match self.pieces.blocking_recv() {
            Some(Ok(Some(bytes))) => self.current = bytes,
            Some(Ok(None)) => self.ended = Some(Ok(())),
            Some(Err(why)) => self.ended = Some(Err(why)),
            None => self.ended = Some(Err("the reading was abandoned".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_ends_where_its_feed_ended_and_not_where_it_vanished() {
        for (end, expected) in [
            (Some(Ok(None)), Ok(())),
            (Some(Err("why".to_owned())), Err("why")),
            (None, Err("the reading was abandoned")),
        ] {
            let (feed, mut body) = body();
            feed.0.try_send(Ok(Some(Bytes::from_static(b"ab")))).unwrap();
            if let Some(end) = end {
                feed.0.try_send(end).unwrap();
            }
            drop(feed);
            let mut bytes = Vec::new();
            for _ in 0..2 {
                let ended = body.read_to_end(&mut bytes).map(|_| ()).map_err(|why| why.to_string());
                assert_eq!(ended, expected.map_err(str::to_owned));
            }
            assert_eq!(bytes, b"ab");
        }
    }
}
