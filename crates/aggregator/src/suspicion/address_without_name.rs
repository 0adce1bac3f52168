//! `address-without-name`: the far end is an address that nothing names, and no habit of the service.

use super::Case;
use super::settled::is_settled;
use crate::map::Grade;
use crate::show::counted;

pub(super) fn find(case: &Case<'_>) -> Option<String> {
    if case.dependency.name.grade() != Grade::Address || is_settled(case) {
        return None;
    }
    // Where most have no name, that this one has none says nothing.
    let habits = case.around.habits(&case.key.service)?;
    if habits.named * 2 < habits.outside.saturating_sub(1) {
        return None;
    }
    let records = case.dependency.volume().records;
    Some(format!(
        "nothing names it: no line of a proxy, no DNS answer, no published range, no reverse name; {} lead there",
        counted(records, "record", "records")
    ))
}
