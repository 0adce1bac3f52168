//! `never-resolved`: the service's DNS queries are logged, and no answer ever told it the name or the address.

use super::Case;
use super::settled::is_settled;
use super::surroundings::is_resolved;
use crate::name::ANSWER_HOLDS_HOURS;
use crate::show::counted;

const HOUR: u64 = 3_600;

/// What a cache answers is not logged. So the far end must have been seen later than any answer from before the window
/// holds, and most of what the service reaches must have been resolved in sight.
pub(super) fn find(case: &Case<'_>) -> Option<String> {
    let Case {
        key,
        dependency,
        around,
    } = case;
    let habits = around.habits(&key.service)?;
    let (begin, _) = around.window?;
    // Another name that answers give the address was resolved: which of them the client meant is not known.
    if is_resolved(dependency) || !dependency.name.also.is_empty() || is_settled(case) {
        return None;
    }
    let others = habits.outside.saturating_sub(1);
    let is_logged = habits.resolved >= 2 && habits.resolved * 2 >= others;
    let is_late_enough = dependency.seen.last >= begin.saturating_add(ANSWER_HOLDS_HOURS * HOUR);
    (is_logged && is_late_enough).then(|| {
        format!(
            "no DNS answer ever told this name or address, though answers told {} of the {} that the service reaches",
            habits.resolved,
            counted(others, "other far end", "other far ends")
        )
    })
}
