//! How the discovery of new things slows down: a power law over the times at which each was first seen.
//!
//! The non-homogeneous Poisson process of Crow (1974), known as Crow-AMSAA, whose mean grows as `t^b`; fitted by maximum
//! likelihood to what came after a burn-in.

/// A fitted power law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Growth {
    /// How many events there were between burn-in and end.
    pub(super) events: usize,
    /// The exponent: below 1 discovery slows down, at 1 it goes on as it did.
    pub(super) exponent: f64,
    burn_in: f64,
    end: f64,
}

/// The steepest growth that is believed. In a stable population discovery never speeds up (1); up to this much
/// of what looks like it is carried into the bound.
const STEEPEST: f64 = 2.0;

/// Far below any exponent that a window of years can show.
const FLATTEST: f64 = -20.0;

impl Growth {
    /// Fits events at `times` after a burn-in, all of them between `burn_in` and `end`. `None` without events or time.
    pub(super) fn fit(times: &[f64], burn_in: f64, end: f64) -> Option<Growth> {
        if times.is_empty() || burn_in <= 0.0 || end <= burn_in {
            return None;
        }
        let n = times.len() as f64;
        let mean_log = times.iter().map(|time| (time / burn_in).ln()).sum::<f64>() / n;
        let length = (end / burn_in).ln();
        // In the logarithm of time the process is an exponential of slope b cut off at both ends, so b is where its
        // mean meets that of the events. The mean grows with b.
        let (mut low, mut high) = (FLATTEST, STEEPEST);
        for _ in 0..80 {
            let middle = f64::midpoint(low, high);
            if mean_of(middle, length) < mean_log {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(Growth {
            events: times.len(),
            exponent: f64::midpoint(low, high),
            burn_in,
            end,
        })
    }

    /// How many events the time from the end to `more` after it is expected to bring.
    pub(super) fn expected(&self, more: f64) -> f64 {
        let b = self.exponent;
        let past = (self.end / self.burn_in).ln();
        let future = ((self.end + more) / self.end).ln();
        // (T+h)^b - T^b over T^b - t0^b, which near b = 0 is the ratio of the logarithms.
        let ratio = if b.abs() < 1e-9 {
            future / past
        } else {
            (b * future).exp_m1() / -(-b * past).exp_m1()
        };
        self.events as f64 * ratio
    }
}

/// The mean of a density that goes as `e^(b x)` from 0 to `length`.
fn mean_of(b: f64, length: f64) -> f64 {
    if (b * length).abs() < 1e-6 {
        return length / 2.0 + b * length * length / 12.0;
    }
    length / -(-b * length).exp_m1() - 1.0 / b
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A development test with 22 failures until hour 620 (reliawiki, "Crow-AMSAA Parameter Estimation Example").
    const FAILURES: [f64; 22] = [
        2.7, 10.3, 12.5, 30.6, 57.0, 61.3, 80.0, 109.5, 125.0, 128.6, 143.8, 167.9, 229.2, 296.7, 320.6, 328.2, 366.2,
        396.7, 421.1, 438.2, 501.2, 620.0,
    ];

    #[test]
    fn the_published_example_has_its_published_parameters() {
        // The example has no burn-in: one that is close to nothing is none.
        let growth = Growth::fit(&FAILURES, 1e-9, 620.0).unwrap();
        assert!((growth.exponent - 0.6142).abs() < 5e-5, "{growth:?}");
        // lambda = 0.4239, so the next 100 hours bring 0.4239 (720^b - 620^b).
        let expected = 0.423_942 * (720_f64.powf(0.614_210_4) - 620_f64.powf(0.614_210_4));
        assert!((growth.expected(100.0) - expected).abs() < 1e-3);
    }

    #[test]
    fn the_fit_solves_the_equation_of_the_likelihood() {
        let times = [1.5, 2.5, 2.5, 4.5, 9.5, 17.5, 28.5];
        let (start, end) = (1.0_f64, 30.0_f64);
        let b = Growth::fit(&times, start, end).unwrap().exponent;
        let n = times.len() as f64;
        let logs: f64 = times.iter().map(|time| time.ln()).sum();
        let (upper, lower) = (end.powf(b), start.powf(b));
        let score = n / b + logs - n * (upper * end.ln() - lower * start.ln()) / (upper - lower);
        assert!(score.abs() < 1e-6, "{score} at {b}");
    }

    #[test]
    fn events_that_come_evenly_go_on_and_early_ones_do_not() {
        let evenly: Vec<f64> = (1..30).map(|day| f64::from(day) + 0.5).collect();
        let even = Growth::fit(&evenly, 1.0, 30.0).unwrap();
        assert!(
            (even.exponent - 1.0).abs() < 0.05 && (even.expected(30.0) - 30.0).abs() < 1.5,
            "{even:?}"
        );
        let early = Growth::fit(&[1.5, 1.5, 2.5, 3.5], 1.0, 30.0).unwrap();
        assert!(early.exponent < 0.0 && early.expected(30.0) < 0.5, "{early:?}");
    }

    #[test]
    fn the_last_moment_does_not_promise_an_explosion() {
        let late = Growth::fit(&[29.5], 1.0, 30.0).unwrap();
        assert!(late.expected(30.0) < 3.5, "{late:?}");
    }

    #[test]
    fn nothing_to_fit_is_no_fit() {
        assert_eq!(Growth::fit(&[], 1.0, 30.0), None);
        assert_eq!(Growth::fit(&[1.5], 1.0, 1.0), None);
        assert_eq!(Growth::fit(&[1.5], 0.0, 9.0), None);
    }
}
