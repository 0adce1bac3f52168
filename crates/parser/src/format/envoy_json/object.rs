//! Reads one JSON object and keeps the values that its keys are wanted for; the others are passed over unread.

use super::keys::{Hit, Keys, Level};
use super::memory::Memory;
use crate::format::envoy_format::seek;
use crate::format::envoy_format::value::Value;
use crate::format::envoy_format::values::Values;

/// Reads a line that is one JSON object and nothing else; an error is the 1-based byte of the fault.
///
/// What is passed over is not judged: whatever a full reader takes is taken, and some of what it would refuse.
#[inline]
pub(super) fn read<'a>(line: &'a [u8], keys: &Keys, memory: &mut Memory, values: &mut Values<'a>) -> Result<(), usize> {
    if !values.are_utf8() {
        std::str::from_utf8(line).map_err(|error| error.valid_up_to() + 1)?;
    }
    values.clear();
    memory.rewind();
    let mut reader = Reader {
        text: line,
        at: 0,
        keys,
    };
    match reader.object(values, keys.top(), Some(memory)) {
        Some(()) if reader.rest().is_empty() => Ok(()),
        _ => Err(reader.at + 1),
    }
}

/// A place in a line. A method that finds a fault returns `None`, and stands at it.
struct Reader<'a, 'k> {
    text: &'a [u8],
    at: usize,
    keys: &'k Keys,
}

impl<'a> Reader<'a, '_> {
    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline(always)]
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    #[inline]
    fn byte(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// An object at some level of nesting, and the space behind it.
    fn object(&mut self, values: &mut Values<'a>, level: Level, mut memory: Option<&mut Memory>) -> Option<()> {
        self.byte(b'{')?;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            self.space();
            return Some(());
        }
        loop {
            let hit = match memory.as_mut().and_then(|memory| memory.recall(self.rest())) {
                Some((hit, length)) => {
                    self.at += length;
                    hit
                }
                None => self.key(level, memory.as_deref_mut())?,
            };
            self.space();
            match hit {
                Some(hit) => self.wanted(values, hit)?,
                None => {
                    self.value()?;
                }
            }
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return None,
            }
            self.space();
        }
        self.at += 1;
        self.space();
        Some(())
    }

    /// A key and its colon.
    #[cold]
    fn key(&mut self, level: Level, memory: Option<&mut Memory>) -> Option<Option<Hit>> {
        let from = self.at;
        let key = match self.value()? {
            Value::Text(key) => std::str::from_utf8(key).ok()?.to_owned(),
            Value::Escaped(_) => serde_json::from_slice(self.text.get(from..self.at)?).ok()?,
            _ => {
                self.at = from;
                return None;
            }
        };
        let is_bare = self.peek() == Some(b':');
        self.space();
        self.byte(b':')?;
        let hit = self.keys.find(level, &key);
        if let (true, Some(memory)) = (is_bare, memory) {
            memory.keep(self.text.get(from..self.at)?, hit);
        }
        Some(hit)
    }

    /// The value of a wanted key.
    #[inline(always)]
    fn wanted(&mut self, values: &mut Values<'a>, hit: Hit) -> Option<()> {
        let from = self.at;
        if let (Some(level), Some(b'{')) = (hit.below, self.peek()) {
            return self.object(values, level, None);
        }
        let value = self.value()?;
        if let Value::Escaped(_) = value {
            let written = self.text.get(from..self.at)?;
            if serde_json::from_slice::<serde::de::IgnoredAny>(written).is_err() {
                self.at = from;
                return None;
            }
        }
        if let Some(target) = hit.target {
            values.keep(target, value);
        }
        Some(())
    }

    /// Any value.
    #[inline(always)]
    fn value(&mut self) -> Option<Value<'a>> {
        match self.peek()? {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => Some(self.number()),
            b'n' => self.word(b"null", Value::Unset),
            b't' => self.word(b"true", Value::Other),
            b'f' => self.word(b"false", Value::Other),
            b'{' | b'[' => self.nested(),
            _ => None,
        }
    }

    #[inline(always)]
    fn string(&mut self) -> Option<Value<'a>> {
        let from = self.at + 1;
        let mut at = from;
        let mut escaped = false;
        loop {
            at += seek::first_of(b'"', b'\\', self.text.get(at..)?)?;
            if *self.text.get(at)? == b'"' {
                break;
            }
            escaped = true;
            at += 2;
        }
        self.at = at + 1;
        let inside = self.text.get(from..at)?;
        Some(if escaped {
            Value::Escaped(inside)
        } else {
            Value::Text(inside)
        })
    }

    #[inline(always)]
    fn number(&mut self) -> Value<'a> {
        let rest = self.rest();
        let is_of_one = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().take_while(is_of_one).count();
        self.at += length;
        Value::Number(rest.get(..length).unwrap_or_default())
    }

    #[inline(always)]
    fn word(&mut self, word: &[u8], value: Value<'a>) -> Option<Value<'a>> {
        self.rest().starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    /// A list or an object that is passed over, up to the bracket that closes it.
    fn nested(&mut self) -> Option<Value<'a>> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(Value::Other);
            }
        }
    }
}
