//! Hostile middles: many separators, none, and columns that are cut.

use super::super::plan::Plan;
use super::ENOUGH;

fn doubts(format: &str, line: &str) -> Option<usize> {
    let plan = Plan::new(format).unwrap();
    let all = plan.all(line.as_bytes()).ok()?;
    Some(all.iter().filter(|(_, _, certain)| !certain).count())
}

#[test]
fn of_a_line_with_too_many_separators_nothing_in_the_middle_is_certain() {
    let format = "%START_TIME(%s)% %REQ(A)% %BYTES_SENT% %REQ(B)%";
    let words = " x".repeat(ENOUGH + 1);
    assert_eq!(doubts(format, &format!("1 a 7 b{words}")), Some(3));
    // One fewer, and the one number among them tells where the columns are.
    assert_eq!(doubts(format, "1 a 7 b x x x"), Some(0));
}

#[test]
fn a_middle_without_its_separators_is_no_line_of_the_format() {
    assert_eq!(doubts("%START_TIME(%s)% %REQ(A)% %BYTES_SENT% %REQ(B)%", "1 ab"), None);
}

#[test]
fn a_column_is_no_longer_than_its_limit() {
    let format = "%START_TIME(%s)% %REQ(A):3% %REQ(B)%";
    assert_eq!(doubts(format, "1 abc d e"), Some(0));
    assert_eq!(doubts(format, "1 a c d e"), Some(2));
}
