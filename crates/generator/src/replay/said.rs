//! Verdicts of targets that believe the name which the client says.

use egressmap_aggregator::identity::DnsName;

use super::{Attempt, Judgement, Spoken};
use crate::proposal::Allowed;

/// Judges by the name that an attempt says in its `what` (SNI, Host, query). `find` gives the entry for a name; `refused`
/// says what becomes of a name without one.
pub(super) fn judge<'a>(
    attempt: &Attempt<'_>,
    what: &str,
    find: impl Fn(&DnsName) -> Option<&'a Allowed>,
    refused: &str,
) -> Judgement {
    match attempt.spoken() {
        Spoken::Name(name) => match find(name) {
            Some(allowed) => {
                Judgement::allow(format!("{} is allowed by {what}", allowed.entry.destination)).by(&allowed.entry)
            }
            None => match attempt.also().find(|name| find(name).is_some()) {
                Some(also) => Judgement::uncertain(format!(
                    "passes only if its {what} is {also}, whose addresses these also are"
                )),
                None => Judgement::drop(refused),
            },
        },
        Spoken::Reverse(_) | Spoken::Unknown => Judgement::uncertain(format!(
            "passes only if its {what} is a name that is allowed there, and the log shows none"
        )),
        Spoken::Literal => Judgement::drop(format!("its Host is an address; {refused}")),
    }
}
