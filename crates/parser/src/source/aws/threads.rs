//! The threads that asynchronous work runs on while its reader blocks.

use tokio::runtime::Builder;
use tokio::sync::mpsc::{Sender, channel};

use super::cause::cannot_read;
use crate::source::{Deliveries, Delivery, SourceError};

/// Hands over what the work of a source finds, until all of it is done or nobody reads any more.
///
/// Blocks, so it must not be called from asynchronous code.
pub(in crate::source) fn deliver<F>(
    uri: &str,
    thread: &str,
    to: &Deliveries,
    work: impl FnOnce(Sender<Delivery>) -> F,
) -> Result<(), SourceError>
where
    F: Future<Output = Result<(), SourceError>> + Send + 'static,
{
    let built = Builder::new_multi_thread().thread_name(thread).enable_all().build();
    let runtime = built.map_err(|why| cannot_read(uri, format!("no threads for the requests: {why}")))?;
    let (found, mut deliveries) = channel(1);
    let work = runtime.spawn(work(found));
    while let Some(delivery) = deliveries.blocking_recv() {
        if to.send(delivery).is_err() {
            // Nobody reads any more: what is still under way is dropped.
            runtime.shutdown_background();
            return Ok(());
        }
    }
    // The work holds the channel open until every body has been handed over to its last byte.
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done.unwrap_or_else(|lost| Err(cannot_read(uri, format!("the reading was lost: {lost}"))))
}
