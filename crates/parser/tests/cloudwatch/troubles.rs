//! What passes costs time, never an event; what lasts is said, with what to do about it.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use aws_sdk_cloudwatchlogs::config::ProvideCredentials;
use egressmap_loopback::{Break, Paging, Proxy};
use egressmap_parser::source::Delivery;

use super::*;

/// A group with an event every quarter of an hour of a day.
fn a_day() -> CloudWatchServer {
    let server = CloudWatchServer::start();
    for n in 0..96 {
        server.put("/aws/flow", "s", (DAY + n * 900) * 1000, &format!("event {n}"));
    }
    server
}

/// The numbers of refusals with a code.
fn refusals(server: &CloudWatchServer, code: &str) -> usize {
    let requests = server.requests();
    requests
        .iter()
        .filter(|asked| asked.refused.as_deref() == Some(code))
        .count()
}

#[test]
fn storms_of_refusals_that_pass_change_nothing() {
    let server = a_day();
    let expected = read_well(source(&server));
    for (code, times) in [
        ("ThrottlingException", 8),
        ("ServiceUnavailableException", 3),
        ("InternalFailure", 3),
    ] {
        server.refuse_next(times, code);
        assert_eq!(read_well(source(&server)), expected, "{code}");
        assert_eq!(refusals(&server, code), times);
    }
}

#[test]
fn requests_stay_below_the_rate_that_is_allowed() {
    let server = a_day();
    server.page_by(Paging {
        events: 1,
        ..Paging::default()
    });
    let options = CloudWatchOptions {
        rate: Some(200),
        ..options()
    };
    let began = Instant::now();
    let texts = read_well(source(&server).with_options(options));
    let took = began.elapsed().as_secs_f64();
    let requests = u32::try_from(server.requests().len()).unwrap();
    assert_eq!(texts.values().map(|text| messages(text).len()).sum::<usize>(), 88);
    assert!(
        requests >= 88 && f64::from(requests - 1) <= 200.0 * took,
        "{requests} in {took} s"
    );
}

/// Gives a new session token each time it is asked.
#[derive(Debug, Default)]
struct Renewing(AtomicUsize);

impl ProvideCredentials for Renewing {
    fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let nth = self.0.fetch_add(1, Ordering::Relaxed);
        let token = format!("session-{nth}");
        let (key, secret) = (CloudWatchServer::ACCESS_KEY, CloudWatchServer::SECRET_KEY);
        aws_credential_types::provider::future::ProvideCredentials::ready(Ok(Credentials::new(
            key,
            secret,
            Some(token),
            None,
            "test",
        )))
    }
}

fn renewing(server: &CloudWatchServer) -> CloudWatchSource {
    let provider = SharedCredentialsProvider::new(Renewing::default());
    let config = config(&server.url())
        .into_builder()
        .credentials_provider(provider)
        .build();
    source(server).with_config(config)
}

#[test]
fn credentials_that_expire_on_the_way_are_loaded_anew_and_nothing_is_lost() {
    // The second ones are good for some requests, or are not new yet when they are loaded.
    for good in [6, 0] {
        let server = a_day();
        let expected = read_well(source(&server));
        server.expire("session-0", 5);
        server.expire("session-1", good);
        assert_eq!(read_well(renewing(&server)), expected);
        assert!(refusals(&server, "ExpiredTokenException") >= 2);
    }
}

#[test]
fn credentials_that_stay_expired_end_the_source_with_a_hint() {
    let server = a_day();
    server.refuse("FilterLogEvents", "ExpiredTokenException");
    let fault = fault(source(&server));
    assert!(
        fault.starts_with("cannot read cloudwatch:///aws/flow?account="),
        "{fault}"
    );
    assert!(
        fault.contains(": the credentials have expired\n  hint: renew them"),
        "{fault}"
    );
}

#[test]
fn a_permission_that_is_lacking_is_named() {
    for (operation, permission) in [
        ("FilterLogEvents", "logs:FilterLogEvents"),
        ("DescribeLogStreams", "logs:DescribeLogStreams"),
    ] {
        let server = a_day();
        server.refuse(operation, "AccessDeniedException");
        let fault = fault(source(&server));
        assert!(
            fault.contains(&format!(
                "access denied (needs {permission})\n  hint: check AWS_PROFILE"
            )),
            "{fault}"
        );
        // Every other slice would be refused as well.
        assert!(server.requests().len() < 20);
    }
}

