//! A fleet of services that differ in how many places they reach and how regularly, day by day.

use crate::chance::Chance;

/// One place that a service reaches: the days on which it does, counted from the first.
pub(crate) type Days = Vec<u32>;

/// One service: its places.
pub(crate) type Service = Vec<Days>;

/// How a place is reached.
enum Habit {
    /// On every day.
    Steady,
    /// On each day with this chance.
    Random(f64),
    /// Every so many days, from some day on.
    Every(u32),
}

/// A fleet over `days` days: of places by service the median is 12, and services differ in their mix of habits.
pub(crate) fn fleet(services: usize, days: u32, chance: &mut Chance) -> Vec<Service> {
    (0..services).map(|_| service(days, chance)).collect()
}

fn service(days: u32, chance: &mut Chance) -> Service {
    let places = chance.log_uniform(3.0, 48.0);
    // How much of it is steady is what makes one service calm and the other restless.
    let steady = chance.share();
    (0..)
        .take_while(|at| f64::from(*at) < places)
        .map(|_| place(days, steady, chance))
        .collect()
}

fn place(days: u32, steady: f64, chance: &mut Chance) -> Days {
    let habit = if chance.share() < steady {
        Habit::Steady
    } else {
        match chance.below(10) {
            0 => Habit::Every(7),
            1 => Habit::Every(30),
            2 => Habit::Every(91),
            _ => Habit::Random(chance.log_uniform(1.0 / 120.0, 0.7)),
        }
    };
    match habit {
        Habit::Steady => (0..days).collect(),
        Habit::Random(daily) => (0..days).filter(|_| chance.share() < daily).collect(),
        Habit::Every(period) => {
            let phase = chance.below(period);
            (0..days).filter(|day| day % period == phase).collect()
        }
    }
}
