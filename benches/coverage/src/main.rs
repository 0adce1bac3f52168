//! How often what `coverage` says of a window turns out wrong, over seeded fleets whose future is known.
#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

mod chance;
mod fleet;
mod measure;

/// Each window is judged over this many fleets of so many services.
const FLEETS: u64 = 5;
const SERVICES: usize = 3_000;

fn main() {
    println!("| days | beyond the bound | bound, mean | new in 30 days: expected | came | refused: expected | was |");
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    for window in [14, 30, 45, 62, 90] {
        let it = measure::measure(window, FLEETS, SERVICES);
        let per_service = |sum: f64| sum / it.services.max(1) as f64;
        let share = |sum: f64| 100.0 * sum / it.estimated.max(1) as f64;
        println!(
            "| {window} | {:.1} % | {:.1} | {:.2} | {:.2} | {:.2} % | {:.2} % |",
            100.0 * it.failure_rate(),
            per_service(it.bound as f64),
            per_service(it.expected),
            per_service(it.came as f64),
            share(it.uncovered_expected),
            share(it.uncovered),
        );
    }
}
