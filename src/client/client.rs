//! The client: what its calls share.

use std::sync::Arc;

use super::shapes::Shapes;
use crate::channel::Channels;
use crate::command::Learnt;
use crate::error::Result;
use crate::options::Options;
use crate::os::fork::PerProcess;
use crate::pool::Pool;

/// Commands on a pool. Any number of threads share a client, and so do forked children.
pub struct Client {
    pool: Arc<Pool>,
    /// The connections that its calls share; None: each call has one to itself.
    channels: Option<PerProcess<Channels>>,
    /// Commands that the table does not know.
    pub(super) learnt: Learnt,
    /// Where the keys are of commands that do not say it all.
    pub(super) shapes: Shapes,
}

impl Client {
    /// A client on a pool of its own, made of what the options say.
    ///
    /// # Errors
    /// As [`Pool::new`].
    pub fn new(options: Options) -> Result<Self> {
        Ok(Self::with_pool(Arc::new(Pool::new(options)?)))
    }

    /// A client on a pool that others may use, too.
    pub fn with_pool(pool: Arc<Pool>) -> Self {
        let channels = pool.options().shared.then(PerProcess::new);
        Self { pool, channels, learnt: Learnt::new(), shapes: Shapes::default() }
    }

    /// The connections that calls share, if they do.
    #[inline]
    pub(super) fn channels(&self) -> Option<&Arc<Channels>> {
        let channels = self.channels.as_ref()?;
        Some(channels.get().unwrap_or_else(|| self.make_channels(channels)))
    }

    #[cold]
    fn make_channels<'a>(&self, channels: &'a PerProcess<Channels>) -> &'a Arc<Channels> {
        let made = channels.get_or_make(Channels::default);
        // Twice does no harm, where two threads come at once.
        self.pool.lend_to(made);
        made
    }

    /// The pool.
    #[inline]
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }
}
