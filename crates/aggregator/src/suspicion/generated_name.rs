//! `generated-name`: the label that was registered reads like no word, as labels of domain generation algorithms do.

use super::Case;
use super::registrable::label;
use super::surprise::surprise;
use crate::identity::DnsName;

/// Letters and digits: shorter labels are abbreviations.
const LEAST_LENGTH: usize = 9;
/// Tenths of a bit for each letter, given the one before: words of the table and names of companies stay well below.
const LEAST_SURPRISE: u32 = 57;

pub(super) fn find(case: &Case<'_>) -> Option<String> {
    let name = DnsName::try_from(case.key.destination.clone()).ok()?;
    // What stands for letters beyond ASCII reads like no word in any language.
    let label = label(&name).filter(|label| !label.starts_with("xn--"))?;
    let surprise = of(label)?;
    (surprise >= LEAST_SURPRISE).then(|| {
        format!(
            "\"{label}\" reads like no word: {}.{} bits of surprise a letter, where words stay below {}.{}",
            surprise / 10,
            surprise % 10,
            LEAST_SURPRISE / 10,
            LEAST_SURPRISE % 10
        )
    })
}

/// Tenths of a bit a letter; `None` for a label too short to tell.
fn of(label: &str) -> Option<u32> {
    let letters = label.bytes().filter(u8::is_ascii_alphanumeric).count();
    (letters >= LEAST_LENGTH).then(|| surprise(label))
}
