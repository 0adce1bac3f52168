//! The events of one slice, page by page until the service says there are no more.

use std::sync::Arc;

use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use tokio::sync::mpsc::Sender;

use super::client::Group;
use super::envelope::Envelopes;
use super::error::{Asked, Refused, Trouble};
use super::slices::Slice;
use crate::source::aws::bridge::{Feed, body};
use crate::source::aws::cause::cannot_read;
use crate::source::{Delivery, Object, ObjectId, SourceError};

/// Pages that wait for the reader: one to read, one to come.
const PAGES: usize = 2;

/// How the reading of a slice ended.
pub(super) enum Fetched {
    /// It was delivered, whole or with an error at its end; or nobody reads any more.
    Read,
    /// It could not be opened, and was reported.
    Missed(SourceError),
    /// It could not be opened, and no other slice can be.
    Refused(SourceError),
}

/// Opens a slice, delivers it, and stays until its last byte was handed over or nobody reads it any more.
pub(super) async fn fetch(
    group: Arc<Group>,
    slice: Slice,
    account: String,
    id: ObjectId,
    to: Sender<Delivery>,
) -> Fetched {
    let mut pages = Pages {
        slice,
        uri: id.uri.clone(),
        token: None,
        envelopes: Envelopes::new(&account, &group.place.group),
        group,
    };
    let first = match pages.next().await {
        Ok(first) => first,
        Err(Refused {
            trouble: Trouble::Passing | Trouble::Throttled,
            error,
        }) => {
            // Nobody takes deliveries any more: then nobody needs to know.
            let _ = to.send(Delivery::Failed(error.clone())).await;
            return Fetched::Missed(error);
        }
        Err(refused) => return Fetched::Refused(refused.error),
    };
    let (feed, body) = body(PAGES);
    if to.send(Delivery::Object(Object::new(id, Box::new(body)))).await.is_ok() {
        pages.pour(first, feed).await;
    }
    Fetched::Read
}

/// The pages of a slice.
struct Pages {
    group: Arc<Group>,
    slice: Slice,
    uri: String,
    /// Asks for the next page.
    token: Option<String>,
    envelopes: Envelopes,
}

impl Pages {
    async fn next(&mut self) -> Result<FilterLogEventsOutput, Refused> {
        // Unix seconds below the year 10000: milliseconds have room.
        let milliseconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        let (place, slice) = (&self.group.place, self.slice);
        let page = self
            .group
            .ask(Asked::Events(&self.uri), |client| {
                let request = client
                    .filter_log_events()
                    .log_group_name(&place.group)
                    .set_log_stream_name_prefix(place.stream_prefix.clone())
                    .start_time(milliseconds(slice.from))
                    // Both ends are inclusive.
                    .end_time(milliseconds(slice.until) - 1);
                request.set_next_token(self.token.clone()).send()
            })
            .await?;
        // A page without events is not the last one. One without a token is.
        if page.next_token().is_some() && page.next_token() == self.token.as_deref() {
            let why = "the service says there are more events and does not give them".to_owned();
            return Err(Refused {
                trouble: Trouble::Lasting,
                error: cannot_read(&self.uri, why),
            });
        }
        self.token = page.next_token().map(str::to_owned);
        Ok(page)
    }

    /// Hands the events over, from the first page on.
    async fn pour(mut self, first: FilterLogEventsOutput, feed: Feed) {
        let (mut page, mut events) = (first, 0_usize);
        let end = loop {
            page.events().iter().for_each(|event| self.envelopes.add(event));
            events += page.events().len();
            if self.token.is_none() {
                self.envelopes.close();
            }
            let bytes = self.envelopes.take();
            if !bytes.is_empty() && !feed.bytes(bytes.into()).await {
                return;
            }
            if self.token.is_none() {
                break Ok(());
            }
            page = match self.next().await {
                Ok(next) => next,
                Err(refused) => break Err(format!("broke off after {events} events: {}", refused.error.why)),
            };
        };
        feed.end(end).await;
    }
}
