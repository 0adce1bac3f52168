//! What a format string may be, and what is said of one that is not.

use super::{Piece, parse, parse_lone};

/// The commands of a format as `NAME arguments limit`, and its text.
fn read(written: &str) -> Vec<String> {
    let pieces = parse(written).unwrap();
    let shown = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => format!("'{text}'"),
        Piece::Command(command) => {
            let limit = command.limit.map(|limit| format!(":{limit}")).unwrap_or_default();
            let arguments = command.arguments.map(|it| format!("({it})")).unwrap_or_default();
            format!("{}{arguments}{limit}", command.known.name)
        }
    });
    shown.collect()
}

fn refused(written: &str) -> String {
    parse(written).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn commands_have_arguments_and_lengths() {
    assert_eq!(read("%PROTOCOL%"), ["PROTOCOL"]);
    assert_eq!(read("%REQ(:AUTHORITY)%"), ["REQ(:AUTHORITY)"]);
    assert_eq!(read("%REQ(X-A?:PATH):24%"), ["REQ(X-A?:PATH):24"]);
    assert_eq!(read("%REQ(X-A):0%"), ["REQ(X-A):0"]);
    assert_eq!(read("%START_TIME()%"), ["START_TIME()"]);
    assert_eq!(read("[%START_TIME%]\t"), ["'['", "START_TIME", "']\t'"]);
}

#[test]
fn arguments_run_to_the_parenthesis_that_ends_the_command() {
    assert_eq!(read("%START_TIME(%s.%3f)%"), ["START_TIME(%s.%3f)"]);
    assert_eq!(read("%CEL(f(a) + 1)%x"), ["CEL(f(a) + 1)", "'x'"]);
    assert_eq!(read("%DYNAMIC_METADATA(a.b:c):9%"), ["DYNAMIC_METADATA(a.b:c):9"]);
}

#[test]
fn two_percent_signs_are_one() {
    assert_eq!(read("100%%"), ["'100'", "'%'"]);
    assert_eq!(read("%%REQ(A)%%"), ["'%'", "'REQ(A)'", "'%'"]);
    assert_eq!(read("%%%CONNECTION_ID%"), ["'%'", "CONNECTION_ID"]);
    assert_eq!(read("%REQ(A)%%REQ(B)%"), ["REQ(A)", "REQ(B)"]);
}

#[test]
fn what_envoy_refuses_is_refused_with_its_column() {
    for (written, said) in [
        (
            "a%",
            r#"column 3: expected an operator in capitals such as REQ, or a second % for a percent sign, found the end"#,
        ),
        (
            "%protocol%",
            r#"column 2: expected an operator in capitals such as REQ, or a second % for a percent sign, found "protocol%""#,
        ),
        (
            "é %PROTOCOLL%",
            r#"column 4: expected an operator that Envoy knows (did you mean PROTOCOL?), found "PROTOCOLL%""#,
        ),
        (
            "%REQ%",
            r#"column 5: expected arguments in parentheses behind REQ, found "%""#,
        ),
        ("%REQ()%", r#"column 6: expected the name of a header, found ")%""#),
        (
            "%REQ(a b)%",
            r#"column 6: expected the name of a header, found "a b)%""#,
        ),
        (
            "%REQ(X?Y?Z)%",
            r#"column 6: expected one alternative at most, found "X?Y?Z)%""#,
        ),
        (
            "%REQ(:AUTHORITY%",
            r#"column 6: expected a ) that ends the arguments, then the end of the command, found ":AUTHORITY%""#,
        ),
        (
            "%RESPONSE_CODE:2%",
            r#"column 15: expected no length behind RESPONSE_CODE, found ":2%""#,
        ),
        (
            "%RESPONSE_CODE(a)%",
            r#"column 15: expected no arguments behind RESPONSE_CODE, found "(a)%""#,
        ),
        (
            "%PROTOCOL",
            r#"column 10: expected the % that ends PROTOCOL, found the end"#,
        ),
        (
            "%ENVIRONMENT(a%b)%",
            r#"column 15: expected no % in the arguments of ENVIRONMENT, found "%b)%""#,
        ),
    ] {
        assert_eq!(refused(written), said, "{written}");
    }
}

#[test]
fn a_lone_command_is_read_with_or_without_percent_signs() {
    for written in ["PROTOCOL", "REQ(:AUTHORITY)", "REQ(X-A?:B):24", "START_TIME(%s)"] {
        let with = format!("%{written}%");
        let lone = parse_lone(&with).unwrap();
        assert!(lone.is_some(), "{written}");
        if !written.contains('%') {
            assert_eq!(parse_lone(written).unwrap(), lone, "{written}");
        }
    }
    for written in [
        "%PROTOCOL% %RESPONSE_CODE%",
        "100%%",
        "%%%PROTOCOL%",
        "a%PROTOCOL%",
        "prod",
        "PROTOCOL x",
    ] {
        assert_eq!(parse_lone(written).unwrap(), None, "{written}");
    }
}
