//! Searches and comparisons of short texts, without a call for each: a byte that is searched is most likely near.

const EVERY: u64 = 0x0101_0101_0101_0101;

/// How many bytes are looked at before it is worth to look farther with larger steps.
const NEAR: usize = 32;

/// Where the byte stands first.
#[inline(always)]
pub(in crate::format) fn first(byte: u8, text: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut rest = text;
    while let (Some((eight, behind)), true) = (rest.split_first_chunk::<8>(), at < NEAR) {
        let found = up_to_zero(u64::from_le_bytes(*eight) ^ pattern(byte));
        if found != 0 {
            return Some(at + lowest(found));
        }
        (rest, at) = (behind, at + 8);
    }
    far(byte, rest).map(|found| at + found)
}

/// Where either of two bytes stands first.
#[inline(always)]
pub(in crate::format) fn first_of(one: u8, other: u8, text: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut rest = text;
    while let (Some((eight, behind)), true) = (rest.split_first_chunk::<8>(), at < NEAR) {
        let eight = u64::from_le_bytes(*eight);
        let found = up_to_zero(eight ^ pattern(one)) | up_to_zero(eight ^ pattern(other));
        if found != 0 {
            return Some(at + lowest(found));
        }
        (rest, at) = (behind, at + 8);
    }
    far_of(one, other, rest).map(|found| at + found)
}

/// Where the byte stands last.
#[inline(always)]
pub(in crate::format) fn last(byte: u8, text: &[u8]) -> Option<usize> {
    let mut rest = text;
    while let (Some((before, eight)), true) = (rest.split_last_chunk::<8>(), text.len() - rest.len() < NEAR) {
        if let Some(found) = last_of_eight(byte, u64::from_le_bytes(*eight)) {
            return Some(before.len() + found);
        }
        rest = before;
    }
    far_last(byte, rest)
}

/// What stands behind the text's beginning, which is most likely this.
#[inline(always)]
pub(in crate::format) fn behind<'a>(text: &'a [u8], beginning: &[u8]) -> Option<&'a [u8]> {
    let (found, behind) = text.split_at_checked(beginning.len())?;
    same(found, beginning).then_some(behind)
}

/// What stands before the text's end, which is most likely this.
#[inline(always)]
pub(in crate::format) fn before<'a>(text: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    let (before, found) = text.split_at_checked(text.len().checked_sub(end.len())?)?;
    same(found, end).then_some(before)
}

/// Whether two short texts of one length are the same.
#[inline(always)]
fn same(one: &[u8], other: &[u8]) -> bool {
    match (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        (Some(one_end), Some(other_end)) => {
            let (eights, others) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
            one_end == other_end && eights.iter().zip(others).all(|(one, other)| one == other)
        }
        _ => one.iter().zip(other).all(|(one, other)| one == other),
    }
}

/// Where the byte stands last in eight.
#[inline(always)]
pub(in crate::format) fn last_of_eight(byte: u8, eight: u64) -> Option<usize> {
    let found = zeros(eight ^ pattern(byte));
    (found != 0).then(|| 7 - found.leading_zeros() as usize / 8)
}

/// The upper bit of the lowest byte that is zero, and perhaps of bytes above it; 0 where none is zero.
#[inline(always)]
fn up_to_zero(word: u64) -> u64 {
    word.wrapping_sub(EVERY) & !word & (0x80 * EVERY)
}

/// The upper bit of every byte that is zero, and no other.
#[inline(always)]
fn zeros(word: u64) -> u64 {
    let lower = 0x7f * EVERY;
    !(((word & lower) + lower) | word | lower)
}

#[inline(always)]
fn pattern(byte: u8) -> u64 {
    u64::from(byte) * EVERY
}

#[inline(always)]
fn lowest(found: u64) -> usize {
    found.trailing_zeros() as usize / 8
}

#[inline(never)]
fn far(byte: u8, text: &[u8]) -> Option<usize> {
    memchr::memchr(byte, text)
}

#[inline(never)]
fn far_of(one: u8, other: u8, text: &[u8]) -> Option<usize> {
    memchr::memchr2(one, other, text)
}

#[inline(never)]
fn far_last(byte: u8, text: &[u8]) -> Option<usize> {
    memchr::memrchr(byte, text)
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::{before, behind, first, first_of, last};

    proptest! {
        #[test]
        fn a_byte_is_found_where_a_plain_search_finds_it(
            text in proptest::collection::vec(proptest::sample::select(vec![b'a', b'a', b'a', b'b', b'c', 0, 1, 0x7f, 0x80, 0xff]), 0..80),
            byte in proptest::sample::select(vec![b'a', b'b', b'c', b'd', 0, 1, 0x7f, 0x80, 0x81, 0xff]),
        ) {
            prop_assert_eq!(first(byte, &text), text.iter().position(|it| *it == byte));
            prop_assert_eq!(last(byte, &text), text.iter().rposition(|it| *it == byte));
            let either = text.iter().position(|it| *it == byte || *it == b'c');
            prop_assert_eq!(first_of(byte, b'c', &text), either);
        }

        #[test]
        fn a_text_is_taken_off_as_the_standard_library_does(text in "[ab]{0,30}", part in "[ab]{0,3}", at in 0..40_usize) {
            let text = text.as_bytes();
            let at = at.min(text.len());
            for part in [part.as_bytes(), &text[..at], &text[at..]] {
                prop_assert_eq!(behind(text, part), text.strip_prefix(part));
                prop_assert_eq!(before(text, part), text.strip_suffix(part));
            }
        }
    }
}
