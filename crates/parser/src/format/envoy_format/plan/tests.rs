//! Which columns are found from which end, and what a client can move.

use super::super::built_in;
use super::Plan;

/// Every column of a line as `field=value`, with a `?` where it is ambiguous.
fn all(format: &str, line: &str) -> Vec<String> {
    let plan = Plan::new(format).unwrap();
    let all = plan.all(line.as_bytes()).unwrap();
    let shown = all.iter().map(|(column, value, certain)| {
        let doubt = if *certain { "" } else { "?" };
        format!("{}{doubt}={}", column.field, String::from_utf8_lossy(value))
    });
    shown.collect()
}

fn anchors(format: &str) -> (usize, usize, usize) {
    let plan = Plan::new(format).unwrap();
    (plan.left, plan.right, plan.columns.len())
}

#[test]
fn the_defaults_leave_three_columns_to_the_client() {
    // Up to the service time from the left, from the authority on from the right.
    assert_eq!(anchors(built_in::ENVOY), (10, 13, 15));
    assert_eq!(anchors(built_in::ISTIO), (13, 16, 24));
}

#[test]
fn one_column_between_two_ends_is_certain_whatever_it_holds() {
    assert_eq!(
        all(
            r#"%START_TIME% "%REQ(USER-AGENT)%" %UPSTREAM_HOST%"#,
            r#"1 "a" "b" 192.0.2.1:1"#
        ),
        ["start_time=1", r#"user_agent=a" "b"#, "upstream_host=192.0.2.1:1"]
    );
}

#[test]
fn a_column_between_two_of_a_client_is_ambiguous_only_where_the_client_made_it_so() {
    let format = "%START_TIME(%s)% %REQ(A)% %UPSTREAM_HOST% %REQ(B)%";
    assert_eq!(
        all(format, "1 a 192.0.2.1:1 b"),
        ["start_time=1", "a=a", "upstream_host=192.0.2.1:1", "b=b"]
    );
    assert_eq!(
        all(format, "1 a 6.6.6.6:1 192.0.2.1:1 b"),
        ["start_time=1", "a?=a", "upstream_host?=6.6.6.6:1", "b?=192.0.2.1:1 b"]
    );
}

#[test]
fn what_a_column_can_hold_settles_what_the_separators_do_not() {
    let format = "%START_TIME(%s)%\t%REQ(USER-AGENT):24%\t%RESPONSE_CODE%\t%BYTES_SENT%\t%REQ(X-REQUEST-ID)%";
    assert_eq!(
        all(format, "1\ta\tb\t200\t7\tid"),
        [
            "start_time=1",
            "user_agent=a\tb",
            "response_code=200",
            "bytes_sent=7",
            "request_id=id"
        ]
    );
    assert_eq!(
        all(format, "1\ta\t1\t200\t7\tid"),
        [
            "start_time=1",
            "user_agent?=a",
            "response_code?=1",
            "bytes_sent?=200",
            "request_id?=7\tid"
        ]
    );
}

#[test]
fn columns_that_touch_are_one() {
    assert_eq!(
        all("%START_TIME(%s)% %REQ(A)%%REQ(B)%", "1 ab"),
        ["start_time=1", "a=ab"]
    );
    assert_eq!(
        Plan::new("%START_TIME%%REQ(A)%").map(|_| ()).unwrap_err(),
        "expected text between %START_TIME% and other commands"
    );
}

#[test]
fn a_time_with_spaces_is_as_long_as_its_pattern() {
    assert_eq!(
        all("%START_TIME(%F %T)% %METADATA(a)%", "2026-11-23 01:58:00 x"),
        ["start_time=2026-11-23 01:58:00", "metadata_a=x"]
    );
}

#[test]
fn two_columns_of_one_meaning_have_two_names() {
    assert_eq!(
        all(
            "%START_TIME% %UPSTREAM_CLUSTER% %UPSTREAM_CLUSTER_RAW% %UPSTREAM_CLUSTER%",
            "1 a b c"
        ),
        [
            "start_time=1",
            "upstream_cluster=a",
            "upstream_cluster_raw=b",
            "upstream_cluster_2=c"
        ]
    );
}

#[test]
fn a_format_without_a_time_is_refused() {
    assert_eq!(
        Plan::new("%PROTOCOL%").map(|_| ()).unwrap_err(),
        "expected a %START_TIME%, without which no record has a time"
    );
}
