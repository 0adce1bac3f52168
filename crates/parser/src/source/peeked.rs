//! A look at the first bytes of a body, which it then gives all the same.

use std::io::{self, Read};

/// How many bytes are looked at: what files of one kind begin with.
const HEAD: usize = 4;

/// The first bytes of a body, as many as there are, and the body from its start.
///
/// What keeps the first bytes from being read is said when the body is read.
pub(crate) fn peek(mut body: Box<dyn Read + Send>) -> (Vec<u8>, Box<dyn Read + Send>) {
    let mut head = vec![0; HEAD];
    let mut length = 0;
    let mut error = None;
    while let Some(into) = head.get_mut(length..).filter(|into| !into.is_empty()) {
        match body.read(into) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => {
                error = Some(why);
                break;
            }
        }
    }
    head.truncate(length);
    let peeked = Peeked {
        head: head.clone(),
        error,
        body,
    };
    (head, Box::new(peeked))
}

struct Peeked {
    /// What was looked at and not given yet.
    head: Vec<u8>,
    error: Option<io::Error>,
    body: Box<dyn Read + Send>,
}

impl Read for Peeked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.head.is_empty() {
            return match self.error.take() {
                Some(error) => Err(error),
                None => self.body.read(into),
            };
        }
        let length = self.head.len().min(into.len());
        for (to, from) in into.iter_mut().zip(self.head.drain(..length)) {
            *to = from;
        }
        Ok(length)
    }
}
