//! Quantiles and intervals of counts.

/// The two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Above this mean the Poisson distribution is taken for a normal one.
const LARGE: f64 = 10_000.0;

/// The least count that a Poisson variable of this mean stays at or below in 95 % of cases.
pub(super) fn poisson_95(mean: f64) -> u64 {
    if !mean.is_finite() || mean <= 0.0 {
        return 0;
    }
    if mean > LARGE {
        return whole(mean + 1.644_853_626_951_472 * mean.sqrt() + 1.0);
    }
    let mut log_chance = -mean;
    let mut below = log_chance.exp();
    let mut count = 0_u64;
    while below < 0.95 {
        count += 1;
        log_chance += mean.ln() - (count as f64).ln();
        below += log_chance.exp();
    }
    count
}

/// The whole part of a number that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float beyond the range of the integer becomes its end"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

/// The 95 % interval of a share of which `hits` of `trials` were seen (Wilson 1927).
pub(super) fn wilson(hits: usize, trials: usize) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (trials as f64, hits as f64 / trials as f64);
    let scale = 1.0 + Z * Z / n;
    let middle = (share + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// The greatest daily chance that something can have and still be missed for `days` days in one of twenty cases.
pub(super) fn still_plausible(days: usize) -> Option<f64> {
    (days > 0).then(|| 1.0 - 0.05_f64.powf(1.0 / days as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_poisson_quantile_is_that_of_the_tables() {
        for (mean, count) in [
            (0.0, 0),
            (0.05, 0),
            (0.052, 1),
            (0.355, 1),
            (0.356, 2),
            (1.0, 3),
            (5.0, 9),
            (10.0, 15),
        ] {
            assert_eq!(poisson_95(mean), count, "mean {mean}");
        }
        assert_eq!(poisson_95(100.0), 117);
        assert_eq!(poisson_95(1_000.0), 1_052);
        assert_eq!(poisson_95(f64::NAN), 0);
    }

    #[test]
    fn the_quantile_grows_with_the_mean_also_where_the_methods_meet() {
        let means = [0.1, 0.5, 1.0, 50.0, 800.0, 9_999.0, 10_001.0, 20_000.0, 1e9];
        assert!(means.map(poisson_95).is_sorted());
    }

    #[test]
    fn wilson_is_that_of_the_books() {
        let (low, high) = wilson(1, 4);
        assert!(
            (low - 0.0456).abs() < 1e-3 && (high - 0.6994).abs() < 1e-3,
            "{low} {high}"
        );
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        assert_eq!(wilson(0, 5).0, 0.0);
        assert!((wilson(5, 5).1 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_missed_for_30_days_is_rarer_than_once_in_ten() {
        let chance = still_plausible(30).unwrap();
        assert!((1.0 / chance - 10.5).abs() < 0.1, "{chance}");
        assert_eq!(still_plausible(0), None);
    }
}
