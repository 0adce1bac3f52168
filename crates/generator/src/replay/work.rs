//! Counts the rules that a replay looks at, so that tests can hold it to an amount of work without a clock.

/// One rule is looked at, or looked for.
pub(super) fn look() {
    #[cfg(test)]
    LOOKS.with(|looks| looks.set(looks.get() + 1));
}

#[cfg(test)]
thread_local! {
    static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// How many were, while something was done.
#[cfg(test)]
pub(super) fn looks(done: impl FnOnce()) -> u64 {
    let before = LOOKS.get();
    done();
    LOOKS.get() - before
}