#[test]
fn a_group_that_is_not_there_is_named_with_one_that_is() {
    let server = a_day();
    let missing = |uri: &str| fault(source_of(&server, uri, &Wanted::default()));
    for uri in ["cloudwatch://aws/flow", "cloudwatch:///aws/folw"] {
        let fault = missing(uri);
        assert!(fault.starts_with(&format!("cannot list {uri}: ")), "{fault}");
        assert!(fault.contains("has no such log group for this account"), "{fault}");
        assert!(fault.ends_with("hint: did you mean cloudwatch:///aws/flow?"), "{fault}");
    }
    assert!(missing("cloudwatch://payments").contains("hint: check AWS_PROFILE, the region"));
    server.refuse("DescribeLogGroups", "AccessDeniedException");
    assert!(missing("cloudwatch://aws/flow").contains("hint: check AWS_PROFILE, the region"));
}

#[test]
fn an_unknown_key_and_an_endpoint_that_nobody_serves_are_named() {
    let server = a_day();
    let keys = Credentials::new("AKIAOTHER", CloudWatchServer::SECRET_KEY, None, None, "test");
    let provider = SharedCredentialsProvider::new(keys);
    let config = config(&server.url())
        .into_builder()
        .credentials_provider(provider)
        .build();
    let refused = fault(source(&server).with_config(config));
    assert!(
        refused.contains("the access key or session token is not known there"),
        "{refused}"
    );
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let unserved = fault(source(&server).with_config(self::config(&url)));
    let expected =
        format!("cannot list cloudwatch:///aws/flow: connection refused by {url}\n  hint: check AWS_ENDPOINT");
    assert!(unserved.starts_with(&expected), "{unserved}");
}

#[test]
fn a_network_that_breaks_and_drips_costs_no_event() {
    let server = a_day();
    let expected = read_well(source(&server));
    let breaks = [
        Break::Reset(0),
        Break::Drip(500),
        Break::Fin(300),
        Break::Stall(200),
        Break::Reset(400),
    ];
    let proxy = Proxy::start(server.address(), &breaks);
    let options = CloudWatchOptions {
        patience: Duration::from_secs(1),
        ..options()
    };
    let broken = source(&server).with_config(config(&proxy.url())).with_options(options);
    assert_eq!(read_well(broken), expected);
    assert!(proxy.broken().len() >= 3, "{:?}", proxy.broken());
}

/// What came of the first slice of twenty events, and its error, where something happens once it was delivered.
fn while_reading(happens: impl FnOnce(&CloudWatchServer)) -> (usize, String) {
    let server = CloudWatchServer::start();
    for n in 0..20 {
        server.put("/aws/flow", "s", DAY * 1000 + n, &format!("event {n}"));
    }
    server.page_by(Paging {
        events: 1,
        ..Paging::default()
    });
    let source = source(&server);
    let (to, deliveries) = sync_channel(0);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let to = to;
            // The other slices fail for good: whether the source gives up before its last is not the point here.
            let _ = source.deliver(&to);
        });
        let first = deliveries.iter().find_map(|delivery| match delivery {
            Delivery::Object(object) if object.id.uri.contains("T00:00:00Z&until") => Some(object),
            _ => None,
        });
        happens(&server);
        let mut text = Vec::new();
        let error = first.unwrap().body.read_to_end(&mut text).unwrap_err().to_string();
        drop(deliveries);
        (
            String::from_utf8(text).unwrap().matches("\"message\":\"event ").count(),
            error,
        )
    })
}

#[test]
fn a_slice_that_breaks_off_keeps_what_came_and_says_how_much() {
    let (had, error) = while_reading(|server| server.refuse("FilterLogEvents", "InternalFailure"));
    assert!(
        had < 20 && error.starts_with(&format!("broke off after {had} events: ")),
        "{error}"
    );
    assert!(error.contains("answered InternalFailure to every attempt"), "{error}");
}

#[test]
fn a_group_deleted_while_it_is_read_is_an_error_of_the_hour_that_broke_off() {
    let (had, error) = while_reading(|server| server.delete_group("/aws/flow"));
    assert!(
        had < 20 && error.starts_with(&format!("broke off after {had} events: ")),
        "{error}"
    );
    assert!(error.contains("no such log group"), "{error}");
}

#[test]
fn a_group_deleted_after_its_streams_were_listed_is_named() {
    let server = a_day();
    server.refuse("FilterLogEvents", "ResourceNotFoundException");
    let fault = fault(source(&server));
    assert!(
        fault.starts_with("cannot read cloudwatch:///aws/flow?account=") && fault.contains("no such log group"),
        "{fault}"
    );
}
