//! The client: what its calls share.

use std::sync::Arc;

use crate::error::Result;
use crate::options::Options;
use crate::pool::Pool;

/// Commands on a pool. Any number of threads share a client, and so do forked children.
pub struct Client {
    pool: Arc<Pool>,
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
        Self { pool }
    }

    /// The pool.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }
}
