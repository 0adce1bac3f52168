//! `address-without-name`: the far end is an address that nothing names, and no habit of the service.

use super::Case;
use super::settled::is_settled;
use crate::map::Grade;
use crate::show::counted;

pub(super) fn find(case: &Case<'_>) -> Option<String> {
    if case.dependency.name.grade() != Grade::Address || is_settled(case) {
        return None;
    }
    let records = case.dependency.volume().records;
    Some(format!(
        "nothing names it: no line of a proxy, no DNS answer, no published range, no reverse name; {} lead there",
        counted(records, "record", "records")
    ))
}
