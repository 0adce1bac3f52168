//! Verdicts of targets that know addresses.

use super::allowances::Rules;
use super::{Attempt, Judgement};

/// Judges by the addresses of an attempt; `refused` says what becomes of one outside the allowed ranges.
pub(super) fn judge(attempt: &Attempt<'_>, rules: Option<&Rules<'_>>, refused: &str) -> Judgement {
    let addresses = attempt.addresses();
    if addresses.is_empty() {
        return Judgement::uncertain("goes by address, and the map shows none for it");
    }
    let allowed = addresses
        .iter()
        .map(|address| rules.and_then(|rules| rules.address(*address)));
    let (inside, outside): (Vec<_>, Vec<_>) = allowed.partition(Option::is_some);
    match inside.into_iter().flatten().next() {
        Some(allowed) if outside.is_empty() => {
            Judgement::allow(format!("{} is allowed by address", allowed.entry.destination)).by(&allowed.entry)
        }
        Some(allowed) => Judgement::drop(format!(
            "{} of its {} addresses lie outside what is allowed; {refused}",
            outside.len(),
            addresses.len()
        ))
        .by(&allowed.entry),
        None => Judgement::drop(refused),
    }
}
