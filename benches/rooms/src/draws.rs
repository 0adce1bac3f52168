//! Chance that is the same everywhere: SplitMix64 from a seed.

/// See the module.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number of any size up to a bound: small ones are as common as large ones.
    pub(crate) fn up_to(&mut self, bound: u64) -> u64 {
        let shift = self.below(64);
        (self.next() >> shift) % bound
    }

    pub(crate) fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        let at = self.below(texts.len() as u64);
        usize::try_from(at)
            .ok()
            .and_then(|at| texts.get(at))
            .copied()
            .unwrap_or_default()
    }
}
