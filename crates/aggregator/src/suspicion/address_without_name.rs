//! `address-without-name`: the far end is an address that nothing names.

use super::Case;
use crate::map::Grade;
use crate::show::counted;

pub(super) fn find(case: &Case<'_>) -> Option<String> {
    if case.dependency.name.grade() != Grade::Address {
        return None;
    }
    let records = case.dependency.volume().records;
    Some(format!(
        "nothing names it: no line of a proxy, no DNS answer, no published range, no reverse name; {} lead there",
        counted(records, "record", "records")
    ))
}
