//! Reads Thrift's compact protocol, in which Parquet writes everything that is not a value.

/// Structures within structures, at most; Parquet needs about six.
const DEEPEST: u8 = 32;

/// A reader of bytes that may be anything: `None` is "this is not Thrift".
///
/// Protocol: Apache Thrift, `doc/specs/thrift-compact-protocol.md`.
pub(super) struct Thrift<'a> {
    rest: &'a [u8],
}

/// The type of a field or of a list's elements, as it is written.
pub(super) type Type = u8;

const TRUE: Type = 1;
const FALSE: Type = 2;
const BYTE: Type = 3;
const SHORT: Type = 4;
const INT: Type = 5;
const LONG: Type = 6;
const DOUBLE: Type = 7;
const BINARY: Type = 8;
const LIST: Type = 9;
const SET: Type = 10;
const MAP: Type = 11;
const STRUCT: Type = 12;

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Thrift { rest: bytes }
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads a structure. `field` is given each field's id and type, reads its value and says so with `Some(true)`, or
    /// leaves it to be passed over.
    pub(super) fn structure(&mut self, mut field: impl FnMut(&mut Self, i64, Type) -> Option<bool>) -> Option<()> {
        let mut id = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = match head >> 4 {
                0 => self.integer()?,
                delta => id.checked_add(i64::from(delta))?,
            };
            let kind = head & 0x0f;
            if !field(self, id, kind)? {
                self.skip(kind, 0)?;
            }
        }
    }

    /// Reads a list: how many elements of which type follow. There are never more of them than bytes.
    pub(super) fn list(&mut self) -> Option<(usize, Type)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => usize::try_from(self.varint()?).ok()?,
            count => usize::from(count),
        };
        (count <= self.rest.len()).then_some((count, head & 0x0f))
    }

    /// Reads the elements of a list of structures.
    pub(super) fn structures<T>(&mut self, mut element: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let (count, kind) = self.list()?;
        if count > 0 && kind != STRUCT {
            return None;
        }
        (0..count).map(|_| element(self)).collect()
    }

    /// Reads a number of any size.
    pub(super) fn integer(&mut self) -> Option<i64> {
        let zigzag = self.varint()?;
        let half = i64::try_from(zigzag >> 1).ok()?;
        Some(if zigzag & 1 == 0 { half } else { !half })
    }

    /// Reads text or bytes.
    pub(super) fn binary(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    /// The value of a field of truth, which stands in its type.
    pub(super) fn truth(kind: Type) -> Option<bool> {
        match kind {
            TRUE => Some(true),
            FALSE => Some(false),
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn skip(&mut self, kind: Type, depth: u8) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match kind {
            TRUE | FALSE => {}
            BYTE => {
                self.byte()?;
            }
            SHORT | INT | LONG => {
                self.varint()?;
            }
            DOUBLE => self.rest = self.rest.get(8..)?,
            BINARY => {
                self.binary()?;
            }
            LIST | SET => {
                let (count, kind) = self.list()?;
                for _ in 0..count {
                    self.skip_element(kind, depth)?;
                }
            }
            MAP => self.skip_map(depth)?,
            STRUCT => loop {
                let head = self.byte()?;
                if head == 0 {
                    break;
                }
                if head >> 4 == 0 {
                    self.varint()?;
                }
                self.skip(head & 0x0f, depth + 1)?;
            },
            _ => return None,
        }
        Some(())
    }

    fn skip_map(&mut self, depth: u8) -> Option<()> {
        let count = self.varint()?;
        if count == 0 {
            return Some(());
        }
        let kinds = self.byte()?;
        for _ in 0..count {
            self.skip_element(kinds >> 4, depth)?;
            self.skip_element(kinds & 0x0f, depth)?;
        }
        Some(())
    }

    /// Outside a structure a truth takes a byte of its own.
    fn skip_element(&mut self, kind: Type, depth: u8) -> Option<()> {
        match kind {
            TRUE | FALSE => self.byte().map(|_| ()),
            kind => self.skip(kind, depth + 1),
        }
    }
}
