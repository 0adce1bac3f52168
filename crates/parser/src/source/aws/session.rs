//! A client with the credentials and the region that hold at present, and another one once they hold no more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_config::SdkConfig;

use super::settings::settings;
use crate::source::SourceError;

/// Makes a client of a service that signs for a region.
type Connect<C> = Box<dyn Fn(&SdkConfig, &str) -> Result<C, SourceError> + Send + Sync>;

/// The sessions with one service, one after the other.
pub(in crate::source) struct Sessions<C> {
    /// The configuration to start from again; `None` where the environment is.
    given: Option<SdkConfig>,
    connect: Connect<C>,
    current: Mutex<Arc<Session<C>>>,
    renewing: tokio::sync::Mutex<()>,
}

/// A client, and what is known of its credentials.
pub(in crate::source) struct Session<C> {
    /// The SDK's client.
    pub(in crate::source) client: C,
    /// The region that requests are signed for.
    pub(in crate::source) region: String,
    /// How many sessions came before.
    generation: u32,
    /// Whether its credentials are the first, or were good for an answer.
    proven: AtomicBool,
    config: SdkConfig,
}

impl<C> Sessions<C> {
    /// The first session; nothing is asked of the service yet. `config` is what was found for `given`.
    pub(in crate::source) fn start(
        given: Option<SdkConfig>,
        config: SdkConfig,
        region: String,
        connect: impl Fn(&SdkConfig, &str) -> Result<C, SourceError> + Send + Sync + 'static,
    ) -> Result<Self, SourceError> {
        let first = Session {
            client: connect(&config, &region)?,
            region,
            generation: 0,
            proven: AtomicBool::new(true),
            config,
        };
        Ok(Self {
            given,
            connect: Box::new(connect),
            current: Mutex::new(Arc::new(first)),
            renewing: tokio::sync::Mutex::default(),
        })
    }

    /// The session to ask in.
    pub(in crate::source) fn current(&self) -> Arc<Session<C>> {
        Arc::clone(&self.locked())
    }

    /// Asks in another region from now on; false if that is what `old` did.
    #[cfg(feature = "s3")]
    pub(in crate::source) fn move_to(&self, region: &str, old: &Session<C>) -> bool {
        let mut current = self.locked();
        if current.generation != old.generation {
            return true;
        }
        if old.region == region {
            return false;
        }
        let proven = old.proven.load(Ordering::Relaxed);
        self.replace(&mut current, old.config.clone(), region, proven)
    }

    /// Fetches the credentials anew; false if there are none, or, where they are not fetched `again`, if those of `old` were
    /// fetched anew already and were never good for anything.
    pub(in crate::source) async fn renew(&self, old: &Session<C>, again: bool) -> bool {
        let _one_at_a_time = self.renewing.lock().await;
        if self.current().generation != old.generation {
            return true;
        }
        if !again && !old.proven.load(Ordering::Relaxed) {
            return false;
        }
        // Where there are no new ones the old are kept: their next refusal says what is wrong.
        let Ok(config) = settings(self.given.as_ref()).await else {
            return false;
        };
        self.replace(&mut self.locked(), config, &old.region, false)
    }

    fn replace(&self, current: &mut Arc<Session<C>>, config: SdkConfig, region: &str, proven: bool) -> bool {
        let Ok(client) = (self.connect)(&config, region) else {
            return false;
        };
        *current = Arc::new(Session {
            client,
            region: region.to_owned(),
            generation: current.generation + 1,
            proven: AtomicBool::new(proven),
            config,
        });
        true
    }

    fn locked(&self) -> MutexGuard<'_, Arc<Session<C>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Session<C> {
    /// There was an answer: its credentials are good.
    pub(in crate::source) fn answered(&self) {
        self.proven.store(true, Ordering::Relaxed);
    }
}
