//! When the next request may go: below the quota that an account has in a region, and slower while the service says so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

/// How much slower than allowed the pace becomes at most.
const SLOWEST: u32 = 32;

/// Every pace in use: two groups of one region share its quota.
static PACES: Mutex<BTreeMap<String, Weak<Pace>>> = Mutex::new(BTreeMap::new());

/// Requests a second of `FilterLogEvents` that AWS allows an account in a region ("CloudWatch Logs quotas" in the user
/// guide; it cannot be raised).
pub(super) fn quota(region: &str) -> u32 {
    match region {
        "us-east-1" => 25,
        "ap-northeast-3" | "ap-southeast-3" | "ca-west-1" | "eu-central-1" | "il-central-1" => 5,
        _ => 10,
    }
}

/// Hands out turns to all who ask one server.
pub(super) struct Pace(Mutex<Turns>);

impl Pace {
    /// The one pace for a place, with an interval between two requests.
    pub(super) fn of(place: &str, interval: Duration) -> Arc<Self> {
        let mut paces = PACES.lock().unwrap_or_else(PoisonError::into_inner);
        paces.retain(|_, pace| pace.strong_count() > 0);
        let key = format!("{place} {interval:?}");
        if let Some(known) = paces.get(&key).and_then(Weak::upgrade) {
            return known;
        }
        let pace = Arc::new(Self(Mutex::new(Turns::new(interval, Instant::now()))));
        paces.insert(key, Arc::downgrade(&pace));
        pace
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self) {
        let at = self.turns(|turns| turns.take(Instant::now()));
        sleep_until(at.into()).await;
    }

    /// The service says that requests come too fast.
    pub(super) fn throttled(&self) {
        self.turns(|turns| turns.slow_down(Instant::now()));
    }

    /// The service answered.
    pub(super) fn answered(&self) {
        self.turns(Turns::recover);
    }

    fn turns<T>(&self, change: impl FnOnce(&mut Turns) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Turns at even distances, in any clock's time.
struct Turns {
    next: Instant,
    interval: Duration,
    shortest: Duration,
    /// Refusals until then are those of requests that went before the pace slowed down.
    slowed_until: Instant,
}

impl Turns {
    fn new(interval: Duration, now: Instant) -> Self {
        Self {
            next: now,
            interval,
            shortest: interval,
            slowed_until: now,
        }
    }

    fn take(&mut self, now: Instant) -> Instant {
        let at = self.next.max(now);
        self.next = at + self.interval;
        at
    }

    fn slow_down(&mut self, now: Instant) {
        if now >= self.slowed_until {
            self.interval = (self.interval * 2).min(self.shortest * SLOWEST);
            self.slowed_until = now + self.interval;
            self.next = self.next.max(self.slowed_until);
        }
    }

    fn recover(&mut self) {
        self.interval = (self.interval - self.interval / 16).max(self.shortest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(100);

    #[test]
    fn no_second_has_more_turns_than_allowed_however_they_are_asked_for() {
        let start = Instant::now();
        let mut turns = Turns::new(STEP, start);
        // All at once, then after a pause, then one by one.
        let asked = (0..50).map(|n: u32| start + STEP * [0, 0, 0, 95, n][n as usize % 5]);
        let taken: Vec<Instant> = asked.map(|now| turns.take(now)).collect();
        for window in taken.windows(11) {
            assert!(
                window[10] - window[0] >= Duration::from_secs(1),
                "ten steps take a second"
            );
        }
    }

    #[test]
    fn a_storm_of_refusals_slows_the_pace_once_a_turn_and_answers_restore_it() {
        let start = Instant::now();
        let mut turns = Turns::new(STEP, start);
        (0..8).for_each(|_| turns.slow_down(start));
        assert_eq!(turns.interval, STEP * 2);
        for n in 1..100 {
            turns.slow_down(start + Duration::from_secs(10 * n));
        }
        assert_eq!(turns.interval, STEP * SLOWEST);
        (0..100).for_each(|_| turns.recover());
        assert_eq!(turns.interval, STEP);
    }

    #[test]
    fn two_groups_of_one_region_share_a_pace_and_two_regions_do_not() {
        let one = Pace::of("test eu-west-1", STEP);
        assert!(Arc::ptr_eq(&one, &Pace::of("test eu-west-1", STEP)));
        assert!(!Arc::ptr_eq(&one, &Pace::of("test eu-west-2", STEP)));
        assert_eq!(["us-east-1", "eu-central-1", "eu-west-1"].map(quota), [25, 5, 10]);
    }
}
