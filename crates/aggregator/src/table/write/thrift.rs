//! Thrift's compact encoding, as far as the headers and the footer of a Parquet file need it.

/// Writes one structure after another; fields go in ascending order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Thrift {
    bytes: Vec<u8>,
    /// The field written last in the structure at hand, and those in the structures around it.
    last: i16,
    around: Vec<i16>,
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// What the elements of a list are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    I32,
    Text,
    Struct,
}

impl Thrift {
    /// What was written.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }

    pub(super) fn flag(&mut self, field: i16, value: bool) {
        self.field(field, if value { TRUE } else { FALSE });
    }

    pub(super) fn byte(&mut self, field: i16, value: u8) {
        self.field(field, BYTE);
        self.bytes.push(value);
    }

    pub(super) fn i32(&mut self, field: i16, value: i32) {
        self.field(field, I32);
        self.zigzag(i64::from(value));
    }

    pub(super) fn i64(&mut self, field: i16, value: i64) {
        self.field(field, I64);
        self.zigzag(value);
    }

    pub(super) fn text(&mut self, field: i16, value: &[u8]) {
        self.field(field, BINARY);
        self.text_element(value);
    }

    pub(super) fn within(&mut self, field: i16, fields: impl FnOnce(&mut Self)) {
        self.field(field, STRUCT);
        self.struct_element(fields);
    }

    /// The head of a list of so many elements, each of which is to follow.
    pub(super) fn list(&mut self, field: i16, of: Of, length: usize) {
        self.field(field, LIST);
        let of = match of {
            Of::I32 => I32,
            Of::Text => BINARY,
            Of::Struct => STRUCT,
        };
        match u8::try_from(length) {
            Ok(short) if short < 15 => self.bytes.push(short << 4 | of),
            _ => {
                self.bytes.push(0xf0 | of);
                varint(length as u64, &mut self.bytes);
            }
        }
    }

    pub(super) fn i32_element(&mut self, value: i32) {
        self.zigzag(i64::from(value));
    }

    pub(super) fn text_element(&mut self, value: &[u8]) {
        varint(value.len() as u64, &mut self.bytes);
        self.bytes.extend_from_slice(value);
    }

    pub(super) fn struct_element(&mut self, fields: impl FnOnce(&mut Self)) {
        self.around.push(std::mem::take(&mut self.last));
        fields(self);
        self.bytes.push(0);
        self.last = self.around.pop().unwrap_or_default();
    }

    fn field(&mut self, field: i16, kind: u8) {
        match u8::try_from(field - self.last) {
            Ok(step) if (1..=15).contains(&step) => self.bytes.push(step << 4 | kind),
            _ => {
                self.bytes.push(kind);
                self.zigzag(i64::from(field));
            }
        }
        self.last = field;
    }

    fn zigzag(&mut self, value: i64) {
        varint(
            (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned(),
            &mut self.bytes,
        );
    }
}

/// Seven bits a byte, the lowest first.
pub(super) fn varint(mut value: u64, to: &mut Vec<u8>) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            to.push(low);
            return;
        }
        to.push(low | 0x80);
    }
}
