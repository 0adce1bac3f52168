//! Chao's estimators on incidence data: how many species are still unseen, and what share of what happens is already known.
//!
//! Chao 1987 (Biometrics 43:783) and Chao and Jost 2012 (Ecology 93:2533); the interval where nothing is estimated to be
//! unseen is that of Colwell's EstimateS (appendix B).

/// The two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// What a set of sampling units showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frequencies {
    /// Sampling units, T.
    pub(super) units: usize,
    /// Species seen at all.
    pub(super) seen: usize,
    /// Incidences: the sum over species of the units each was seen in, U.
    pub(super) incidences: u64,
    /// Species seen in one unit, Q1.
    pub(super) once: usize,
    /// Species seen in two units, Q2.
    pub(super) twice: usize,
}

impl Frequencies {
    /// From the units in which each species was seen.
    pub(super) fn of(units: usize, counts: impl Iterator<Item = usize>) -> Self {
        let mut all = Frequencies {
            units,
            seen: 0,
            incidences: 0,
            once: 0,
            twice: 0,
        };
        for count in counts.filter(|count| *count > 0) {
            all.seen += 1;
            all.incidences += count as u64;
            all.once += usize::from(count == 1);
            all.twice += usize::from(count == 2);
        }
        all
    }

    fn t(&self) -> f64 {
        self.units as f64
    }

    fn q1(&self) -> f64 {
        self.once as f64
    }

    fn q2(&self) -> f64 {
        self.twice as f64
    }

    /// `(T - 1) / T`.
    fn k(&self) -> f64 {
        (self.t() - 1.0).max(0.0) / self.t().max(1.0)
    }

    /// The expected number of species that no unit showed: a lower bound in kind (Chao2).
    pub(super) fn unseen(&self) -> f64 {
        let (q1, q2) = (self.q1(), self.q2());
        if self.twice > 0 {
            self.k() * q1 * q1 / (2.0 * q2)
        } else {
            self.k() * q1 * (q1 - 1.0).max(0.0) / 2.0
        }
    }

    /// The variance of [`Frequencies::unseen`].
    fn variance(&self) -> f64 {
        let (k, q1, q2) = (self.k(), self.q1(), self.q2());
        if self.twice > 0 {
            let r = q1 / q2;
            q2 * (k * r.powi(2) / 2.0 + k.powi(2) * r.powi(3) + k.powi(2) * r.powi(4) / 4.0)
        } else {
            let total = self.seen as f64 + self.unseen();
            let sum = k * q1 * (q1 - 1.0) / 2.0 + k.powi(2) * q1 * (2.0 * q1 - 1.0).powi(2) / 4.0;
            sum - k.powi(2) * q1.powi(4) / (4.0 * total)
        }
    }

    /// The 95 % interval of the number of unseen species.
    pub(super) fn unseen_interval(&self) -> (f64, f64) {
        let unseen = self.unseen();
        if unseen > 0.0 {
            let spread = (1.0 + self.variance().max(0.0) / (unseen * unseen)).ln().sqrt();
            let ratio = (Z * spread).exp();
            return (unseen / ratio, unseen * ratio);
        }
        let seen = self.seen as f64;
        if self.seen == 0 {
            return (0.0, 0.0);
        }
        let p = (-(self.incidences as f64) / seen).exp();
        let high = seen / (1.0 - p) + Z * (seen * p).sqrt() / (1.0 - p);
        (0.0, high - seen)
    }

    /// `A`: by how much one more unit shrinks what is not covered.
    fn shrink(&self) -> f64 {
        let rest = self.t() * self.unseen();
        if rest > 0.0 { rest / (rest + self.q1()) } else { 0.0 }
    }

    /// The share of all incidences, also those to come, whose species is known after `more` further units. `None` where
    /// fewer than two units or no species were seen: then nothing can be said.
    ///
    /// Something seen once while the estimate of the unseen is zero (Q1 = 1, Q2 = 0) would read as full coverage. There
    /// the plain estimate of Good and Turing stands, one less the share of incidences that are singletons.
    pub(super) fn coverage(&self, more: usize) -> Option<f64> {
        if self.units < 2 || self.seen == 0 {
            return None;
        }
        let more = more as f64;
        let incidences = self.incidences as f64;
        if self.once == 1 && self.twice == 0 {
            let grown = incidences * (self.t() + more) / self.t();
            return Some(1.0 - 1.0 / grown);
        }
        let uncovered = self.q1() / incidences * self.shrink().powf(more + 1.0);
        Some((1.0 - uncovered).clamp(0.0, 1.0))
    }

    /// How many further units bring the coverage to `target`. `None` where it is more than there were so far: the
    /// extrapolation is not to be relied on beyond that.
    pub(super) fn units_to(&self, target: f64) -> Option<usize> {
        let reaches = |more: usize| self.coverage(more).is_some_and(|coverage| coverage >= target);
        if !reaches(self.units) {
            return None;
        }
        let (mut low, mut high) = (0, self.units);
        while low < high {
            let middle = low.midpoint(high);
            if reaches(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(low)
    }

    /// How many species the next `more` units are expected to show for the first time.
    pub(super) fn new_within(&self, more: usize) -> f64 {
        let unseen = self.unseen();
        if unseen <= 0.0 {
            return 0.0;
        }
        let chance = self.q1() / (self.t() * unseen + self.q1());
        unseen * (1.0 - (1.0 - chance).powf(more as f64))
    }
}

#[cfg(test)]
mod tests;
