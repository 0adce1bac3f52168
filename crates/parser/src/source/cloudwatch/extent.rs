//! Whose a log group is, and when its first event happened.

use aws_sdk_cloudwatchlogs::types::LogStream;

use super::client::Group;
use super::error::{Asked, Refused, Trouble};
use super::place::{Place, SCHEME};
use crate::near;
use crate::source::SourceError;
use crate::source::aws::cause::cannot_read;

const DAY: u64 = 86_400;

/// What is known of a group before any of its events is read.
pub(super) struct Extent {
    /// The account that owns the group, as its resource names (ARNs) say.
    pub(super) account: String,
    /// From when on to read, in Unix seconds.
    pub(super) first: u64,
}

/// Looks at the group's streams; `None` if it has none whose name begins as wanted.
pub(super) async fn find(group: &Group, since: Option<u64>, now: u64) -> Result<Option<Extent>, SourceError> {
    let streams = match streams(group, since.is_some()).await {
        Ok(streams) => streams,
        Err(Refused {
            trouble: Trouble::Missing,
            error,
        }) => return Err(near_names(group, error).await),
        Err(refused) => return Err(refused.error),
    };
    if !streams.any {
        return Ok(None);
    }
    let Some(account) = streams.account else {
        // Without it, groups of one name in two accounts could not be told apart in a map.
        let why = "the service does not say which account the log group belongs to".to_owned();
        return Err(cannot_read(&Place::uri(&group.place.group), why));
    };
    let first = match since {
        Some(since) => since,
        None => streams.first.max(kept_since(group, now).await),
    };
    Ok(Some(Extent { account, first }))
}

/// What the streams of a group say together.
struct Streams {
    any: bool,
    account: Option<String>,
    first: u64,
}

/// Asks for the streams: all of them, or as many pages as it takes to meet one.
async fn streams(group: &Group, any: bool) -> Result<Streams, Refused> {
    let mut seen = Streams {
        any: false,
        account: None,
        first: u64::MAX,
    };
    let mut token: Option<String> = None;
    loop {
        let page = group
            .ask(Asked::Streams, |client| {
                let request = client.describe_log_streams().log_group_name(&group.place.group);
                let request = request.set_log_stream_name_prefix(group.place.stream_prefix.clone());
                request.set_next_token(token.clone()).send()
            })
            .await?;
        page.log_streams().iter().for_each(|stream| seen.add(stream));
        let next = page.next_token().map(str::to_owned);
        if next.is_none() || (any && seen.any) {
            return Ok(seen);
        }
        if next == token {
            let why = "the service says there are more log streams and does not give them".to_owned();
            return Err(Refused {
                trouble: Trouble::Lasting,
                error: cannot_read(&Place::uri(&group.place.group), why),
            });
        }
        token = next;
    }
}

impl Streams {
    fn add(&mut self, stream: &LogStream) {
        // arn:aws:logs:eu-west-1:123456789012:log-group:NAME:log-stream:NAME
        let account = stream.arn().and_then(|arn| arn.split(':').nth(4));
        let account =
            account.filter(|account| !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit()));
        self.any = true;
        self.account = self.account.take().or_else(|| account.map(str::to_owned));
        // A stream that is new has no first event yet, or none that is known.
        let first = stream
            .first_event_timestamp()
            .or(stream.creation_time())
            .unwrap_or_default();
        self.first = self.first.min(u64::try_from(first).unwrap_or_default() / 1000);
    }
}

/// From when on the group keeps its events, as far as whoever asks may know: what is older is gone.
async fn kept_since(group: &Group, now: u64) -> u64 {
    let name = &group.place.group;
    let answer = group
        .ask(Asked::Groups, |client| {
            client.describe_log_groups().log_group_name_prefix(name).send()
        })
        .await;
    let days = answer.ok().and_then(|answer| {
        let mut groups = answer.log_groups().iter();
        groups
            .find(|known| known.log_group_name() == Some(name))?
            .retention_in_days()
    });
    let days = days.and_then(|days| u64::try_from(days).ok());
    days.map_or(0, |days| now.saturating_sub(days.saturating_mul(DAY)))
}

/// The error about a group that does not exist, with the name it may have been meant to have.
async fn near_names(group: &Group, error: SourceError) -> SourceError {
    let name = &group.place.group;
    // Groups beside it, also if it was written without its first slash.
    let beside = name
        .rsplit_once('/')
        .map(|(folder, _)| format!("/{}/", folder.trim_start_matches('/')));
    let answer = group
        .ask(Asked::Groups, |client| {
            client
                .describe_log_groups()
                .set_log_group_name_prefix(beside.clone())
                .send()
        })
        .await;
    let Ok(answer) = answer else {
        return error;
    };
    let known = answer.log_groups().iter().filter_map(|known| known.log_group_name());
    match near::nearest(name, known) {
        Some(near) => SourceError {
            hint: Some(format!("did you mean {SCHEME}{near}?")),
            ..error
        },
        None => error,
    }
}
